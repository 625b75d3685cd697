"""The command line: parse, call, print, exit code; nothing else.

Exit status: 0 fine, 1 a check or comparison fell short, 2 the input or the call is wrong.
"""

# annotations are evaluated where they stand: typer would compile each of them again, in every command
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import paramcalc
from paramcalc import limits
from paramcalc.render.deliver import Format, Output
from paramcalc.render.page import Page

if TYPE_CHECKING:
    from paramcalc.language.options import Request

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
FormulasOption = Annotated[bool, typer.Option("--formulas", help="Show how each figure comes about.")]
SymbolicOption = Annotated[bool, typer.Option("--symbolic", help="Take the spatial sizes of the input as symbols.")]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", metavar="NAME,NAME", help="Only these columns, in this order, by key or title."),
]
FormatOption = Annotated[
    Format | None, typer.Option("--format", help="How to write the result; without, as FILE ends, or else as text.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write to a file .md, .csv, .json, .tex, .html or .txt, or any other."
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite the file where it exists.")]
FullOption = Annotated[bool, typer.Option("--full", help="Print everything, not only what differs.")]


def asked(architecture: str, inputs: list[str] | None, settings: list[str] | None) -> "Request":
    """An architecture with the inputs and arguments of the call, and those that it carries itself."""
    from paramcalc.language.options import input_option, request, set_option

    shapes = dict(input_option(text) for text in inputs or ())
    return request(architecture, shapes, dict(set_option(text) for text in settings or ()))


def built(wanted: "Request") -> "paramcalc.Network":
    """The network that is asked for."""
    from paramcalc.language.build import build
    from paramcalc.language.library import load_file

    return build(load_file(wanted.architecture), wanted.inputs, wanted.settings)


@app.command()
def show(
    architecture: Architecture,
    inputs: InputOption = None,
    settings: SetOption = None,
    symbolic: SymbolicOption = False,
    formulas: FormulasOption = False,
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
    columns: ColumnsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Print every layer with its output, parameters, MACs and receptive field, and the totals.

    Columns: layer, type, output, count, weights, biases, params, macs, receptive_field, effective_stride, claims;
    effective_padding, buffers and activations where --columns names them. A page that is too narrow drops weights
    and biases first, then type, claims, effective_stride, count, receptive_field, macs; none that --columns names.
    """
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.commands.show import shown

    levels = depth_option(depth)
    found = shown(asked(architecture, inputs, settings), symbolic=symbolic, dtype=dtype)
    out.deliver(lambda: [found.table(formulas=formulas, depth=levels, columns=out.columns)], found.value)


@app.command()
def export(
    architectures: Annotated[
        list[str], typer.Argument(metavar="ARCH...", help="YAML files, or names of bundled architectures.")
    ],
    inputs: InputOption = None,
    settings: SetOption = None,
    symbolic: SymbolicOption = False,
    formulas: FormulasOption = False,
    columns: ColumnsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Write the table of 'show' as markdown, CSV, JSON, LaTeX or HTML; as markdown where nothing else is asked for.

    Several architectures are several tables in one document, and a list in JSON. CSV has a header row, plain
    integers, shapes as 96x55x55, symbols in the spelling of the language, and neither totals nor notes; a text that
    a spreadsheet would take for a formula gets an apostrophe in front. LaTeX needs the package booktabs.
    """
    out = Output(format, output, force=force, columns=columns, usual=Format.md)
    from paramcalc.commands.show import shown

    found = [shown(asked(name, inputs, settings), symbolic=symbolic) for name in architectures]
    out.deliver(
        lambda: [each.table(formulas=formulas, columns=out.columns) for each in found],
        lambda: found[0].value() if len(found) == 1 else [each.value() for each in found],
    )


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
    format: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Hold every computed figure against torch, and against the published ones.

    Exit status 1 when one differs, 2 when the check cannot run.
    """
    out = Output(format, output, force=force)
    from paramcalc.commands.check import Checked, check_against, check_budgets, check_claims, check_torch
    from paramcalc.language.library import bundled_names
    from paramcalc.report.budget import budget

    names = bundled_names() if every else architectures or []
    if not names:
        raise paramcalc.ParamcalcError("check needs an architecture, or --all")

    wanted = {name: asked(name, inputs, settings) for name in names}

    def made(name: str) -> "paramcalc.Network":
        return built(wanted[name])

    published = not any(one.inputs or one.settings for one in wanted.values())
    budgets = [*(budget(text, most=True) for text in most or ()), *(budget(text, most=False) for text in least or ())]
    if bool(budgets) + claims + (against is not None) > 1:
        raise paramcalc.ParamcalcError("budgets, --claims and --against are checks of their own: one at a time")
    checked: Checked
    if budgets:
        checked = check_budgets(((name, made(name)) for name in names), budgets)
    elif against is not None:
        checked = check_against([(name, made(name)) for name in names], against, against_args, full=full)
    elif claims:
        checked = check_claims((name, made(name)) for name in names)
    else:
        checked = check_torch(names, made, out.page, fields=not no_field, claims=published, full=full)
    out.deliver(lambda: checked.tables, lambda: checked.value)
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
    format: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Put architectures side by side, with the ratio to the first.

    Each may carry values of its own behind colons: 'resnet50:classes=10:input=3,256,256'.
    """
    out = Output(format, output, force=force)
    from paramcalc.render.compare import compare_object, compare_table, parted, steps_object, steps_table
    from paramcalc.report.comparison import compare as side_by_side
    from paramcalc.report.comparison import line_up

    names = architectures or []
    if layers and len(names) != 2:
        raise paramcalc.ParamcalcError(f"--layers lines up two architectures, got {len(names)}")
    reports = [paramcalc.analyze(built(asked(name, inputs, settings))) for name in names]
    comparison = side_by_side(*reports, names=names)
    if layers:
        pairs = line_up(*reports)
        out.deliver(lambda: [steps_table(names, pairs, full=full)], lambda: steps_object(names, pairs))
    else:
        out.deliver(lambda: parted(compare_table(comparison), out.page.width), lambda: compare_object(comparison))
    if exit_code and not comparison.equal:
        raise typer.Exit(1)


@app.command()
def explain(
    architecture: Architecture,
    step: Annotated[str, typer.Argument(metavar="STEP", help="A step or a block; without, the whole network.")] = "",
    inputs: InputOption = None,
    settings: SetOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Show how each figure comes about: the rule, the numbers in it, the result."""
    out = Output(format, output, force=force)
    from paramcalc.render.explain import explain_object, explain_tables
    from paramcalc.report.explain import steps_of

    network = built(asked(architecture, inputs, settings))
    nodes = steps_of(network, step)
    report = paramcalc.analyze(network)
    out.deliver(
        lambda: explain_tables(network, report, nodes, whole=not step),
        lambda: explain_object(network, report, nodes, whole=not step),
    )


@app.command()
def sweep(
    architecture: Architecture,
    inputs: InputOption = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUES", help="Values of an argument: width=32,64 or width=16..128:16."),
    ] = None,
    columns: ColumnsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Compute every combination of inputs and arguments, one row each.

    Exit status 1 when a combination does not fit.
    """
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.language.library import load_file
    from paramcalc.render.sweep import sweep_object, sweep_table
    from paramcalc.report.sweep import combinations, need_one_that_fits, result

    wanted = asked(architecture, None, None)
    file = load_file(wanted.architecture)
    found = combinations(inputs or [], settings or [])
    results = [result(file, combination, wanted) for combination in out.page.progress(found, "computing")]
    need_one_that_fits(results)
    out.deliver(lambda: [sweep_table(file.name, results)], lambda: sweep_object(file.name, results))
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
    from paramcalc.commands.plot import plot as draw

    draw(architectures, lambda name: built(asked(name, inputs, settings)), output, force=force)


@app.command()
def schema() -> None:
    """Print a JSON Schema of the language, for editors."""
    from paramcalc.language.schema import schema as language_schema
    from paramcalc.render import json

    Page().write(json.render(language_schema()))


@app.command(name="list")
def list_architectures(
    columns: ColumnsOption = None,
    format: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """List the bundled architectures: name, parameters, source."""
    out = Output(format, output, force=force, columns=columns)
    from paramcalc.render.listing import list_object, list_table

    out.deliver(lambda: [list_table()], list_object)


def main() -> None:
    """Run the command line; every error of the user ends in a message and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a page that has no letter for a character shows a question mark
    try:
        app()
    except paramcalc.ParamcalcError as error:
        complain(error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        leave_output()
        sys.exit(0)
    except OSError as error:
        leave_output()
        complain(paramcalc.ParamcalcError(f"the output cannot be written: {error.strerror or error}"))
        sys.exit(2)


def leave_output() -> None:
    """What is still to be written goes nowhere, so that leaving makes no second error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(error: "paramcalc.ParamcalcError") -> None:
    """Write an error to standard error."""
    sys.stderr.write(f"{error}\n")
