"""Python's collector of cyclic garbage, which would take as long for a network of many layers as building it does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 10_000
"""New objects that are too many to search: those of a network are in no cycles, and live on."""


@contextmanager
def paused() -> Iterator[None]:
    """Pause the collector; where many objects are created, it takes them for old and does not search them.

    It searches new objects up to three times before it takes them for old. With 100,000 layers the
    pause halves the time, and taking the objects for old at once saves another tenth. A few objects
    are left to it, so that garbage among them does not grow old.
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
