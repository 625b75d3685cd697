"""What the `plot` command runs: reports as a figure in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from paramcalc.errors import ParamcalcError, clipped
from paramcalc.network import Network
from paramcalc.render.curves import MOST, curves
from paramcalc.render.output import need_free, write_atomically
from paramcalc.report.analysis import analyze

FORMATS = ("svg", "png", "pdf")
"""What a figure can be written as; the suffix of its file says which."""


def plot(names: Sequence[str], made: Callable[[str], Network], path: Path, *, force: bool) -> None:
    """Draw the networks that `made` gives for names, in one figure, into a file.

    Raises ParamcalcError for a suffix that is no format's, a file that exists (unless `force` is set)
    or cannot be written, networks with symbols in them, and where matplotlib is not installed.
    """
    file_format = format_of(path)
    if len(names) > MOST:
        raise ParamcalcError(f"a plot shows up to {MOST} architectures, got {len(names)}")
    need_free(path, force=force)
    need_matplotlib()
    networks = [curves(analyze(made(name))) for name in names]
    called = Counter(network.name for network in networks)
    networks = [
        replace(network, name=f"{network.name} ({name})") if called[network.name] > 1 else network
        for name, network in zip(names, networks, strict=True)
    ]
    from paramcalc.render.plot import render  # noqa: PLC0415 - it imports matplotlib

    write_atomically(path, render(networks, file_format), force=force)


def need_matplotlib() -> None:
    """Raise ParamcalcError where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise ParamcalcError("matplotlib is not installed; `pip install 'paramcalc[plot]'` installs it")


def format_of(path: Path) -> str:
    """The format that a file's suffix asks for. Raises ParamcalcError for another one."""
    suffix = path.suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        raise ParamcalcError(f"a plot is a file that ends in .svg, .png or .pdf, got '{clipped(path.name)}'")
    return suffix
