"""Arguments and options that several commands have, as typer's annotations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from paramcalc.render.deliver import Format

ARCHITECTURE_HELP = "A YAML file, or a name of 'paramcalc list'; with values: resnet50:classes=10."
ARCHITECTURES_HELP = "YAML files, or names of 'paramcalc list'; with values: resnet50:classes=10."
INPUT_HELP = "Another input shape, channels first: 3,224,224, or 3,H,W with symbols; NAME=3,224,224 for a named input."

Architecture: TypeAlias = Annotated[str, typer.Argument(metavar="ARCH", help=ARCHITECTURE_HELP)]
Architectures: TypeAlias = Annotated[list[str], typer.Argument(metavar="ARCH...", help=ARCHITECTURES_HELP)]
SomeArchitectures: TypeAlias = Annotated[list[str] | None, typer.Argument(metavar="ARCH...", help=ARCHITECTURES_HELP)]
Inputs: TypeAlias = Annotated[list[str] | None, typer.Option("--input", metavar="SIZES", help=INPUT_HELP)]
Settings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="The value of an argument, such as classes=10."),
]
Formulas: TypeAlias = Annotated[bool, typer.Option("--formulas", help="Show the formula of each figure, with numbers.")]
Symbolic: TypeAlias = Annotated[
    bool, typer.Option("--symbolic", help="Use symbols for the spatial sizes of the input, as --input 3,H,W does.")
]
Columns: TypeAlias = Annotated[
    str | None,
    typer.Option("--columns", metavar="NAME,NAME", help="Show only these columns, in this order, by key or title."),
]
FormatOption: TypeAlias = Annotated[
    Format | None, typer.Option("--format", help="The format, where it is not that of FILE's suffix.")
]
OutputFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE, in the format of its suffix: .md, .csv, .json, .tex, .html or .txt.",
    ),
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Overwrite FILE if it exists.")]
