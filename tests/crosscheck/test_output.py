"""What `check` prints: the verdict, what differs, JSON, and messages where it cannot run."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from paramcalc.algebra.tensor import Shape
from paramcalc.layers.base import Count
from paramcalc.layers.dense import Linear
from paramcalc.layers.sliding import Conv
from tests.calling import call

INSTALL = "pip install 'paramcalc[torch]'"


def columns(text: str) -> list[list[str]]:
    """The rows of the table: what stands in front of the verdict, cut at wide gaps."""
    return [line.split() for line in text.split("\n\n")[1].splitlines() if line and not line.startswith("─")]


def test_all_well_is_one_line() -> None:
    done = call("check", "lenet5_full")
    assert (done.status, done.err) == (0, "")
    title, blank, verdict = done.out.splitlines()
    assert (title, blank) == ("LeNet-5, fully connected maps", "")
    assert verdict.startswith("✓ torch agrees (13 layers: ")


def wrong_weights(layer: Linear, x: Shape) -> Count:
    """A rule that forgets one input."""
    return ((x[-1] - 1, layer.out),)


def test_only_what_differs_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Linear, "weights", wrong_weights)
    done = call("check", "lenet5_full", "--no-field")
    assert (done.status, done.err) == (1, "")
    head, *rows = columns(done.out)
    assert head == ["at", "quantity", "computed", "torch"]
    # two linear layers of 120·84 and 84·10 weights, and biases; the right totals are those of LeNet-5's table
    assert rows[0] == ["f6", "weights", "9,996", "10,080", "✗"]
    assert rows[1] == ["f6", "trainable", "10,080", "10,164", "✗"]
    assert {row[0] for row in rows} == {"f6", "output", "total"}
    assert all(row[-1] == "✗" for row in rows)
    verdict = done.out.splitlines()[-1]
    assert verdict.startswith(f"✗ {len(rows)} of ")


def test_a_wrong_field_is_shown_with_both_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Conv.windows
    monkeypatch.setattr(
        Conv, "windows", lambda layer, x: tuple(w._replace(lo=w.lo + 1, hi=w.hi - 1) for w in right(layer, x))
    )
    done = call("check", "stack_5x5")
    assert done.status == 1
    rows = [" ".join(row) for row in columns(done.out)[1:]]
    # a 5x5 convolution with padding 2 reads from -2 to 2; the wrong rule says one earlier
    assert "conv height that unit 0 reads -3 … 1 -2 … 2 ✗" in rows
    assert "conv effective_padding 3×3 2×2 ✗" in rows


def test_everything_is_shown_when_asked_for() -> None:
    done = call("check", "lenet5_full", "--full")
    rows = columns(done.out)[1:]
    assert ["c1", "weights", "150", "150", "✓"] in rows
    assert ["c1", "receptive_field", "5×5", "5×5", "✓"] in rows
    assert all(row[-1] == "✓" for row in rows)


def test_json_holds_both_values() -> None:
    done = call("check", "lenet5_full", "unet", "--format", "json")
    assert (done.status, done.err) == (0, "")
    lenet, unet = json.loads(done.out)
    assert (lenet["architecture"], lenet["agrees"], lenet["layers"]) == ("lenet5_full", True, 13)
    figures: dict[tuple[str, str], dict[str, Any]] = {(row["path"], row["quantity"]): row for row in lenet["figures"]}
    # 5·5·1·6 weights, and 28·28 positions
    assert figures["c1", "weights"]["computed"] == figures["c1", "weights"]["torch"] == 150
    assert figures["c1", "output"]["computed"] == figures["c1", "output"]["torch"] == [6, 28, 28]
    assert figures["c1", "macs"]["torch"] == 150 * 28 * 28
    assert {"path", "axis", "unit", "computed", "torch", "clipped", "agrees"} == lenet["fields"][0].keys()
    assert [row["computed"] for row in lenet["fields"]] == [row["torch"] for row in lenet["fields"]]
    assert lenet["not_checked"] == {}
    assert {row["torch"][0] for row in unet["figures"] if row["quantity"] == "effective_stride"} == {1, 2, 4, 8, 16}


def test_json_spells_fractions_of_a_stride(tmp_path: Path) -> None:
    file = tmp_path / "up.yaml"
    file.write_text("name: Up\nsource: none\ninput: [2, 8, 8]\nlayers: [{upsample: {scale: 2}}]\n")
    (result,) = json.loads(call("check", str(file), "--format", "json").out)
    (stride,) = [row for row in result["figures"] if row["quantity"] == "effective_stride"]
    assert stride["computed"] == stride["torch"] == ["1/2", "1/2"]


def test_what_is_not_checked_is_named_once_with_its_reason() -> None:
    done = call("check", "fast_rcnn")
    assert done.status == 0
    lines = [line for line in done.out.splitlines() if line.startswith("not checked: ")]
    assert any(line.startswith("not checked: roi_pool: which positions it reads depends on the data") for line in lines)
    assert sum("classifier.fc6" in line for line in lines) == 1
    assert any("receptive field: paramcalc does not know it" in line for line in lines)
    (result,) = json.loads(call("check", "fast_rcnn", "--format", "json").out)
    assert "roi_pool" in result["not_checked"]
    assert "receptive field" in result["not_checked"]["classifier.fc6"]


@pytest.mark.parametrize("more", [["--input", "1,H,W"], ["--input", "1,H,W", "--no-field"]])
def test_symbols_end_in_a_message(more: Sequence[str]) -> None:
    done = call("check", "lenet5", *more)
    assert (done.status, done.out) == (2, "")
    assert "torch needs numbers, but the input 'input' has the size H" in done.err
    assert done.err.count("\n") == 1


def test_a_network_that_torch_refuses_ends_in_a_message(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    # torch will not normalise one position a channel
    file.write_text("name: One\nsource: none\ninput: [4, 1, 1]\nlayers: [instance_norm]\n")
    done = call("check", str(file))
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: One: torch refuses the network: ")


# -- progress ------------------------------------------------------------------------------------

BLOCKS = ["stack_3x3", "stack_5x5", "reduction_1x1", "reduction_direct"]


def test_a_pipe_has_no_progress_bar() -> None:
    done = call("check", *BLOCKS)
    assert (done.status, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert "checking" not in done.out


def test_a_terminal_has_a_progress_bar_on_standard_error() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "paramcalc", "check", *BLOCKS, "--format", "json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # the other end is closed
            pass
        assert process.stdout
        out = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    assert b"checking" in shown
    assert [each["architecture"] for each in json.loads(out)] == BLOCKS


# -- without torch -------------------------------------------------------------------------------


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`paramcalc` in a process in which torch cannot be imported."""
    code = f"import sys; sys.modules['torch'] = None; sys.argv = {['paramcalc', *arguments]!r}; import paramcalc.cli"
    code += "; paramcalc.cli.main()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["lenet5"], ["lenet5", "--no-field"], ["lenet5", "--against", "os:getcwd"]])
def test_without_torch_the_way_to_install_it_is_told(arguments: Sequence[str]) -> None:
    done = without_torch("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "torch is not installed" in done.stderr
    assert INSTALL in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_torch_claims_and_budgets_are_checked() -> None:
    done = without_torch("check", "lenet5", "--claims")
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓" in done.stdout
    assert without_torch("check", "lenet5", "--max", "params=61000").returncode == 0


def test_without_torch_the_library_tells_the_same() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import paramcalc\n"
        "for ask in (paramcalc.check, paramcalc.to_torch):\n"
        "    try: ask(paramcalc.load('lenet5'))\n"
        "    except paramcalc.ParamcalcError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count(INSTALL) == 2
