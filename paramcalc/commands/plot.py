"""`paramcalc plot`: networks as a figure in a file."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

import paramcalc
from paramcalc.commands import options
from paramcalc.errors import ParamcalcError, clipped

FORMATS = ("svg", "png", "pdf")
"""What a figure can be written as; the suffix of its file says which."""


def plot(
    architectures: options.Architectures,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write: .svg, .png or .pdf.")
    ],
    inputs: options.Inputs = None,
    settings: options.Settings = None,
    force: options.Force = False,
) -> None:
    """Draw parameters and MACs by layer, and the receptive field by depth, of one or several architectures.

    Needs matplotlib: pip install 'paramcalc[plot]'.
    """
    from paramcalc.commands.values import request
    from paramcalc.render.curves import MOST, Curves
    from paramcalc.render.output import need_free, write_atomically

    suffix = output.suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        raise ParamcalcError(f"a plot is a file that ends in .svg, .png or .pdf, got '{clipped(output.name)}'")
    if len(architectures) > MOST:
        raise ParamcalcError(f"a plot shows up to {MOST} architectures, got {len(architectures)}")
    need_free(output, force=force)
    if find_spec("matplotlib") is None:
        raise ParamcalcError("matplotlib is not installed; `pip install 'paramcalc[plot]'` installs it")
    reports = [paramcalc.analyze(request(name, inputs, settings).network()) for name in architectures]
    count = Counter(report.name for report in reports)
    networks = [
        Curves(report, f"{report.name} ({name})" if count[report.name] > 1 else report.name)
        for name, report in zip(architectures, reports, strict=True)
    ]
    from paramcalc.render.plot import render  # it imports matplotlib

    write_atomically(output, render(networks, suffix), force=force)
