"""The command line, as a user meets it: real processes, exit statuses, pipes, narrow terminals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from paramcalc.cli import COMMANDS
from tests.calling import interrupted

LECTURE_WEIGHTS = {
    "conv1": 34_848,
    "conv2": 307_200,
    "conv3": 884_736,
    "conv4": 663_552,
    "conv5": 442_368,
    "fc1": 177_209_344,
    "fc2": 16_777_216,
    "fc3": 4_096_000,
}
"""The products in the lecture's table, multiplied out."""


def run(
    *arguments: str, cwd: Path | None = None, columns: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    if columns is not None:
        given["COLUMNS"] = str(columns)
    return subprocess.run(
        [sys.executable, "-m", "paramcalc", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**given, **environment},
    )


def test_show_prints_the_lecture_s_weights_from_any_folder(tmp_path: Path) -> None:
    done = run("show", "alexnet.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.split()}
    for layer, weights in LECTURE_WEIGHTS.items():
        assert f" {weights:,} " in rows[layer]


def test_a_file_of_the_user_comes_before_a_bundled_one(tmp_path: Path) -> None:
    (tmp_path / "alexnet.yaml").write_text("name: Mine\nsource: me\ninput: [3, 8, 8]\nlayers: [relu]\n")
    assert run("show", "alexnet.yaml", cwd=tmp_path).stdout.startswith("Mine\n")


def test_formulas_show_the_numbers() -> None:
    text = run("show", "alexnet", "--formulas").stdout
    assert "5·5·48·128·2 = 307,200" in text
    assert "(227 − 11)/4 + 1 = 55" in text


def test_symbols_give_closed_forms_and_the_condition() -> None:
    text = run("show", "alexnet_2012.yaml", "--input", "3,H,W", columns=120).stdout
    assert "⌊(H+29)/32⌋ − 2" in text
    assert "condition    H >= 67" in text
    assert "condition    W >= 67" in text


def test_symbolic_is_short_for_the_usual_symbols() -> None:
    assert run("show", "alexnet", "--symbolic").stdout == run("show", "alexnet", "--input", "3,H,W").stdout


def test_json_is_valid_and_exact() -> None:
    report = json.loads(run("show", "alexnet", "--format", "json").stdout)
    weights = {row["path"]: row["weights"] for row in report["layers"]}
    assert {path: weights[path] for path in LECTURE_WEIGHTS} == LECTURE_WEIGHTS
    assert report["totals"]["weights"] == sum(LECTURE_WEIGHTS.values())
    assert report["input"] == {"input": {"shape": [3, 227, 227], "count": 1}}


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120, 200])
def test_a_table_fits_its_page_and_cuts_no_number(columns: int) -> None:
    text = run("show", "alexnet", columns=columns).stdout
    table = text.split("\n\n")[1].splitlines()
    assert max(len(line) for line in table) <= max(columns, 42)
    assert "177,213,440" in text
    assert "200,425,832" in text


def test_a_pipe_gets_no_colour_and_every_column() -> None:
    text = run("show", "alexnet").stdout
    assert "\x1b" not in text
    header = next(line for line in text.splitlines() if line.startswith("layer"))
    assert header.split() == [
        "layer",
        "type",
        "output",
        "weights",
        "biases",
        "params",
        "MACs",
        "field",
        "stride",
        "claimed",
    ]


def test_colour_comes_when_asked_for_and_no_color_wins() -> None:
    assert "\x1b[1m" in run("show", "lenet5", FORCE_COLOR="1", TERM="xterm").stdout
    assert "\x1b" not in run("show", "lenet5", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nothing.yaml"], "error: nothing.yaml: no such file"),
        (["show", "alexnt"], "did you mean 'alexnet'?"),
        (["show", "alexnet", "--set", "clases=3"], "did you mean 'classes'?"),
        (["show", "alexnet", "--set", "classes"], "expected NAME=VALUE"),
        (["show", "alexnet", "--set", "classes=0"], "out of linear must be at least 1, got 0"),
        (["show", "alexnet", "--set", "classes=2**3"], "powers are not in the language"),
        (["show", "alexnet", "--input", "3,20,20"], "the window of max_pool spans 3"),
        (["show", "alexnet", "--input", "3"], "conv needs a map"),
        (["show", "alexnet", "--input", ""], "expected 1 to 4 sizes"),
        (["show", "alexnet", "--input", "3,0,5"], "a size must be a whole number of at least 1, got 0"),
        (["show", "alexnet", "--input", "image=3,5,5"], "there is no input 'image'"),
        (["show"], "Missing argument"),
        (["show", "alexnet", "--format", "xml"], "xml"),
        (["fly"], "fly"),
        (["check"], "check needs an architecture, or --all"),
        (["check", "lenet5", "--claims", "--max", "params=1M"], "one at a time"),
    ],
)
def test_a_wrong_call_ends_with_a_message_and_status_2(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_closed_pipe_ends_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "paramcalc", "show", "resnet152", "--format", "json"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.stderr == ""


def test_an_interrupt_ends_quietly_with_130(tmp_path: Path) -> None:
    assert interrupted(tmp_path / "slow.yaml") == (130, "", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_output_without_letters_for_some_characters_has_question_marks(encoding: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "paramcalc", "show", "stack_3x3"],
        capture_output=True,
        check=False,
        encoding=encoding,
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "conv1  conv  128" in done.stdout
    assert "147,456" in done.stdout
    assert "?" in done.stdout


@pytest.mark.parametrize("arguments", [("show", "alexnet"), ("list",), ("schema",), ("--help",)])
def test_a_full_disk_is_an_error_of_status_2(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "paramcalc", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (2, "error: the output cannot be written: No space left on device\n")


def test_list_shows_every_bundled_architecture() -> None:
    names = {path.stem for path in (Path(__file__).parent.parent / "architectures").glob("*.yaml")}
    listed = {line.split()[0] for line in run("list").stdout.splitlines() if "," in line}
    assert names <= listed
    entries = json.loads(run("list", "--format", "json").stdout)
    assert {entry["name"] for entry in entries} == names
    assert all(entry["source"] for entry in entries)


def test_every_command_has_help_and_a_place_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    help_text = run("--help").stdout
    commands = [line.split()[0] for line in help_text.split("Commands:")[1].splitlines() if line.startswith("  ")]
    commands = [command for command in commands if command.isalpha() and command.islower()]
    assert {"show", "check", "list", "schema"} <= set(commands)
    for command in commands[: commands.index("schema") + 1]:
        assert run(command, "--help").returncode == 0
        assert f"paramcalc {command}" in readme


def test_the_overview_of_the_commands_fits_a_page_of_80_columns() -> None:
    overview = run("--help", columns=80).stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in overview] == list(COMMANDS)
    assert [line.split(maxsplit=1)[1] for line in overview] == list(COMMANDS.values())


def test_a_word_that_is_no_command_is_answered_with_the_command_that_is_like_it() -> None:
    assert "No such command 'shwo'. Did you mean 'show'?" in run("shwo").stderr


def test_a_command_runs_after_two_dashes_too() -> None:
    assert run("--", "show", "stack_3x3").stdout == run("show", "stack_3x3").stdout != ""


def test_version() -> None:
    assert run("--version").stdout.startswith("paramcalc ")
