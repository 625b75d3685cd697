"""The JSON that each command writes: every key that occurs in samples, with its types and what it means.

A key that a sample holds and that has no meaning here, or a meaning whose key no sample holds, is an error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FILES = {
    "branches.yaml": """
name: Two outputs, shared and frozen weights, and a claim
source: none
input: [3, 16, 16]
layers:
  - {conv: {out: 4, kernel: 3, padding: 1}, name: first, frozen: true}
  - {conv: {out: 4, kernel: 3, padding: 1}, name: second}
  - {conv: {out: 4, kernel: 3, padding: 1}, name: again, share: second}
  - add:
      small: [{conv: {out: 8, kernel: 3, stride: 2, padding: 1}}, {upsample: 2}]
      large: [conv: {out: 8, kernel: 1}]
heads:
  a: [flatten, linear: 10]
  b: [relu]
claims:
  - {at: first, weights: 108, source: none}
  - {params: 1, source: none, disputed: it is more}
  - {at: second, output: [4, 16, 16], source: none}
  - {at: first, macs: 27.6k, source: none}
""",
    "regions.yaml": """
name: Regions
source: none
input: {image: [3, 16, 16], rois: {shape: [5], count: 2}}
layers: [roi_pool: {output: 2, rois: rois}]
""",
    "sizes.yaml": """
name: Sizes that are symbols where the call says so
source: none
input: [2, n, 8]
args: [n: 4]
layers:
  - upsample: 2
  - conv_transpose: {out: 2, kernel: 1, stride: 2}
  - add:
      whole: [global_avg_pool]
      each: []
  - flatten
  - linear: 3
claims:
  - {at: linear, params: 1, source: none}
""",
    "small.yaml": "name: A layer\nsource: none\ninput: [8]\nlayers: [{linear: 4}]\n",
}
MAPS = frozenset(("input", "outputs", "[].outputs", "rows[].outputs", "rows[].values", "not_checked", "[].not_checked"))
"""Objects whose keys are names of a file or of a call."""

ROWS = frozenset(("steps[].left", "steps[].right"))
"""Objects that are rows of `show`."""


class Command(NamedTuple):
    """A command's JSON: a heading, what it is in words, calls that show all of it, and the meaning of each key."""

    title: str
    about: str
    calls: Sequence[Sequence[str]]
    meanings: Mapping[str, str]


FIELD = {
    "receptive_field": "input positions that the largest unit's window covers, one value per axis of positions; "
    "null as a whole where it is unknown",
    "effective_stride": "input positions between neighbouring units, one per axis; null where units have no order",
    "covers_input": "whether every unit reads the whole input, by an operation on the whole feature map",
}
TOTALS = {
    "params": "weights plus biases",
    "macs": "multiply-accumulates of convolution, transposed convolution and linear layers",
    "flops": "2 x MACs",
    "activations": "elements that are written",
    "peak_activations": "the most elements that are held at once; null where symbols leave it open",
}
FIGURE = {
    "quantity": "what it is a figure of",
    "rule": "the rule, in words and letters",
    "here": "the rule with numbers, and the result",
}
CLAIM = {
    "architecture": "the name in the call",
    "at": "the step or block; null for the whole network",
    "quantity": "what the claim is about",
    "claimed": "the figure as it was published",
    "computed": "the computed value, or one per axis",
    "verdict": "`met`, `missed`, `disputed`, `disputed, but met` or `depends on symbols`",
    "source": "where the figure was published",
    "disputed": "why it is wrong; null for a claim that nobody disputes",
}

COMMANDS = (
    Command(
        "show and export",
        "One object for one network. `export` of several writes a list of them.",
        (
            ("show", "alexnet", "--dtype", "float16"),
            ("show", "branches.yaml"),
            ("show", "faster_rcnn"),
            ("show", "alexnet", "--symbolic", "--dtype", "float16"),
            ("show", "resnet18", "--symbolic"),
            ("show", "sizes.yaml", "--set", "n=N"),
            ("show", "rcnn", "--set", "regions=R"),
        ),
        {
            "name": "what the file calls the network",
            "source": "where it is published",
            "input": "the inputs by name",
            "input.NAME": "one input",
            "input.NAME.shape": "sizes without the batch axis",
            "input.NAME.count": "how many of it there are for one image",
            "layers": "one row for each executed step, in order",
            "layers[].path": "the names of the blocks around the step and its own, with dots between",
            "layers[].type": "the layer's name in the language",
            "layers[].inputs": "paths of the steps that it reads",
            "layers[].output": "sizes without the batch axis",
            "layers[].count": "how many tensors of that shape come out for one input",
            "layers[].weights": "weights; 0 where they are shared and counted at another step",
            "layers[].biases": "biases; the same",
            "layers[].params": TOTALS["params"],
            "layers[].buffers": "elements of state that is no parameter: running means and variances",
            "layers[].macs": "multiply-accumulates for all `count` tensors",
            "layers[].activations": "elements that the step writes; 0 for a view",
            "layers[].receptive_field": FIELD["receptive_field"],
            "layers[].effective_stride": FIELD["effective_stride"],
            "layers[].effective_padding": "input positions by which the first unit's window begins before the input",
            "layers[].covers_input": FIELD["covers_input"],
            "layers[].misaligned": "whether paths of different effective strides meet",
            "layers[].frozen": "whether the parameters are not trained",
            "layers[].shared_with": "the path of the step whose parameters this one uses, or null",
            "layers[].formula": "the derivation of each figure with its numbers",
            "outputs": "the named outputs and their sizes",
            "outputs.NAME": "sizes without the batch axis",
            "totals": "sums over all rows",
            "totals.layers": "executed steps",
            "totals.weights": "weights",
            "totals.biases": "biases",
            **{f"totals.{key}": meaning for key, meaning in TOTALS.items()},
            "totals.trainable": "parameters of steps that are not frozen",
            "totals.buffers": "elements of state that is no parameter",
            "conditions": "what must hold for the symbols, in the language's spelling",
            "memory": "only with `--dtype`",
            "memory.dtype": "the element type",
            "memory.params": "bytes of all parameters",
            "memory.activations": "bytes of all activations",
            "memory.peak_activations": "bytes of the peak; null where symbols leave it open",
        },
    ),
    Command(
        "compare",
        "A list with one object for each architecture.",
        (
            ("compare", "stack_3x3", "stack_5x5"),
            ("compare", "resnet18", "faster_rcnn"),
            ("compare", "alexnet:input=3,H,W", "unet:input=3,H,W"),
            ("compare", "sizes.yaml", "small.yaml"),
        ),
        {
            "[].architecture": "the name in the call",
            "[].params": TOTALS["params"],
            "[].conv_params": "parameters of convolutions, transposed ones too",
            "[].linear_params": "parameters of linear layers",
            "[].macs": TOTALS["macs"],
            "[].flops": TOTALS["flops"],
            "[].activations": TOTALS["activations"],
            "[].peak_activations": TOTALS["peak_activations"],
            "[].weighted_layers": "convolutions and linear layers, each set of weights once",
            "[].receptive_field": "that of the first output",
            "[].covers_input": "whether that output reads the whole input",
            "[].effective_stride": "that of the last step on the way to the first output whose units have an order",
            "[].outputs": "the named outputs and their sizes",
            "[].outputs.NAME": "sizes without the batch axis",
            "[].largest": "the path of the first layer with the most parameters; null where symbols leave it open",
            "[].ratios": "each quantity as a multiple of the first architecture's; null where there is none",
            **{
                f"[].ratios.{quantity}": f"of `{quantity}`"
                for quantity in (
                    "params",
                    "conv_params",
                    "linear_params",
                    "macs",
                    "flops",
                    "activations",
                    "peak_activations",
                )
            },
        },
    ),
    Command(
        "compare --layers",
        "Two networks, lined up.",
        (("compare", "alexnet", "alexnet_2012", "--layers"), ("compare", "alexnet_2012", "alexnet", "--layers")),
        {
            "architectures": "the two names",
            "steps": "the steps of both, in order",
            "steps[].kind": "`same`, `changed`, `removed` or `added`",
            "steps[].left": "the step of the first, a row as in `show`; null where it was added",
            "steps[].right": "the step of the second; null where it was removed",
        },
    ),
    Command(
        "explain",
        "One object.",
        (("explain", "alexnet", "conv2"), ("explain", "stack_3x3")),
        {
            "name": "what the file calls the network",
            "steps": "the explained steps",
            "steps[].path": "the step",
            "steps[].type": "its layer",
            "steps[].figures": "one for each figure",
            **{f"steps[].figures[].{key}": meaning for key, meaning in FIGURE.items()},
            "whole": "the figures of the whole network; null where a step was named",
            **{f"whole[].{key}": meaning for key, meaning in FIGURE.items()},
        },
    ),
    Command(
        "sweep",
        "One object.",
        (
            ("sweep", "densenet_cifar", "--set", "k=12,24", "--input", "3,32,32", "--input", "3,2,2"),
            ("sweep", "faster_rcnn", "--set", "regions=R"),
            ("sweep", "sizes.yaml", "--set", "n=2,N"),
        ),
        {
            "name": "what the file calls the network",
            "rows": "one for each combination",
            "rows[].values": "the chosen values as they were written, by name",
            "rows[].values.NAME": "one value",
            "rows[].error": "why the combination does not fit, and then no figures; else null",
            "rows[].outputs": "the named outputs and their sizes",
            "rows[].outputs.NAME": "sizes without the batch axis",
            **{f"rows[].{key}": meaning for key, meaning in TOTALS.items()},
            "rows[].receptive_field": "that of the first output",
        },
    ),
    Command(
        "check",
        "A list with one object for each architecture.",
        (("check", "lenet5", "branches.yaml", "regions.yaml", "sizes.yaml"),),
        {
            "[].architecture": "the name in the call",
            "[].agrees": "whether torch agrees with every figure, and no claim fails",
            "[].layers": "steps that were checked",
            "[].figures": "one for each figure of each step",
            "[].figures[].path": "the step",
            "[].figures[].quantity": "which figure",
            "[].figures[].computed": "what paramcalc computes",
            "[].figures[].torch": "what torch says",
            "[].figures[].agrees": "whether the two are equal",
            "[].fields": "one for each unit whose receptive field was measured by a gradient",
            "[].fields[].path": "the step",
            "[].fields[].axis": "the axis of the input",
            "[].fields[].unit": "the index of the unit along that axis, or `all`",
            "[].fields[].computed": "first and last position that it should read; null for none",
            "[].fields[].torch": "first and last position where the gradient is not 0; null for none",
            "[].fields[].clipped": "whether the interval reaches beyond the input",
            "[].fields[].agrees": "whether the two are equal",
            "[].not_checked": "steps that torch cannot express, by path",
            "[].not_checked.NAME": "the reason",
            "[].claims": "the verdicts on published figures, as below",
            **{f"[].claims[].{key}": meaning for key, meaning in CLAIM.items()},
        },
    ),
    Command(
        "check --claims",
        "A list with one object for each claim.",
        (("check", "alexnet", "branches.yaml", "--claims"),),
        {f"[].{key}": meaning for key, meaning in CLAIM.items()},
    ),
    Command(
        "check --max and --min",
        "A list with one object for each budget.",
        (
            ("check", "squeezenet1_1", "--max", "params=1.3M", "--min", "receptive_field=200"),
            ("check", "sizes.yaml", "--max", "macs=0.5k", "--input", "N,N,8"),
        ),
        {
            "[].architecture": "the name in the call",
            "[].quantity": "what is bounded",
            "[].bound": "`max` or `min`",
            "[].budget": "the bound",
            "[].computed": "the computed values, one per axis where there are axes",
            "[].kept": "whether the budget is kept; null where that is unknown or depends on symbols",
        },
    ),
    Command(
        "check --against",
        "A list with one object for each architecture.",
        (
            ("check", "small.yaml", "--against", "torch.nn:Linear", "--against-args", "8, 4"),
            ("check", "sizes.yaml", "--against", "torch.nn:Identity"),
        ),
        {
            "[].name": "the name in the call",
            "[].against": "the module's name",
            "[].agrees": "whether the layers with parameters have the same shapes, in order",
            "[].params": "parameters of both",
            "[].buffers": "buffers of both",
            "[].layers": "pairs of layers with parameters; null on the side that has none",
        },
    ),
    Command(
        "list",
        "A list with one object for each bundled architecture.",
        (("list",),),
        {
            "[].name": "what commands call it",
            "[].title": "what the file calls it",
            "[].params": TOTALS["params"],
            "[].macs": TOTALS["macs"],
            "[].source": "where it is published",
        },
    ),
)


def json_section() -> str:
    """A table of keys for each command."""
    with tempfile.TemporaryDirectory() as name:
        for file, text in FILES.items():
            (Path(name) / file).write_text(text, encoding="utf-8")
        return "\n".join(section(command, Path(name)) for command in COMMANDS)


def section(command: Command, folder: Path) -> str:
    """The keys of one command's JSON, with types as they occur."""
    found: dict[str, list[Any]] = {}
    for call in command.calls:
        for path, value in keys(sample(call, folder), ""):
            found.setdefault(path, []).append(value)
    wrong = [f"no meaning of {path}" for path in found if path not in command.meanings]
    wrong += [f"no sample holds {path}" for path in command.meanings if path not in found]
    if wrong:
        raise SystemExit(f".ci/json_keys.py, {command.title}: {'; '.join(wrong)}")
    lines = ["| key | type | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{path}` | {type_of(found[path])} | {meaning} |" for path, meaning in command.meanings.items()]
    return "\n".join([f"## {command.title}\n", f"{command.about}\n", *lines, ""])


def sample(call: Sequence[str], folder: Path) -> Any:
    """What a call writes as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "paramcalc", *call, "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    if done.returncode == 2:
        raise SystemExit(f".ci/json_keys.py: {' '.join(call)} fails:\n{done.stderr}")
    return json.loads(done.stdout)


def keys(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every key of a JSON value, with what it holds; keys of maps are NAME."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield from keys(item, f"{path}[]")
        return
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        inside = f"{path}.{'NAME' if path in MAPS else key}".lstrip(".")
        yield inside, item
        if inside not in ROWS:
            yield from keys(item, inside)


NAMES = {bool: "true or false", int: "integer", float: "number", str: "text", dict: "object"}


def type_of(values: Sequence[Any], plural: str = "") -> str:
    """The types of JSON values: `list of integers or texts, or null`."""
    kinds = [f"{name}{plural}" for kind, name in NAMES.items() if any(type(value) is kind for value in values)]
    inside = [item for value in values if isinstance(value, list) for item in value]
    if any(isinstance(value, list) for value in values):
        kinds.insert(0, f"list{plural} of {type_of(inside, 's')}" if inside else f"list{plural}")
    if None in values:
        kinds.append(f"null{plural}")
    mixed = ", or " if any(" or " in kind for kind in kinds) else " or "
    return mixed.join(kinds)
