"""What a file says, read from its tree: inputs, arguments, blocks, steps, heads, claims.

Reading checks all that can be known without numbers: keys, layers, fields, names in scope, the
grammar of every expression. All errors are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from paramcalc.algebra.tensor import Axes
from paramcalc.errors import Span
from paramcalc.language.arithmetic import Constant
from paramcalc.language.expression import Expression, SyntaxProblem
from paramcalc.layers import JOINS, MODULES
from paramcalc.published import Claim


class Argument(NamedTuple):
    """A value that a file gives: a constant, an expression, or a list of values; `names` are all that it uses."""

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
    """An argument that a file or block takes: where it is named, and its default if it has one."""

    span: Span
    default: Argument | None


class Step:
    """One step of a list.

    `callee` is the name of the layer or block that it calls, empty for a bare reference to an earlier step; joins are
    layers too. `label` is its own name, if a file gives it one. `references` are the further inputs of a layer, in its
    order.

    `names` are all the names that the arguments use: with equal values for them, two executions of the step have
    equal arguments.

    Paths number steps by their callees, except for one that has a label, or that is the only one of its callee without
    a label in its list (`is_unique`): `fixed_name` is what these are called. The branches of the only join of a list
    (`is_only_join`) have no name of the join before theirs.
    """

    def __init__(self, callee: str, span: Span) -> None:
        self.callee = callee
        self.is_layer = callee in MODULES
        self.is_join = callee in JOINS
        self.is_block = bool(callee) and not self.is_layer
        self.span = span
        self.label: str | None = None
        self.label_span = span
        self.arguments: dict[str, Argument] = {}
        self.references: list[Reference] = []
        self.branches: dict[str, list[Step]] = {}
        self.repeat: Argument | None = None
        self.when: Argument | None = None
        self.frozen: Argument | None = None
        self.start: Reference | None = None
        self.share: Reference | None = None
        self.names: tuple[str, ...] = ()
        self.is_unique = False
        self.is_only_join = False
        self.fixed_name: str | None = None


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps of a list, also those inside branches."""
    for step in steps:
        yield step
        for branch in step.branches.values():
            yield from every_step(branch)


class Block:
    """A list of steps with arguments; `home` is the file whose arguments it also sees."""

    def __init__(self, name: str, span: Span, parameters: dict[str, Parameter], home: File) -> None:
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

    def __init__(self) -> None:
        self.name = ""
        self.origin = ""
        self.inputs: list[InputSpec] = []
        self.parameters: dict[str, Parameter] = {}
        self.blocks: dict[str, Block] = {}
        self.steps: list[Step] = []
        self.heads: dict[str, list[Step]] = {}
        self.claims: tuple[Claim, ...] = ()
        self.symbols: frozenset[str] = frozenset()
        self.base: File | None = None
