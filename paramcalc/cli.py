"""The command line: parse, call, print, exit code; nothing else.

Exit status: 0 fine, 1 a check or comparison fell short, 2 the input or the call is wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import paramcalc
from paramcalc import limits
from paramcalc.render.page import Page

if TYPE_CHECKING:
    from paramcalc.language.options import Request
    from paramcalc.render.table import Table

app = typer.Typer(
    name="paramcalc",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="How big is this network, what comes out of each layer, and what does it see? "
    "Parameter counts, shapes, multiply-accumulates and receptive fields from a page of YAML, exact and symbolic.",
    epilog="Weights and biases are counted apart; params is their sum. MACs are multiply-accumulates of "
    "convolution and linear layers; FLOPs are 2 x MACs. Exit status: 0 fine, 1 a check or "
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
FullOption = Annotated[bool, typer.Option("--full", help="Print everything, not only what differs.")]


def asked(architecture: str, inputs: list[str] | None, settings: list[str] | None) -> Request:
    """An architecture with the inputs and arguments of the call, and those that it carries itself."""
    from paramcalc.language.options import input_option, request, set_option

    shapes = dict(input_option(text) for text in inputs or ())
    return request(architecture, shapes, dict(set_option(text) for text in settings or ()))


def built(wanted: Request) -> paramcalc.Network:
    """The network that is asked for."""
    from paramcalc.language.build import build
    from paramcalc.language.library import load_file

    return build(load_file(wanted.architecture), wanted.inputs, wanted.settings)


@app.command()
def show(
    architecture: Architecture,
    inputs: InputOption = None,
    settings: SetOption = None,
    symbolic: Annotated[
        bool, typer.Option("--symbolic", help="Take the spatial sizes of the input as symbols.")
    ] = False,
    formulas: Annotated[bool, typer.Option("--formulas", help="Show how each figure comes about.")] = False,
    depth: Annotated[
        str,
        typer.Option(
            metavar="N|all",
            help="Fold blocks to so many names of a path, sums kept, and equal blocks in a row to one with x3. "
            "JSON always holds every step.",
        ),
    ] = "all",
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE", help="Add bytes of parameters and activations: float64, float32, float16, bfloat16, int8."
        ),
    ] = None,
    format: FormatOption = Format.text,
) -> None:
    """Print every layer with its output, parameters, MACs and receptive field, and the totals."""
    from paramcalc.language.build import build
    from paramcalc.language.library import load_file
    from paramcalc.language.options import symbolic_input

    wanted = asked(architecture, inputs, settings)
    file = load_file(wanted.architecture)
    shapes = {**symbolic_input(file), **wanted.inputs} if symbolic else wanted.inputs
    network = build(file, shapes, wanted.settings)
    report = paramcalc.analyze(network)
    levels = depth_option(depth)
    memory = None
    if dtype is not None:
        from paramcalc.summary import memory as memory_of

        memory = memory_of(report, dtype)
    if format is Format.json:
        from paramcalc.render import json

        Page().write(json.render(json.report_object(report, memory)))
        return
    from paramcalc.claims import judge
    from paramcalc.render import text
    from paramcalc.render.show import show_table

    # the published figures are about the network as the file has it
    verdicts = [] if shapes or wanted.settings else judge(network, report)
    page = Page()
    table = show_table(report, formulas=formulas, verdicts=verdicts, depth=levels, memory=memory)
    page.write(text.render(table, page))


def depth_option(text: str) -> int | None:
    """How many names of a path are shown; None for all. Raises ParamcalcError for anything else."""
    if text == "all":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= limits.CALL_DEPTH:
        raise paramcalc.ParamcalcError(f"--depth takes a number from 1 to {limits.CALL_DEPTH}, or 'all', got '{text}'")
    return int(text)


@app.command()
def check(
    architectures: Architectures = None,
    every: Annotated[bool, typer.Option("--all", help="Check all bundled architectures.")] = False,
    claims: Annotated[bool, typer.Option("--claims", help="Only the published figures; needs no torch.")] = False,
    no_field: Annotated[
        bool, typer.Option("--no-field", help="Leave out receptive fields, which take longest.")
    ] = False,
    full: FullOption = False,
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
    most: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="QUANTITY=NUMBER", help="A budget, such as params=5M or macs=600M; no torch."),
    ] = None,
    least: Annotated[
        list[str] | None,
        typer.Option("--min", metavar="QUANTITY=NUMBER", help="A least figure, such as receptive_field=200; no torch."),
    ] = None,
    inputs: InputOption = None,
    settings: SetOption = None,
    format: FormatOption = Format.text,
) -> None:
    """Hold every computed figure against torch, and against the published ones.

    Exit status 1 when one differs, 2 when the check cannot run.
    """
    from paramcalc.budget import budget
    from paramcalc.checking import Checked, check_against, check_budgets, check_claims, check_torch
    from paramcalc.language.library import bundled_names

    names = bundled_names() if every else architectures or []
    if not names:
        raise paramcalc.ParamcalcError("check needs an architecture, or --all")

    def made(name: str) -> paramcalc.Network:
        return built(asked(name, inputs, settings))

    published = not inputs and not settings
    budgets = [*(budget(text, most=True) for text in most or ()), *(budget(text, most=False) for text in least or ())]
    page = Page()
    checked: Checked
    if budgets:
        checked = check_budgets(((name, made(name)) for name in names), budgets)
    elif against is not None:
        checked = check_against([(name, made(name)) for name in names], against, against_args, full=full)
    elif claims:
        checked = check_claims((name, made(name)) for name in names)
    else:
        checked = check_torch(names, made, page, fields=not no_field, claims=published, full=full)
    write(checked.tables, checked.value, page, format)
    if not checked.fine:
        raise typer.Exit(1)


@app.command()
def compare(
    architectures: Architectures = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Line two architectures up step by step, as a diff does.")
    ] = False,
    full: FullOption = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with status 1 when they differ.")] = False,
    inputs: InputOption = None,
    settings: SetOption = None,
    format: FormatOption = Format.text,
) -> None:
    """Put architectures side by side, with the ratio to the first.

    Each may carry values of its own behind colons: 'resnet50:classes=10:input=3,256,256'.
    """
    from paramcalc.comparison import compare as side_by_side
    from paramcalc.comparison import line_up
    from paramcalc.render.compare import compare_object, compare_table, parted, steps_object, steps_table

    names = architectures or []
    if layers and len(names) != 2:
        raise paramcalc.ParamcalcError(f"--layers lines up two architectures, got {len(names)}")
    reports = [paramcalc.analyze(built(asked(name, inputs, settings))) for name in names]
    comparison = side_by_side(*reports, names=names)
    page = Page()
    if layers:
        pairs = line_up(*reports)
        write([steps_table(names, pairs, full=full)], steps_object(names, pairs), page, format)
    else:
        write(parted(compare_table(comparison), page.width), compare_object(comparison), page, format)
    if exit_code and not comparison.equal:
        raise typer.Exit(1)


@app.command()
def explain(
    architecture: Architecture,
    step: Annotated[str, typer.Argument(metavar="STEP", help="A step or a block; without, the whole network.")] = "",
    inputs: InputOption = None,
    settings: SetOption = None,
    format: FormatOption = Format.text,
) -> None:
    """Show how each figure comes about: the rule, the numbers in it, the result."""
    from paramcalc.explain import steps_of
    from paramcalc.render.explain import explain_object, explain_tables

    network = built(asked(architecture, inputs, settings))
    nodes = steps_of(network, step)
    report = paramcalc.analyze(network)
    tables = explain_tables(network, report, nodes, whole=not step)
    write(tables, explain_object(network, report, nodes, whole=not step), Page(), format)


@app.command()
def sweep(
    architecture: Architecture,
    inputs: InputOption = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUES", help="Values of an argument: width=32,64 or width=16..128:16."),
    ] = None,
    format: FormatOption = Format.text,
) -> None:
    """Compute every combination of inputs and arguments, one row each.

    Exit status 1 when a combination does not fit.
    """
    from paramcalc.language.library import load_file
    from paramcalc.render.sweep import sweep_object, sweep_table
    from paramcalc.sweep import combinations, need_one_that_fits, result

    file = load_file(architecture)
    page = Page()
    found = combinations(inputs or [], settings or [])
    results = [result(file, combination) for combination in page.progress(found, "computing")]
    need_one_that_fits(results)
    write([sweep_table(file.name, results)], sweep_object(file.name, results), page, format)
    if any(one.error for one in results):
        raise typer.Exit(1)


@app.command()
def plot(
    architectures: Annotated[
        list[str], typer.Argument(metavar="ARCH", help="YAML files, or names of bundled architectures.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="What to write: a file .svg, .png or .pdf.")
    ],
    inputs: InputOption = None,
    settings: SetOption = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file where it exists.")] = False,
) -> None:
    """Draw parameters and MACs by layer, and the receptive field by depth, of one or several architectures.

    Needs matplotlib: pip install 'paramcalc[plot]'.
    """
    from paramcalc.plotting import plot as draw

    draw(architectures, lambda name: built(asked(name, inputs, settings)), output, force=force)


def write(tables: Sequence[Table], value: Any, page: Page, format: Format) -> None:
    """Print a result."""
    if format is Format.json:
        from paramcalc.render import json

        page.write(json.render(value))
    else:
        from paramcalc.render import text

        page.write("\n".join(text.render(table, page) for table in tables))


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
    except paramcalc.ParamcalcError as error:
        complain(error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def complain(error: paramcalc.ParamcalcError) -> None:
    """Write an error to standard error."""
    sys.stderr.write(f"{error}\n")
