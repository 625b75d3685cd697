"""The page that text is written on: its width, and whether it shows colour."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import IO, TypeVar

from rich.console import Console
from rich.style import Style

T = TypeVar("T")
LEAST_STEPS = 3
"""Steps from which on a progress bar is shown."""


class Page:
    """A terminal, with rich's rules for width and colour (NO_COLOR, FORCE_COLOR, TERM), or a pipe without either.

    `width` is None where nothing limits it: output to a pipe or file shows everything.
    """

    def __init__(self, file: IO[str] | None = None, width: int | None = None) -> None:
        self.console = Console(file=file, highlight=False)
        terminal = self.console.is_terminal
        asked = os.environ.get("COLUMNS", "")
        limited = terminal or asked.isdigit()
        self.width: int | None = width if width is not None else (self.console.width if limited else None)
        self.colours = self.console.color_system is not None and not self.console.no_color

    def styled(self, text: str, style: str) -> str:
        """`text` in a style, where the page shows styles."""
        if not self.colours or not text:
            return text
        return Style.parse(style).render(text)

    def strong(self, text: str) -> str:
        """Text that stands out."""
        return self.styled(text, "bold")

    def faint(self, text: str) -> str:
        """Text that stands back."""
        return self.styled(text, "dim")

    def write(self, text: str) -> None:
        """Print text as it is."""
        self.console.file.write(text)
        self.console.file.flush()

    def progress(self, items: Sequence[T], what: str) -> Iterator[T]:
        """The items, with a progress bar on standard error while they are gone through, on a terminal."""
        bar = Console(stderr=True)
        if not bar.is_terminal or len(items) < LEAST_STEPS:
            yield from items
            return
        from rich.progress import track  # noqa: PLC0415 - few calls take long enough

        yield from track(items, what, console=bar, transient=True)
