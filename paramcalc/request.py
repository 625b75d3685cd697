"""From a request - an architecture, other input shapes, values of its arguments - to a network.

Everything that needs a network comes through `Request`: the Python API, every command, every row of a sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from paramcalc.algebra.expr import Expr
from paramcalc.errors import ParamcalcError
from paramcalc.language.arguments import from_value, symbolic_input
from paramcalc.language.build import build
from paramcalc.language.document import Argument, File
from paramcalc.language.library import load_file, load_text
from paramcalc.network import Network

Setting: TypeAlias = int | float | bool | str | Fraction | Expr | Sequence["Setting"]
"""A value from Python: a number, a text in the language's notation, or a list of values."""

Input: TypeAlias = Sequence[Setting] | Mapping[str, Sequence[Setting]] | None
"""The shape of the first input, shapes by the names of inputs, or those of the file."""

Settings: TypeAlias = Mapping[str, Setting] | None
"""Values of arguments by name."""


@dataclass(frozen=True)
class Request:
    """What a user asks for: an architecture, and what is to differ from its file.

    `architecture` is a path, the name of a bundled architecture, or a file that has been read. `inputs`
    are shapes by the name of an input, where "" is the first one; `settings` are values of arguments;
    `symbolic` makes the spatial sizes of the first input symbols.
    """

    architecture: str | File
    inputs: Mapping[str, Argument] = field(default_factory=dict)
    settings: Mapping[str, Argument] = field(default_factory=dict)
    symbolic: bool = False

    @classmethod
    def from_python(cls, architecture: str | File, input: Input, settings: Settings) -> Request:
        """A request with Python values. Raises ParamcalcError for what is no shape of 1 to 4 sizes, or no value."""
        shapes = input if isinstance(input, Mapping) else {} if input is None else {"": input}
        for shape in shapes.values():
            if isinstance(shape, str) or not isinstance(shape, Sequence) or not 1 <= len(shape) <= 4:
                raise ParamcalcError(f"an input shape has 1 to 4 sizes, channels first, got {shape!r}")
        return cls(
            architecture,
            {name: from_value(shape, "input") for name, shape in shapes.items()},
            {name: from_value(value, f"set {name}") for name, value in (settings or {}).items()},
        )

    @cached_property
    def file(self) -> File:
        """The file with all that it includes, read once. Raises ParamcalcError."""
        return load_file(self.architecture) if isinstance(self.architecture, str) else self.architecture

    @property
    def is_as_published(self) -> bool:
        """Whether the network is the one of its file, unchanged, which the file's claims are about."""
        return not (self.inputs or self.settings or self.symbolic)

    def network(self) -> Network:
        """The requested network. Raises ParamcalcError with every independent problem of the file and of the values."""
        shapes = {**(symbolic_input(self.file) if self.symbolic else {}), **self.by_name(self.inputs)}
        return build(self.file, shapes, self.settings)

    def varied(self, inputs: Mapping[str, Argument], settings: Mapping[str, Argument]) -> Request:
        """The same architecture with these values before its own; its file is not read again."""
        shapes = {**self.by_name(self.inputs), **self.by_name(inputs)}
        return Request(self.file, shapes, {**self.settings, **settings}, self.symbolic)

    def by_name(self, inputs: Mapping[str, Argument]) -> dict[str, Argument]:
        """Shapes by the names of inputs. Raises ParamcalcError where the first one is given in both ways."""
        first = self.file.inputs[0].name if self.file.inputs else ""
        if first and not {"", first} - inputs.keys():
            raise ParamcalcError(f"the input '{first}' is given with and without its name; one of them is enough")
        return {name or first: shape for name, shape in inputs.items()}


def load(architecture: str | PathLike[str], *, input: Input = None, settings: Settings = None) -> Network:
    """The network of a file, or of a bundled architecture by name, with or without `.yaml`.

    `input` replaces the shape of the first input (`[3, "H", "W"]`: numbers, or expressions whose
    names are symbols) or, as a mapping, those of named inputs. `settings` gives values to the
    file's arguments; a text is an expression.

    Raises ParamcalcError with every independent problem of the file.
    """
    return Request.from_python(str(architecture), input, settings).network()


def loads(
    text: str,
    *,
    name: str = "<text>",
    folder: str | PathLike[str] | None = None,
    input: Input = None,
    settings: Settings = None,
) -> Network:
    """The network of a text; `name` is its name in errors, and it may include files of `folder`.

    `input` and `settings` are those of `load`. Raises ParamcalcError with every independent problem.
    """
    file = load_text(text, name, None if folder is None else Path(folder))
    return Request.from_python(file, input, settings).network()
