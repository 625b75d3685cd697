"""What `import paramcalc` loads, in fresh processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "rich", "typer", "click")


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sorted(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_library_loads_neither_torch_nor_what_prints() -> None:
    assert not loaded_by("import paramcalc").intersection(HEAVY)


def test_analyzing_a_network_loads_neither_torch_nor_what_prints() -> None:
    statement = "import paramcalc; paramcalc.analyze(paramcalc.load('alexnet'))"
    assert not loaded_by(statement).intersection(HEAVY)


@pytest.mark.parametrize("name", ["torch", "rich", "typer"])
def test_the_test_above_can_fail(name: str) -> None:
    assert name in loaded_by(f"import paramcalc; import {name}")


def test_the_command_line_loads_no_torch() -> None:
    statement = "import paramcalc.cli, paramcalc.render.text, paramcalc.render.show"
    assert "torch" not in loaded_by(statement)


def modules_of(*arguments: str) -> set[str]:
    """What a call of the command line has loaded when it ends."""
    call = f"import sys\nsys.argv = {['paramcalc', *arguments]}\nimport paramcalc.cli"
    run = "try:\n    paramcalc.cli.main()\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{call}\n{run}"], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_help_of_the_program_loads_no_command_and_a_command_no_other() -> None:
    assert not {name for name in modules_of("--help") if name.startswith("paramcalc.commands")}
    loaded = {name for name in modules_of("show", "--help") if name.startswith("paramcalc.")}
    assert {name for name in loaded if name.startswith("paramcalc.commands.")} == {
        "paramcalc.commands.options",
        "paramcalc.commands.show",
    }
    assert not {name for name in loaded if name.split(".")[1] in ("language", "layers", "report")}


FORMATS = {f"paramcalc.render.{name}" for name in ("markdown", "csv", "json", "latex", "html", "mathematics", "output")}


@pytest.mark.parametrize(
    ("format", "own"),
    [
        ("text", set()),
        ("md", {"markdown", "mathematics"}),
        ("csv", {"csv"}),
        ("latex", {"latex", "mathematics"}),
        ("html", {"html"}),
        ("json", {"json"}),
    ],
)
def test_a_result_loads_the_format_that_it_is_written_in_and_no_other(format: str, own: set[str]) -> None:
    loaded = modules_of("show", "lenet5", "--format", format)
    assert loaded & FORMATS == {f"paramcalc.render.{name}" for name in own}
    assert not loaded & {"torch", "matplotlib", "html.parser"}
