"""Python's collector of cyclic garbage, which a network of many steps would keep busy for nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """No collection meanwhile: what is made lives to the end, and looking through it doubles the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            grow_old()
            gc.enable()


def grow_old() -> None:
    """Count all that there is among the old objects, as if a collection had found none of it to be garbage."""
    if gc.get_freeze_count() == 0:  # what a program has frozen stays so
        gc.freeze()
        gc.unfreeze()
