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
