"""The blocks that the steps of a file may call: its own, and those of the files that it includes."""

from __future__ import annotations

from paramcalc.errors import Span, listing
from paramcalc.language.document import Block, File, every_step
from paramcalc.language.findings import Findings
from paramcalc.language.keys import STEP_KEYS
from paramcalc.layers import MODULES


class Blocks:
    """The blocks that steps may call.

    `broken` are the names of blocks that could not be read; `complete` is false where names may be
    missing, because a file could not be included. Calls of these are no further problem.
    """

    def __init__(self) -> None:
        self.known: dict[str, Block] = {}
        self.broken: set[str] = set()
        self.complete = True

    def include(self, file: File, span: Span, findings: Findings) -> None:
        """Take the blocks of another file."""
        for name, block in file.blocks.items():
            known = self.known.setdefault(name, block)
            if known is not block:
                message = f"two included files have a block '{name}'"
                findings.add(message, span, f"{known.span} and {block.span}")

    def is_free(self, name: str, span: Span, findings: Findings) -> bool:
        """Whether a new block may have this name; one that is taken is reported."""
        if name in MODULES:
            findings.add(f"a block cannot take the name of the layer '{name}'", span)
        elif name in STEP_KEYS:
            findings.add(f"'{name}' is a key of a step and cannot name a block", span)
        elif name in self.known:
            findings.add(f"an included file has a block '{name}' too", span, f"defined at {self.known[name].span}")
        else:
            return True
        return False

    def report_cycles(self, findings: Findings) -> None:
        """Report every block that calls itself, directly or through others, at the call that closes the circle."""
        finished: set[str] = set()
        for root in self.known.values():
            if root.name in finished:
                continue
            path = [root.name]
            active = {root.name}
            calls = [every_step(root.steps)]
            while calls:
                step = next(calls[-1], None)
                if step is None:
                    calls.pop()
                    active.remove(path[-1])
                    finished.add(path.pop())
                elif not step.is_block or step.callee in finished:
                    continue
                elif step.callee in active:
                    through = path[path.index(step.callee) + 1 :]
                    way = f", through {listing(through)}" if through else ""
                    findings.add(f"block '{step.callee}' calls itself{way}", step.span)
                else:
                    path.append(step.callee)
                    active.add(step.callee)
                    calls.append(every_step(self.known[step.callee].steps))
