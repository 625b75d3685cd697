"""The language: from YAML to a network.

`source` reads YAML with positions, `reader` turns it into a `document`, `build` executes that into
a network, `library` finds the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from paramcalc.algebra.expr import Expr
from paramcalc.errors import ParamcalcError
from paramcalc.language.build import build
from paramcalc.language.document import Argument, File
from paramcalc.language.library import load_file, load_text
from paramcalc.language.options import argument_of
from paramcalc.network import Network

Setting: TypeAlias = int | float | bool | str | Fraction | Expr | Sequence["Setting"]


def load(
    architecture: str | PathLike[str],
    *,
    input: Sequence[Setting] | Mapping[str, Sequence[Setting]] | None = None,
    settings: Mapping[str, Setting] | None = None,
) -> Network:
    """The network of a file, or of a bundled architecture by name, with or without `.yaml`.

    `input` replaces the shape of the first input (`[3, "H", "W"]`: numbers, or expressions whose
    names are symbols) or, as a mapping, those of named inputs. `settings` gives values to the
    file's arguments; a text is an expression.

    Raises ParamcalcError with every independent problem of the file.
    """
    return construct(load_file(str(architecture)), input, settings)


def loads(
    text: str,
    *,
    name: str = "<text>",
    folder: str | PathLike[str] | None = None,
    input: Sequence[Setting] | Mapping[str, Sequence[Setting]] | None = None,
    settings: Mapping[str, Setting] | None = None,
) -> Network:
    """The network of a text; `name` is how errors call it, and it may include files of `folder`."""
    return construct(load_text(text, name, None if folder is None else Path(folder)), input, settings)


def construct(
    file: File,
    input: Sequence[Setting] | Mapping[str, Sequence[Setting]] | None = None,
    settings: Mapping[str, Setting] | None = None,
) -> Network:
    """The network of a file that has been read."""
    shapes: dict[str, Argument] = {}
    if input is not None:
        named = input if isinstance(input, Mapping) else {"": input}
        for key, shape in named.items():
            if isinstance(shape, str) or not isinstance(shape, Sequence) or not 1 <= len(shape) <= 4:
                raise ParamcalcError(f"an input shape has 1 to 4 sizes, channels first, got {shape!r}")
            shapes[key] = argument_of(shape, "input")
    given = {key: argument_of(value, f"set {key}") for key, value in (settings or {}).items()}
    return build(file, shapes, given)
