"""The output of every command: its format, standard output or a file, and the columns of its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

from paramcalc.errors import ParamcalcError
from paramcalc.render.page import Page
from paramcalc.render.table import Table


class Format(str, Enum):
    """How a result is written."""

    text = "text"
    md = "md"
    csv = "csv"
    json = "json"
    latex = "latex"
    html = "html"

    @property
    def module(self) -> str:
        """The module of `paramcalc.render` that writes it."""
        return "markdown" if self is Format.md else self.value


SUFFIXES = {
    ".md": Format.md,
    ".csv": Format.csv,
    ".json": Format.json,
    ".tex": Format.latex,
    ".html": Format.html,
    ".txt": Format.text,
}
"""The format that a file's suffix asks for."""


class Output:
    """A result's format, its file (None or `-` is standard output), and the columns that were chosen (none are all).

    A format that is not named is that of the file's suffix, or else `usual`. `page` is the page that
    tables are to fit: only standard output as text has a width. Raises ParamcalcError, before anything
    is computed, for a suffix without a format, for a file that cannot be written or must not be
    overwritten, and for columns of what has none.
    """

    def __init__(
        self,
        format: Format | None = None,
        path: Path | None = None,
        *,
        force: bool = False,
        columns: str | None = None,
        usual: Format = Format.text,
    ) -> None:
        self.path = path = None if str(path) == "-" else path
        self.force = force
        if path is not None:
            from paramcalc.render.output import need_free  # noqa: PLC0415 - few results go to a file

            need_free(path, force=force)
        self.format = format or (usual if path is None else format_of(path))
        self.columns = [] if columns is None else [name.strip() for name in columns.split(",")]
        if self.columns and self.format is Format.json:
            raise ParamcalcError("--columns chooses columns of a table; JSON always holds everything")
        self.page = Page()
        if path is not None or self.format is not Format.text:
            self.page.width, self.page.colours = None, False

    def deliver(self, tables: Callable[[], Sequence[Table]], value: Callable[[], Any]) -> None:
        """Write tables in a document, or as JSON the plain values; only what is written is computed."""
        text = self.rendered(tables, value)
        if self.path is None:
            self.page.write(text)
        else:
            from paramcalc.render.output import write_atomically  # noqa: PLC0415 - few results go to a file

            write_atomically(self.path, text.encode(), force=self.force)

    def rendered(self, tables: Callable[[], Sequence[Table]], value: Callable[[], Any]) -> str:
        """The text of the document."""
        render = import_module(f"paramcalc.render.{self.format.module}").render  # no other format is loaded
        if self.format is Format.json:
            return str(render(value()))
        shown = [table.chosen(self.columns) if self.columns else table for table in tables()]
        if self.format is Format.text:
            return "\n".join(render(table, self.page) for table in shown)
        return str(render(shown))


def format_of(path: Path) -> Format:
    """The format that a file's suffix asks for. Raises ParamcalcError for another one."""
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        what = f"the suffix '{path.suffix}'" if path.suffix else "a name without suffix"
        raise ParamcalcError(
            f"{path}: {what} names no format; --format does, or one of the suffixes {', '.join(SUFFIXES)}"
        )
    return found
