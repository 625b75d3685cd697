"""The command line: parse, call, print, exit code; nothing else.

Exit status: 0 fine, 1 a check or comparison fell short, 2 the input or the call is wrong.
"""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import Annotated

import typer

import paramcalc
from paramcalc import ParamcalcError
from paramcalc.language.build import build
from paramcalc.language.library import load_file
from paramcalc.language.options import input_option, set_option, symbolic_input
from paramcalc.render.page import Page

app = typer.Typer(
    name="paramcalc",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="How big is this network, what comes out of each layer, and what does it see? "
    "Parameter counts, shapes, multiply-accumulates and receptive fields from a page of YAML, exact and symbolic.",
    epilog="Weights and biases are counted apart; params is their sum. MACs are multiply-accumulates of "
    "convolution, linear and attention products; FLOPs are 2 x MACs. Exit status: 0 fine, 1 a check or "
    "comparison fell short, 2 the input or the call is wrong.",
)


def print_version(wanted: bool) -> None:
    """Print the version and leave."""
    if wanted:
        Page().write(f"paramcalc {paramcalc.__version__}\n")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of the program itself."""


class Format(str, Enum):
    """How a result is written."""

    text = "text"
    json = "json"


Architecture = Annotated[
    str, typer.Argument(metavar="ARCH", help="A YAML file, or the name of a bundled architecture.")
]
Architectures = Annotated[
    list[str] | None, typer.Argument(metavar="ARCH...", help="YAML files, or names of bundled architectures.")
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input", metavar="SIZES", help="Another input shape: 3,224,224 or 3,H,W with symbols, or NAME=3,224,224."
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A value for an argument of the architecture.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write the result.")]


@app.command()
def show(
    architecture: Architecture,
    inputs: InputOption = None,
    settings: SetOption = None,
    symbolic: Annotated[
        bool, typer.Option("--symbolic", help="Take the spatial sizes of the input as symbols.")
    ] = False,
    formulas: Annotated[bool, typer.Option("--formulas", help="Show how each figure comes about.")] = False,
    format: FormatOption = Format.text,
) -> None:
    """Print every layer with its output, parameters, MACs and receptive field, and the totals."""
    file = load_file(architecture)
    shapes = dict(input_option(text) for text in inputs or ())
    if symbolic:
        shapes = {**symbolic_input(file), **shapes}
    network = build(file, shapes, dict(set_option(text) for text in settings or ()))
    report = paramcalc.analyze(network)
    if format is Format.json:
        from paramcalc.render import json

        Page().write(json.render(json.report_object(report)))
        return
    from paramcalc.claims import judge
    from paramcalc.render import text
    from paramcalc.render.show import show_table

    # the published figures are about the network as the file has it
    verdicts = [] if shapes or settings else judge(network, report)
    page = Page()
    page.write(text.render(show_table(report, formulas=formulas, verdicts=verdicts), page))


@app.command()
def check(
    architectures: Architectures = None,
    every: Annotated[bool, typer.Option("--all", help="Check all bundled architectures.")] = False,
    claims: Annotated[bool, typer.Option("--claims", help="Only the published figures; needs no torch.")] = False,
    no_field: Annotated[
        bool, typer.Option("--no-field", help="Leave out receptive fields, which take longest.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Print all figures, not only those that differ.")] = False,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:CALLABLE",
            help="Compare with a torch module of your own, such as torchvision.models:resnet50. "
            "Importing the named module runs its code.",
        ),
    ] = None,
    against_args: Annotated[
        str, typer.Option(metavar="ARGS", help="Arguments of that call, such as 'num_classes=10'.")
    ] = "",
    inputs: InputOption = None,
    settings: SetOption = None,
    format: FormatOption = Format.text,
) -> None:
    """Hold every computed figure against torch, and against the published ones.

    Exit status 1 when one differs, 2 when the check cannot run.
    """
    from paramcalc.checking import Checked, check_against, check_claims, check_torch
    from paramcalc.language.library import bundled_names

    names = bundled_names() if every else architectures or []
    if not names:
        raise ParamcalcError("check needs an architecture, or --all")
    shapes = dict(input_option(text) for text in inputs or ())
    given = dict(set_option(text) for text in settings or ())

    def made(name: str) -> paramcalc.Network:
        return build(load_file(name), shapes, given)

    published = not shapes and not given
    page = Page()
    checked: Checked
    if against is not None:
        checked = check_against([(name, made(name)) for name in names], against, against_args, full=full)
    elif claims:
        checked = check_claims((name, made(name)) for name in names)
    else:
        checked = check_torch(names, made, page, fields=not no_field, claims=published, full=full)
    if format is Format.json:
        from paramcalc.render import json

        page.write(json.render(checked.value))
    else:
        from paramcalc.render import text

        page.write("\n".join(text.render(table, page) for table in checked.tables))
    if not checked.fine:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print a JSON Schema of the language, for editors."""
    from paramcalc.language.schema import schema as language_schema
    from paramcalc.render import json

    Page().write(json.render(language_schema()))


@app.command(name="list")
def list_architectures(format: FormatOption = Format.text) -> None:
    """List the bundled architectures: name, parameters, source."""
    from paramcalc.render.listing import list_object, list_table

    if format is Format.json:
        from paramcalc.render import json

        Page().write(json.render(list_object()))
        return
    from paramcalc.render import text

    page = Page()
    page.write(text.render(list_table(), page))


def main() -> None:
    """Run the command line; every error of the user ends in a message and exit status 2."""
    try:
        app()
    except ParamcalcError as error:
        complain(error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def complain(error: ParamcalcError) -> None:
    """Write an error to standard error."""
    sys.stderr.write(f"{error}\n")
