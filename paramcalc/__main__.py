"""The program `paramcalc`, also as `python -m paramcalc`."""

from __future__ import annotations

import gc

THRESHOLD = 100_000
"""New objects before Python searches for cyclic garbage: what a command loads and computes lives to its end."""


def main() -> None:
    """Run the command line. Searching for garbage would take a fifth of a short command's time."""
    gc.set_threshold(THRESHOLD)
    from paramcalc.cli import main as run  # noqa: PLC0415 - importing it creates most objects

    try:
        run()
    finally:
        gc.freeze()  # the process ends here, and all memory with it


if __name__ == "__main__":
    main()
