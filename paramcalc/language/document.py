"""What a file says, read from its tree: inputs, arguments, blocks, steps, heads, claims.

The reader checks all that can be known without numbers: keys, layers, fields, names in scope, the
grammar of every expression. Every problem of a file is found in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from paramcalc.algebra.tensor import Axes
from paramcalc.errors import Source, Span
from paramcalc.language.expression import Constant, Expression, SyntaxProblem
from paramcalc.published import Claim


class Argument(NamedTuple):
    """A value that a file gives: a constant, an expression, or a list of values."""

    value: Constant | Expression | tuple[Argument, ...]
    span: Span
    names: frozenset[str] = frozenset()

    def evaluate(self, names: Mapping[str, Constant]) -> Constant:
        """The value with names bound. Raises SyntaxProblem where an expression cannot be computed."""
        if isinstance(self.value, Expression):
            return self.value.evaluate(names)
        if isinstance(self.value, tuple):
            return tuple(item.evaluate(names) if isinstance(item, Argument) else item for item in self.value)
        return self.value

    def blame(self, error: SyntaxProblem) -> Span:
        """The part of this value that an error is about."""
        if isinstance(self.value, Expression):
            return self.span.within(self.value.text, error.offset, error.length)
        return self.span


class Reference(NamedTuple):
    """The name of an earlier step, where a file writes it."""

    name: str
    span: Span


class Parameter(NamedTuple):
    """An argument that a file or block takes, with its default if it has one."""

    name: str
    span: Span
    default: Argument | None


class Step:
    """One step of a list: a layer, a block or a join, or only a reference to an earlier step.

    `references` are the further inputs of a layer, in its order. `names` are all the names that the
    arguments use: with equal values for them, two executions of the step have equal arguments.
    `keys` are the spans of what is written beside or inside it, fields with a dot before the name.
    `alone` is a step whose kind occurs once in its list without a name, `only_join` one that is the
    list's only join: both need no number in paths. `known_as` is the name of a step that needs no number.
    """

    def __init__(self, kind: str, span: Span) -> None:
        self.kind = kind
        self.span = span
        self.label: str | None = None
        self.arguments: dict[str, Argument] = {}
        self.keys: dict[str, Span] = {}
        self.references: list[Reference] = []
        self.branches: dict[str, Branch] = {}
        self.repeat: Argument | None = None
        self.when: Argument | None = None
        self.frozen: Argument | None = None
        self.start: Reference | None = None
        self.share: Reference | None = None
        self.names: tuple[str, ...] = ()
        self.alone = False
        self.known_as: str | None = None
        self.only_join = False


class Branch(NamedTuple):
    """A named list of steps inside a join, or a head."""

    name: str
    span: Span
    steps: list[Step]


class Block:
    """A list of steps with arguments; `home` is the file whose arguments it also sees."""

    def __init__(self, name: str, span: Span, parameters: list[Parameter], home: File) -> None:
        self.name = name
        self.span = span
        self.parameters = parameters
        self.home = home
        self.steps: list[Step] = []


class InputSpec:
    """An input as a file gives it; `axes` are the names of its axes, None where their number gives them."""

    def __init__(
        self, name: str, span: Span, shape: list[Argument], count: Argument | None = None, axes: Axes | None = None
    ) -> None:
        self.name = name
        self.span = span
        self.shape = shape
        self.count = count
        self.axes = axes


class File:
    """A file that has been read, with what it takes from others."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.name = ""
        self.origin = ""
        self.inputs: list[InputSpec] = []
        self.parameters: list[Parameter] = []
        self.blocks: dict[str, Block] = {}
        self.steps: list[Step] = []
        self.heads: list[Branch] = []
        self.claims: tuple[Claim, ...] = ()
        self.symbols: frozenset[str] = frozenset()
        self.base: File | None = None
