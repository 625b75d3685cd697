"""Explanations: both sides of every equation are equal, and the result is the figure that is reported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc
from paramcalc import Network, ParamcalcError, Report, Row, Size, substitute
from paramcalc.algebra.receptive_field import Ordered
from paramcalc.language.library import bundled_names
from paramcalc.network import Node
from paramcalc.report.explain import Explanation, explain, explain_whole, steps_of
from tests.calling import call
from tests.documents import Document, documents
from tests.layers.networks import Sketch, maps_of, rearranged
from tests.strategies import Step as Window

# -- an evaluator of its own --------------------------------------------------------------------

TOKENS = re.compile(r"\s*([0-9][0-9,]*|[A-Za-z_]\w*|[-+−·/()⌊⌋⌈⌉²=*])")
CLOSING = {"(": ")", "⌊": "⌋", "⌈": "⌉"}


class Evaluator:
    """Arithmetic as it is written on paper: `⌊(227 + 2·2 − 11)/4⌋ + 1`, exactly."""

    def __init__(self, text: str, names: Mapping[str, int]) -> None:
        self.tokens: list[str] = []
        place = 0
        while place < len(text.rstrip()):
            match = TOKENS.match(text, place)
            assert match, f"{text!r} at {place}"
            self.tokens.append(match[1])
            place = match.end()
        self.names = names

    def sides(self) -> list[Fraction]:
        """The value of each side of the equation."""
        values = [self.sum()]
        while self.tokens:
            assert self.tokens.pop(0) == "="
            values.append(self.sum())
        return values

    def sum(self) -> Fraction:
        negative = self.tokens[0] == "−"
        if negative:
            self.tokens.pop(0)
        total = -self.product() if negative else self.product()
        while self.tokens and self.tokens[0] in "+−":
            total = total + self.product() if self.tokens.pop(0) == "+" else total - self.product()
        return total

    def product(self) -> Fraction:
        total = self.factor()
        while self.tokens and self.tokens[0] in "·/":
            total = total * self.factor() if self.tokens.pop(0) == "·" else total / self.factor()
        return total

    def factor(self) -> Fraction:
        token = self.tokens.pop(0)
        if token in CLOSING:
            inner = self.sum()
            assert self.tokens.pop(0) == CLOSING[token]
            value = {"(": inner, "⌊": Fraction(floor(inner)), "⌈": Fraction(ceil(inner))}[token]
        elif token[0].isdigit():
            assert re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})*", token), token
            value = Fraction(token.replace(",", ""))
        else:
            value = Fraction(self.names[token])
        if self.tokens and self.tokens[0] == "²":
            self.tokens.pop(0)
            return value * value
        return value


def equation(text: str, names: Mapping[str, int]) -> Fraction:
    """The value of an equation, whose sides must be equal."""
    values = Evaluator(text, names).sides()
    assert len(set(values)) == 1, f"{text}: {values}"
    return values[0]


def test_the_evaluator_knows_its_arithmetic() -> None:
    assert equation("⌊(227 + 2·2 − 11)/4⌋ + 1", {}) == 56
    assert equation("1,024/2² = 256", {}) == 256
    assert equation("⌈(5 − 0)/2⌉ = 3 = 9/3", {}) == 3
    assert equation("−2·(H − 1) + 3·⌈H/2⌉", {"H": 5}) == 1
    with pytest.raises(AssertionError):
        equation("2 + 2 = 5", {})
    with pytest.raises(AssertionError):
        equation("1024", {})


# -- each step ----------------------------------------------------------------------------------

UNKNOWN = ("unknown", "depends on the symbols")
HULL = re.compile(r"(?P<path>.+?) (?P<size>[0-9,]+|nothing)")


def whole_periods(node: Node) -> bool:
    """Whether a node has units for all of the period whose largest field is explained; a crop may leave fewer."""
    axes = [axis for axis in node.fields or () if isinstance(axis, Ordered)]
    parts = [(axis.units, len(part.intervals)) for axis in axes for part in axis.maps]
    return not any(isinstance(units, int) and units < period for units, period in parts)


def results(node: Node, part: Explanation, names: Mapping[str, int]) -> Iterator[Fraction]:
    """The value of an explanation, after its own arithmetic; nothing where there is none."""
    text = part.with_numbers
    if part.rule == "the hull of what the branches read":
        paths, _, last = text.rpartition(": ")
        told = [match["size"] for match in map(HULL.fullmatch, paths.split(", ")) if match]
        sizes = [equation(size, names) for size in told if size != "nothing"]
        assert len(told) == len([source for source in node.inputs if source.source is node.source])
        if last == "nothing":
            assert sizes == []
            return
        if sizes and all(map(whole_periods, node.inputs)):
            assert equation(last, names) >= max(sizes)
        yield equation(last, names)
    elif part.rule.startswith("the largest of"):
        units, _, last = text.rpartition(": ")
        number = int(re.sub(r"\D", "", part.rule))
        told = units.removesuffix(", …").split(", ")
        sizes = [equation(size, names) for size in told if size != "nothing"]
        assert len(told) == min(number, 8)
        if last == "nothing":
            assert sizes == []
            return
        largest = max(sizes, default=Fraction(0))
        assert equation(last, names) == largest or (number > 8 and equation(last, names) > largest)
        yield equation(last, names)
    elif not text.startswith(UNKNOWN) and text != "nothing":
        yield equation(text, names)


def numbers(values: Sequence[Size | Fraction | None] | None, names: Mapping[str, int]) -> set[Fraction]:
    """Sizes with numbers in place of symbols."""
    known = (value for value in values or () if value is not None)
    return {value if isinstance(value, Fraction) else Fraction(str(substitute(value, names))) for value in known}


def agrees_with_the_row(node: Node, row: Row, rows: Sequence[Row], names: Mapping[str, int]) -> None:
    """Every explanation of a step against its row; `names` has numbers for symbols."""
    found: dict[str, list[Fraction]] = {}
    parts = explain(node)
    for part in parts:
        if part.quantity != "shared with":
            found.setdefault(part.quantity, []).extend(results(node, part, names))
    owner = next(other for other in rows if other.path == row.shared_with) if row.shared_with else row
    for quantity, value in (
        ("weights", owner.weights),
        ("biases", owner.biases),
        ("buffers", owner.buffers),
        ("MACs", row.macs),
    ):
        assert found.pop(quantity, [Fraction(0)]) == list(numbers([value], names)), (row.path, quantity)
    sizes = set(found.pop("size", []))
    assert sizes <= numbers(row.output, names), row.path
    if row.type in ("conv", "conv_transpose", "max_pool", "avg_pool"):
        assert sizes == numbers(row.output[1:], names), row.path
    field = set(found.pop("field", []))
    if row.receptive_field is not None:
        assert field == numbers(row.receptive_field, names), row.path
    starts_from_its_input(node, parts, rows, names)
    stride = set(found.pop("stride", []))
    assert stride <= numbers(row.effective_stride, names), row.path
    assert not found
    explains_stride_where_it_changes(node, row, rows, stride, names)


def starts_from_its_input(
    node: Node, parts: Sequence[Explanation], rows: Sequence[Row], names: Mapping[str, int]
) -> None:
    """What an explanation says of the input is what the input's row says."""
    source = node.inputs[0]
    axes = len(source.source.output.shape) - 1
    fields = rows[source.index].receptive_field if source.layer else [1] * axes
    strides = rows[source.index].effective_stride if source.layer else [1] * axes
    for part in parts:
        if part.rule == "as its input" and part.with_numbers != "nothing":
            assert equation(part.with_numbers, names) in numbers(fields, names), node.path
        if part.rule == "field + (span − 1)·stride of input":
            before, stride = re.split(r" \+ \(.* − 1\)·", part.with_numbers.rpartition(" = ")[0])
            assert equation(before, names) in numbers(fields, names), node.path
            assert equation(stride, names) in numbers(strides, names), node.path
        if part.rule == "stride of input · stride":
            before = part.with_numbers.rpartition(" = ")[0].rpartition("·")[0]
            assert equation(before, names) in numbers(strides, names), node.path


def explains_stride_where_it_changes(
    node: Node, row: Row, rows: Sequence[Row], told: set[Fraction], names: Mapping[str, int]
) -> None:
    """A stride that is another than that of the input is explained."""
    if len(node.inputs) > 1 or row.effective_stride is None or row.misaligned:
        return
    source = node.inputs[0]
    before = rows[source.index].effective_stride if source.layer else [1] * len(row.effective_stride)
    for own, old in zip(row.effective_stride, before or (), strict=False):
        if own is not None and old is not None and own != old:
            assert numbers([own], names) <= told, row.path


@cache
def bundled(name: str) -> tuple[Network, Report]:
    """A bundled architecture as it is."""
    network = paramcalc.load(name)
    return network, paramcalc.analyze(network)


def every_step(network: Network, report: Report, names: Mapping[str, int]) -> None:
    for node, row in zip(network.nodes, report.layers, strict=True):
        agrees_with_the_row(node, row, report.layers, names)


@pytest.mark.parametrize("name", bundled_names())
def test_every_step_of_a_bundled_architecture(name: str) -> None:
    every_step(*bundled(name), {})


@given(documents())
def test_every_step_of_a_random_document(document: Document) -> None:
    network, report = document.load()
    every_step(network, report, {})


@given(st.one_of(maps_of(1, 60), maps_of(2, 24), maps_of(3, 9), rearranged(losing=True)))
def test_every_step_of_a_random_network(sketch: Sketch) -> None:
    every_step(sketch.network, paramcalc.analyze(sketch.network), {})


def symbolic(name: str) -> tuple[Network, Report, dict[str, int]]:
    """A bundled architecture with symbols for the sizes of its first input, and the sizes that it has by itself."""
    first = bundled(name)[0].inputs[0]
    symbols = {f"n{axis}": size for axis, size in enumerate(first.output.shape) if axis and isinstance(size, int)}
    network = paramcalc.load(name, input={first.path: [first.output.shape[0], *symbols]})
    return network, paramcalc.analyze(network), symbols


@pytest.mark.parametrize("name", bundled_names())
def test_symbols_with_numbers_in_give_the_figures(name: str) -> None:
    network, report, names = symbolic(name)
    concrete = bundled(name)[1]
    every_step(network, report, names)
    for node, row in zip(network.nodes, concrete.layers, strict=True):
        for part in explain(node):
            if part.quantity in ("MACs", "weights") and not row.shared_with:
                assert set(results(node, part, names)) == {Fraction(str(getattr(row, part.quantity.lower())))}
    for part in explain_whole(network, report):
        value = {"MACs": concrete.totals.macs, "params": concrete.totals.params, "FLOPs": concrete.totals.flops}
        if part.quantity in value:
            assert equation(part.with_numbers, names) == Fraction(str(value[part.quantity]))


# -- the whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", bundled_names())
def test_the_sums_of_a_bundled_architecture(name: str) -> None:
    network, report = bundled(name)
    told = {
        part.quantity: equation(part.with_numbers, {})
        for part in explain_whole(network, report)
        if ":" not in part.with_numbers
    }
    rows = report.layers
    assert told["params"] == sum(Fraction(str(row.weights)) + Fraction(str(row.biases)) for row in rows)
    assert told["MACs"] * 2 == told["FLOPs"] == 2 * sum(Fraction(str(row.macs)) for row in rows)
    assert told["activations"] == sum(Fraction(str(row.activations)) for row in rows)


ONE_WINDOW = re.compile(
    r"kernel (?P<kernel>[0-9,]+), stride (?P<stride>[0-9,]+), padding (?P<lo>[0-9,]+)(?: and (?P<hi>[0-9,]+))?"
    r": (?P<size>.*)"
)


def read_window(part: Explanation, names: Mapping[str, int]) -> tuple[str, Window, Fraction]:
    """The step that the window reaches to, the window, and the size that its formula gives."""
    match = ONE_WINDOW.fullmatch(part.with_numbers)
    assert match, part.with_numbers
    kernel, stride, lo, hi = (
        int((match[name] or match["lo"]).replace(",", "")) for name in ("kernel", "stride", "lo", "hi")
    )
    return part.rule.removeprefix("all steps to "), Window(kernel, stride, lo, hi), equation(match["size"], names)


def chain_to(network: Network, path: str) -> list[Node]:
    """The nodes from the first input to a step, which must follow one another."""
    (node,) = (node for node in network.nodes if node.path == path)
    found = []
    while node.layer:
        found.append(node)
        (node,) = node.inputs
    assert node is network.inputs[0]
    return found[::-1]


def windows_of(node: Node, axis: int) -> Window | None:
    """What a layer slides along an axis, from its fields; None for a layer without a window."""
    layer: Any = node.layer
    if node.type not in ("conv", "max_pool", "avg_pool"):
        return None
    kernel = layer.kernel
    stride = kernel if layer.stride is None else layer.stride
    dilation = getattr(layer, "dilation", 1)
    kernel, stride, dilation = (each[axis] if isinstance(each, tuple) else each for each in (kernel, stride, dilation))
    lo = hi = layer.padding
    if layer.padding == "same":
        n = int(str(node.inputs[0].output.shape[axis + 1]))
        missing = max((ceil(n / stride) - 1) * stride + dilation * (kernel - 1) + 1 - n, 0)
        lo, hi = missing // 2, missing - missing // 2
    elif isinstance(layer.padding, tuple):
        one = layer.padding[axis]
        lo, hi = one if isinstance(one, tuple) else (one, one)
    return Window(kernel, stride, lo, hi, dilation, getattr(layer, "ceil", False))


def reads(steps: Sequence[Window], unit: int) -> tuple[int, int]:
    """What a unit behind these windows reads, followed back from tap to tap."""
    lo = hi = unit
    for step in reversed(steps):
        taps = [step.stride * each - step.lo + step.dilation * tap for each in (lo, hi) for tap in range(step.kernel)]
        lo, hi = min(taps), max(taps)
    return lo, hi


def check_window(network: Network, part: Explanation, axes: Sequence[int], names: Mapping[str, int]) -> None:
    """One window against the windows that it stands for: what units read, and sizes."""
    path, window, size = read_window(part, names)
    nodes = chain_to(network, path)
    matched = False
    for axis in axes:
        steps = [step for node in nodes if (step := windows_of(node, axis))]
        first = network.inputs[0].output.shape[axis + 1]
        n = int(str(substitute(first, names)))
        if all(reads(steps, unit) == reads([window], unit) for unit in (0, 1, 2, 17)) and size == window.size(n):
            given_sizes = (
                [n]
                if any(node.layer and vars(node.layer).get("padding") == "same" for node in nodes)
                else [n, n + 1, n + 2, n + 31, 2 * n, 3 * n + 1]
            )
            assert all(through(steps, each) == window.size(each) for each in given_sizes)
            matched = True
    assert matched, part.with_numbers
    longer_is_no_chain(network, nodes[-1])


def through(steps: Sequence[Window], n: int) -> int:
    """The size behind windows."""
    for step in steps:
        n = step.size(n)
    return n


def longer_is_no_chain(network: Network, end: Node) -> None:
    """The step behind the end, if it is the only one that reads it, is no further window."""
    readers = [node for node in network.nodes if end in node.inputs]
    if len(readers) == 1 and len(readers[0].inputs) == 1:
        assert readers[0].type not in ("conv", "max_pool", "avg_pool", "relu", "batch_norm")


def windows_in(network: Network, report: Report) -> list[Explanation]:
    return [part for part in explain_whole(network, report) if part.quantity == "one window"]


@pytest.mark.parametrize("name", bundled_names())
def test_the_one_window_of_a_bundled_architecture(name: str) -> None:
    network, report = bundled(name)
    for part in windows_in(network, report):
        check_window(network, part, range(len(network.inputs[0].output.shape) - 1), {})


CHAINS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"out": st.just(1), "kernel": st.integers(1, 5)},
            optional={
                "stride": st.integers(1, 3),
                "padding": st.one_of(
                    st.integers(0, 3), st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda both: [list(both)])
                ),
                "dilation": st.integers(1, 3),
            },
        ).map(lambda fields: {"conv": fields}),
        st.tuples(st.integers(2, 4), st.booleans()).map(
            lambda both: {"max_pool": {"kernel": both[0], "ceil": both[1]}}
        ),
        st.sampled_from(["relu", "batch_norm", "dropout"]),
    ),
    min_size=1,
    max_size=6,
)


@given(CHAINS, st.integers(1, 60), st.booleans())
def test_the_one_window_of_a_random_chain(layers: list[Any], n: int, with_symbol: bool) -> None:
    document = Document((1, "n" if with_symbol else n), layers, {})
    try:
        network, report = document.load()
        sizes: dict[str, int] = {"n": n} if with_symbol else {}
        paramcalc.loads(document._replace(input=(1, n)).text)
    except ParamcalcError:
        return
    found = windows_in(network, report)
    sliding = [node for node in network.nodes if node.type in ("conv", "max_pool")]
    assert len(found) == (1 if len(sliding) > 1 else 0)
    for part in found:
        assert part.rule == f"all steps to {network.nodes[-1].path}"
        check_window(network, part, [0], sizes)


def test_published_windows_of_chains() -> None:
    # kernel, stride and padding of a chain are the receptive field, effective stride and effective padding
    # (google-research/receptive_field: vgg_16 212, 32, 90; torchvision's AlexNet by hand: 195, 32, 66)
    for name, expected in (("vgg16", (212, 32, 90)), ("alexnet_torchvision", (195, 32, 66))):
        (part,) = windows_in(*bundled(name))
        assert read_window(part, {})[1][:3] == expected


def test_a_chain_ends_where_paths_part() -> None:
    conv = {"conv": {"out": 1, "kernel": 3, "padding": 1}}
    steps: list[Any] = [conv, conv, {"add": {"longer": [conv, conv], "same": []}}, conv]
    network, report = Document((1, 9, 9), steps, {}).load()
    assert [(part.rule, part.with_numbers) for part in windows_in(network, report)] == [
        ("all steps to conv2", "kernel 5, stride 1, padding 2: 9 + 2·2 − 5 + 1 = 9")
    ]


def test_a_size_that_is_taken_from_a_step_parts_no_path() -> None:
    # FCN-32s crops to the size of its input; Long et al. 2015, Table 1: field 404, stride 32 at fc7
    (part,) = windows_in(*bundled("fcn32s"))
    assert read_window(part, {})[1][:2] == (404, 32)


def test_what_is_laid_out_anew_reads_as_before_or_as_far_as_its_largest_bin() -> None:
    # a 3x3 kernel reads 3 positions; the one bin of level 1 reads them all
    steps: list[Any] = [{"conv": {"out": 1, "kernel": 3}}]
    pyramid = {"spatial_pyramid_pool": {"levels": [2, 1]}}
    for last, expected in (("flatten", "each unit as before, in another order"), (pyramid, "the largest bin")):
        network, _ = Document((1, 9, 9), [*steps, last], {}).load()
        (field,) = [part for part in explain(network.nodes[-1]) if part.quantity == "field"]
        assert (field.rule, field.with_numbers) == (expected, "3" if last == "flatten" else "9")


def test_conditions_say_who_needs_them() -> None:
    network = paramcalc.load("vgg16_conv", input=[3, "H", "W"])
    parts = explain_whole(network, paramcalc.analyze(network))
    assert [part for part in parts if part.quantity == "condition"] == [
        ("condition", "needed by fc6", "H >= 224"),
        ("condition", "needed by fc6", "W >= 224"),
    ]


# -- which step ---------------------------------------------------------------------------------


def test_a_block_is_all_that_is_in_it() -> None:
    network = paramcalc.load("resnet50")
    found = [node.path for node in steps_of(network, "stage2.bottleneck2")]
    assert found == [node.path for node in network.nodes if node.path.startswith("stage2.bottleneck2.")]
    assert [node.path for node in steps_of(network, "fc")] == ["fc"]
    assert steps_of(network, "") == network.nodes


def test_every_path_that_show_prints_can_be_explained() -> None:
    network = paramcalc.load("googlenet")
    for node in network.nodes:
        assert node in steps_of(network, node.path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "alexnet", "conv9"], "no step is called 'conv9'; did you mean 'conv"),
        (["explain", "alexnet", "conv"], "no step is called 'conv'"),
        (["explain", "resnet50", "stage2.bottleneck9"], "no step is called 'stage2.bottleneck9'; did you mean"),
        (["explain", "alexnet", "zzzzzz"], "no step is called 'zzzzzz'"),
        (["explain", "alexnt"], "did you mean 'alexnet'?"),
        (["explain"], "Missing argument"),
        (["explain", "alexnet", "conv1", "conv2"], "unexpected extra argument"),
    ],
)
def test_a_wrong_call_ends_with_a_message_and_status_2(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


# -- the command line ---------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 80, 120, 200, None])
def test_no_page_cuts_an_equation(columns: int | None) -> None:
    for arguments in (("alexnet",), ("googlenet", "inception_3a"), ("vgg16_conv", "fc6", "--input", "3,H,W")):
        found = json.loads(call("explain", *arguments, "--format", "json").out)
        text = " ".join(call("explain", *arguments, columns=columns).out.split())
        parts = [part for step in found["steps"] for part in step["figures"]] + (found["whole"] or [])
        for part in parts:
            assert " ".join(part["here"].split()) in text


def test_the_lecture_s_products() -> None:
    # the course's table of AlexNet: 5·5·48·128·2 = 307k and 13·13·128·2·2048·2 = 177M
    text = call("explain", "alexnet", "conv2").out
    assert "5·5·48·128·2 = 307,200" in text
    assert "43,264·4,096 = 177,209,344" in call("explain", "alexnet", "fc1").out


def test_a_network_without_steps_explains_itself(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("name: Empty\ninput: [3, 8, 8]\nlayers: []\n", encoding="utf-8")
    done = call("explain", str(tmp_path / "empty.yaml"))
    assert (done.status, done.err) == (0, "")
    # the input stays alive: 3 * 8 * 8
    assert done.out.splitlines()[-1].endswith(" 192")


def test_a_whole_network_explains_every_step_and_itself() -> None:
    found = json.loads(call("explain", "lenet5", "--format", "json").out)
    rows = json.loads(call("show", "lenet5", "--format", "json").out)["layers"]
    assert [step["path"] for step in found["steps"]] == [row["path"] for row in rows]
    assert {part["quantity"] for part in found["whole"]} >= {"params", "MACs", "FLOPs", "activations", "one window"}
    assert json.loads(call("explain", "lenet5", "c1", "--format", "json").out)["whole"] is None
