"""The names of steps: which earlier steps a step can refer to, and what holds for all steps of one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from paramcalc.language.arithmetic import Constant
from paramcalc.language.findings import Reported, Trail
from paramcalc.layers.base import axis_of
from paramcalc.network import Node

Environment: TypeAlias = dict[str, Constant]
"""The values of names: arguments, and the symbols of the input."""

NamedStep: TypeAlias = tuple[Node | None, str, bool]
"""An earlier step: its node (None: not known, because of a reported error), its path, and whether it is the only
unnamed one of its callee in its list."""


class CallContext:
    """What holds for all steps of one call of a block: the values of names, `frozen`, shared weights, and the call.

    `shared` are the path of a step that shares weights, and that of the step whose weights it uses: what is inside
    the one uses the weights of what has the same path inside the other.
    """

    __slots__ = ("environment", "frozen", "shared", "trail")

    def __init__(self, environment: Environment, frozen: bool, shared: tuple[str, str] | None, trail: Trail) -> None:
        self.environment = environment
        self.frozen = frozen
        self.shared = shared
        self.trail = trail

    def names_for(self, used: Iterable[str], incoming: Node | None) -> Environment:
        """The values of the names that arguments use: those of the call, and the sizes of the incoming tensor.

        Raises Reported where this tensor is needed and not known, and LayerError for an axis that it does not have.
        """
        missing = [name for name in used if name not in self.environment]
        if not missing:
            return self.environment
        if incoming is None:
            raise Reported
        x = incoming.output
        return {**self.environment, **{name: x.shape[axis_of(name, x)] for name in missing}}


class StepScope:
    """The names that the steps of one list can refer to: earlier steps of the list, then those of the list around it.

    `prefix` is what the paths of the list's steps begin with; `context` holds for all of them; `numbers` are the last
    numbers given out, by callee.
    """

    __slots__ = ("around", "context", "names", "numbers", "prefix")

    def __init__(
        self,
        around: StepScope | None,
        prefix: str,
        context: CallContext,
        names: dict[str, NamedStep] | None = None,
    ) -> None:
        self.around = around
        self.prefix = prefix
        self.context = context
        self.names = {} if names is None else names
        self.numbers: dict[str, int] = {}

    def find(self, name: str) -> NamedStep | None:
        """The step of a name, nearest list first; the only `conv` of a list may also be called `conv1`."""
        scope: StepScope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is None and name.endswith("1"):
                unnumbered = scope.names.get(name[:-1])
                found = unnumbered if unnumbered and unnumbered[2] else None
            if found is not None:
                return found
            scope = scope.around
        return None

    def all_names(self) -> list[str]:
        """All names in scope, nearest list first."""
        around = [] if self.around is None else self.around.all_names()
        return list(dict.fromkeys([*self.names, *around]))

    def next_name(self, callee: str) -> str:
        """A name for a step that has none: its callee with the next number in this list, such as `conv2`."""
        number = self.numbers[callee] = self.numbers.get(callee, 0) + 1
        return f"{callee}{number}"
