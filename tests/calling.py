"""The command line for tests: inside this process for those that call it often, and as one that is interrupted."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
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


def interrupted(pipe: Path, *arguments: str) -> Done:
    """`paramcalc show` of a file that is never written, interrupted as it reads it: how it ends."""
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "paramcalc", "show", str(pipe), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a process in the background is started without ears for this signal
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    with process, pipe.open("w"):  # opens when the program has begun to read
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)
