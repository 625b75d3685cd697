"""The program `paramcalc`, also as `python -m paramcalc`."""

from __future__ import annotations

import gc

THRESHOLD = 100_000
"""Objects that Python makes before it looks for garbage: what a command loads and computes lives to its end."""


def main() -> None:
    """Run the command line. Python's search for garbage would take a fifth of a short command's time."""
    gc.set_threshold(THRESHOLD)
    from paramcalc.cli import main as run  # noqa: PLC0415 - loading it makes most of these objects

    try:
        run()
    finally:
        gc.freeze()  # the process ends here, and all memory with it


if __name__ == "__main__":
    main()
