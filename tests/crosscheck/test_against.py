"""`check --against`: a network beside a torch module that someone else has written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import paramcalc
from paramcalc.crosscheck.against import against
from tests.calling import call

YAML = """
name: Small
source: none
input: [3, 16, 16]
args: [classes: 10]
layers:
  - conv: {out: 8, kernel: 3, padding: 1, bias: false}
  - batch_norm
  - relu
  - conv: {out: 4, kernel: 3, stride: 2}
  - global_avg_pool
  - flatten
  - linear: classes
"""

MODELS = '''
import torch
from torch import nn

class Small(nn.Module):
    """The same network, written by hand."""

    def __init__(self, num_classes=10, width=8):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.body = nn.Conv2d(width, 4, 3, stride=2)
        self.head = nn.Linear(4, num_classes)

    @classmethod
    def wide(cls):
        return cls(width=16)

def deeper():
    model = Small()
    model.more = nn.Linear(10, 10)
    return model

def shorter():
    model = Small()
    del model.head
    return model

def lazy():
    return nn.Sequential(nn.ReLU(), nn.LazyConv2d(8, 3))

def no_module():
    return 3

def fails():
    raise RuntimeError("no weights\\nare here")

def leaves():
    raise SystemExit(7)

ready = Small()
number = 5
'''

NAME = "models_of_a_test"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder with the network and the module."""
    (tmp_path / "small.yaml").write_text(YAML)
    (tmp_path / f"{NAME}.py").write_text(MODELS)
    (tmp_path / "broken_module_of_a_test.py").write_text("def f(:\n")
    (tmp_path / "failing_module_of_a_test.py").write_text("raise ValueError('not today')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [NAME, "broken_module_of_a_test", "failing_module_of_a_test"]:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("target", "arguments"),
    [("Small", ""), ("Small", "num_classes=10"), ("Small", "10"), ("Small", "10, width=8"), ("ready", "")],
)
def test_the_same_network_agrees(target: str, arguments: str) -> None:
    done = call("check", "small.yaml", "--against", f"{NAME}:{target}", "--against-args", arguments)
    assert (done.status, done.err) == (0, "")
    assert "✓ the same layers (4 with parameters)" in done.out
    # 3·3·3·8, 2·8, 3·3·8·4 + 4, 4·10 + 10
    assert f"params   {216 + 16 + 292 + 50} against {216 + 16 + 292 + 50}" in done.out
    assert "buffers  16 against 16" in done.out


def test_all_layers_stand_side_by_side_when_asked_for() -> None:
    done = call("check", "small.yaml", "--against", f"{NAME}:Small", "--full")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "conv1 8×3×3×3 stem.0 8×3×3×3 ✓" in lines
    assert "linear 10×4 10 head 10×4 10 ✓" in lines


@pytest.mark.parametrize(
    ("target", "arguments", "different"),
    [
        ("Small", "num_classes=11", "linear 10×4 10 head 11×4 11 ✗"),
        ("Small.wide", "", "conv1 8×3×3×3 stem.0 16×3×3×3 ✗"),
        ("deeper", "", "– more 10×10 10 ✗"),
        ("shorter", "", "linear 10×4 10 – ✗"),
    ],
)
def test_a_changed_network_differs_where_it_is_changed(target: str, arguments: str, different: str) -> None:
    done = call("check", "small.yaml", "--against", f"{NAME}:{target}", "--against-args", arguments)
    assert (done.status, done.err) == (1, "")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert different in lines
    assert any(line.startswith("✗ the layers differ") for line in lines)
    assert "conv2 4×8×3×3 4 body 4×8×3×3 4 ✓" not in lines


def test_settings_of_the_network_count() -> None:
    arguments = ("check", "small.yaml", "--against", f"{NAME}:Small", "--against-args", "num_classes=3")
    assert call(*arguments).status == 1
    assert call(*arguments, "--set", "classes=3").status == 0


def test_json_holds_both_sides() -> None:
    done = call("check", "small.yaml", "--against", f"{NAME}:Small.wide", "--format", "json")
    (result,) = json.loads(done.out)
    assert done.status == 1
    assert result["agrees"] is False
    # 3·3·3·16, 2·16, 3·3·16·4 + 4, 4·10 + 10
    assert result["params"] == [574, 432 + 32 + 580 + 50]
    assert result["layers"][0] == ["conv1 8×3×3×3", "stem.0 16×3×3×3"]


@pytest.mark.parametrize(
    ("target", "arguments", "message"),
    [
        ("no_module_has_this_name:f", "", "no_module_has_this_name:f cannot be imported: ModuleNotFoundError"),
        (f"{NAME}:Smal", "", "cannot be imported: AttributeError"),
        (f"{NAME}:Small.narrow", "", "cannot be imported: AttributeError"),
        ("broken_module_of_a_test:f", "", "cannot be imported: SyntaxError"),
        ("failing_module_of_a_test:f", "", "cannot be imported: ValueError: not today"),
        (f"{NAME}:number", "", f"{NAME}:number cannot be called: it is of type int"),
        (f"{NAME}:no_module", "", f"{NAME}:no_module returned no torch.nn.Module, but something of type int"),
        (f"{NAME}:lazy", "", "1 of LazyConv2d has no sizes before it is first called"),
        (f"{NAME}:fails", "", f"{NAME}:fails() failed: RuntimeError: no weights are here"),
        (f"{NAME}:leaves", "", f"{NAME}:leaves() failed: SystemExit: 7"),
        (f"{NAME}:Small", "classes=3", "failed: TypeError"),
        (f"{NAME}:ready", "3", f"{NAME}:ready is a module already, which takes no arguments"),
        (NAME, "", "--against takes MODULE:CALLABLE"),
        (f"{NAME}:", "", "--against takes MODULE:CALLABLE"),
        (":Small", "", "--against takes MODULE:CALLABLE"),
        (f"{NAME}:Small", "num_classes=", "--against-args takes literals such as 'num_classes=10', got 'num_classes='"),
        (f"{NAME}:Small", "open('x')", "--against-args takes literals"),
        (f"{NAME}:Small", "**{'width': 3}", "--against-args takes literals"),
        (f"{NAME}:Small", "*[3]", "--against-args takes literals"),
        (f"{NAME}:Small", "3) + f(4", "--against-args takes literals"),
        (f"{NAME}:Small", "3)(4", "--against-args takes literals"),
        (f"{NAME}:Small", "width", "--against-args takes literals"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(target: str, arguments: str, message: str) -> None:
    done = call("check", "small.yaml", "--against", target, "--against-args", arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


def test_a_layer_that_torch_does_not_have_is_named() -> None:
    done = call("check", "fast_rcnn", "--against", f"{NAME}:Small")
    assert done.status == 2
    assert "roi_pool: torch has no module for roi_pool" in done.err


def test_a_module_that_is_used_twice_counts_once_on_both_sides(folder: Path) -> None:
    (folder / f"{NAME}.py").write_text(
        "from torch import nn\n"
        "def twice():\n"
        "    layer = nn.Conv2d(4, 4, 1)\n"
        "    other = nn.Conv2d(4, 4, 1)\n"
        "    other.weight, other.bias = layer.weight, layer.bias\n"
        "    return nn.Sequential(layer, layer, other)\n"
    )
    text = (
        "name: x\nsource: none\ninput: [4, 8, 8]\nlayers:\n  - {conv: {out: 4}, name: first}\n".replace(
            "{out: 4}", "{out: 4, kernel: 1}"
        )
        + "  - {conv: {out: 4, kernel: 1}, share: first}\n"
    )
    result = against(paramcalc.loads(text), f"{NAME}:twice")
    assert result.agrees
    assert result.params == (20, 20)
    assert len(result.pairs) == 1
