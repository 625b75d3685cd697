"""The page that text is written on: its width, and whether it shows colour."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import IO, TypeVar

T = TypeVar("T")
LEAST_STEPS = 3
"""Steps from which on a progress bar is shown."""

LIKE_A_TERMINAL = ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS")
"""Variables that give colour or a width to what is no terminal."""


class Page:
    """A terminal, with rich's rules for width and colour (NO_COLOR, FORCE_COLOR, TERM), or a pipe without either.

    `width` is None where nothing limits it: output to a pipe or file shows everything.
    """

    def __init__(self, file: IO[str] | None = None, width: int | None = None) -> None:
        self.file = sys.stdout if file is None else file
        self.width = width
        self.colours = False
        if rich_decides(self.file):
            from rich.console import Console  # noqa: PLC0415 - a pipe does without

            console = Console(file=self.file, highlight=False)
            limited = console.is_terminal or os.environ.get("COLUMNS", "").isdigit()
            self.width = console.width if width is None and limited else width
            self.colours = console.color_system is not None and not console.no_color

    def styled(self, text: str, style: str) -> str:
        """`text` in a style of rich, such as `bold` or `dim`, where the page shows styles."""
        if not self.colours or not text:
            return text
        from rich.style import Style  # noqa: PLC0415 - a pipe does without

        return Style.parse(style).render(text)

    def write(self, text: str) -> None:
        """Print text as it is; nowhere, where the program was started without an output."""
        if self.file is not None:
            self.file.write(text)
            self.file.flush()

    def progress(self, items: Sequence[T], what: str) -> Iterator[T]:
        """The items, with a progress bar on standard error while they are gone through, on a terminal."""
        if len(items) < LEAST_STEPS or not rich_decides(sys.stderr):
            yield from items
            return
        from rich.console import Console  # noqa: PLC0415 - a pipe does without
        from rich.progress import track  # noqa: PLC0415 - few calls take long enough

        bar = Console(stderr=True)
        yield from track(items, what, console=bar, transient=True) if bar.is_terminal else items


def rich_decides(file: IO[str] | None) -> bool:
    """Whether rich is to say how a file is written to: it takes long to load, and a plain pipe needs nothing of it."""
    if file is None:
        return False
    return any(name in os.environ for name in LIKE_A_TERMINAL) or file.isatty()
