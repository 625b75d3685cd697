"""The command line inside this process, for tests that call it often."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

from paramcalc import cli


class Done(NamedTuple):
    """How a call ended."""

    status: int
    out: str
    err: str


def call(*arguments: str, columns: int | None = None) -> Done:
    """`paramcalc` with these arguments, written to a pipe, or to a page of so many columns."""
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    if columns is not None:
        environment["COLUMNS"] = str(columns)
    status = 0
    with (
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "argv", ["paramcalc", *arguments]),
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):
        try:
            cli.main()
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))
    return Done(status, out.getvalue(), err.getvalue())
