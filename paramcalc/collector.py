"""Python's collector of cyclic garbage, which a network of many steps would keep busy for nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 10_000
"""New objects that are too many to look through: what there is in a network holds no cycles, and lives on."""


@contextmanager
def paused() -> Iterator[None]:
    """No collection meanwhile, and none of what is made, when it is much.

    The collector looks at new objects up to three times before it takes them for old. Where there
    are many, all are taken for old at once. Few are left to it, so that garbage among them does not
    grow old.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            if gc.get_count()[0] > MANY and gc.get_freeze_count() == 0:  # what a program has frozen stays so
                gc.freeze()
                gc.unfreeze()
            gc.enable()
