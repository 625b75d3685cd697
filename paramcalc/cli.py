"""The command line: the program with its commands, and what becomes of errors.

Exit status: 0 fine, 1 a check or comparison fell short, 2 the input or the call is wrong.
"""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Annotated

import typer

import paramcalc
from paramcalc.render.page import Page

COMMANDS = {
    "show": "Print every layer: output, parameters, MACs, receptive field.",
    "export": "Write the table of 'show' as Markdown, CSV, JSON, LaTeX or HTML.",
    "check": "Compare every figure with torch and with the published ones.",
    "compare": "Put architectures side by side, with the ratio to the first.",
    "explain": "Show the rule behind each figure, the numbers in it, the result.",
    "sweep": "Compute every combination of inputs and arguments, one row each.",
    "plot": "Draw parameters, MACs and receptive fields of some architectures.",
    "schema": "Print a JSON Schema of the language, for editors.",
    "list": "List the bundled architectures: name, parameters, source.",
}
"""The commands and what the program's help says of them; each is a function in a file of its own, both of its name."""

HELP = (
    "How big is this network, what comes out of each layer, and what does it see? "
    "Parameter counts, shapes, multiply-accumulates and receptive fields from a page of YAML, exact and symbolic."
)
EPILOG = (
    "Weights and biases are counted apart; params is their sum. MACs are multiply-accumulates of convolution and "
    "linear layers; FLOPs are 2 x MACs. Exit status: 0 fine, 1 a check or comparison fell short, 2 the input or the "
    "call is wrong."
)


def application(*names: str) -> typer.Typer:
    """The program, ready to run the commands of these names; of the others it only knows what its own help says.

    Importing all of them would make that help a quarter slower.
    """
    app = typer.Typer(
        name="paramcalc",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help=HELP,
        epilog=EPILOG,
    )
    app.callback()(common)
    for name, summary in COMMANDS.items():
        command = getattr(import_module(f"paramcalc.commands.{name}"), name) if name in names else not_loaded
        app.command(name, short_help=summary)(command)
    return app


def not_loaded() -> None:
    """Stand for a command that is not run."""


def print_version(given: bool) -> None:
    """Print the version and leave, where the option is given."""
    if given:
        Page().write(f"paramcalc {paramcalc.__version__}\n")
        raise typer.Exit


def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Run the command line; every error of the user ends in a message and exit status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # what the encoding does not have becomes a question mark
    try:
        application(*(argument for argument in sys.argv[1:] if not argument.startswith("-")))()
    except paramcalc.ParamcalcError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        discard_output()
        sys.exit(0)
    except OSError as error:
        discard_output()
        failure = paramcalc.ParamcalcError(f"the output cannot be written: {error.strerror or error}")
        sys.stderr.write(f"{failure}\n")
        sys.exit(2)


def discard_output() -> None:
    """Discard what is still to be written, so that leaving causes no second error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
