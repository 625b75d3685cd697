"""What a file says, read from its tree: inputs, arguments, blocks, steps, heads, claims.

Reading checks all that can be known without numbers: keys, layers, fields, names in scope, the
grammar of every expression. Every problem of a file is found in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from paramcalc.errors import Source, Span
from paramcalc.language.expression import Constant, Expression, SyntaxProblem
from paramcalc.language.source import Items, Scalar


@dataclass(frozen=True, slots=True)
class Argument:
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


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of an earlier step, where a file writes it."""

    name: str
    span: Span


@dataclass(slots=True)
class Parameter:
    """An argument that a file or block takes, with its default if it has one."""

    name: str
    span: Span
    default: Argument | None


@dataclass(slots=True)
class Step:
    """One step of a list: a layer, a block or a join, or only a reference to an earlier step.

    `names` are all the names that the arguments use: with equal values for them, two executions of
    the step have equal arguments. `keys` are the places of what is written beside or inside it,
    fields with a dot before the name. `alone` is a step whose kind occurs once in its list without
    a name, `only_join` one that is the list's only join: both need no number in paths.
    """

    kind: str
    span: Span
    label: str | None = None
    arguments: dict[str, Argument] = field(default_factory=dict)
    keys: dict[str, Span] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)
    repeat: Argument | None = None
    when: Argument | None = None
    frozen: Argument | None = None
    start: Reference | None = None
    share: Reference | None = None
    names: tuple[str, ...] = ()
    alone: bool = False
    only_join: bool = False


@dataclass(slots=True)
class Branch:
    """A named list of steps inside a join, or a head."""

    name: str
    span: Span
    steps: list[Step]


@dataclass(slots=True)
class Block:
    """A list of steps with arguments; `home` is the file whose arguments it also sees."""

    name: str
    span: Span
    parameters: list[Parameter]
    steps: list[Step]
    home: File


@dataclass(slots=True)
class InputSpec:
    """An input as a file gives it."""

    name: str
    span: Span
    shape: list[Argument]
    count: Argument | None


@dataclass(slots=True)
class Claim:
    """A published figure: of the whole, or of the step `at`."""

    quantity: str
    value: Scalar | Items
    span: Span
    at: Reference | None = None
    source: str = ""
    disputed: str = ""


@dataclass(slots=True)
class File:
    """A file that has been read, with what it takes from others."""

    source: Source
    name: str = ""
    origin: str = ""
    inputs: list[InputSpec] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    heads: list[Branch] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    symbols: frozenset[str] = frozenset()
    base: File | None = None
