"""Comparisons: what is the same is told to be the same, and every step is somewhere."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import paramcalc
from paramcalc import Comparison, ParamcalcError, Report, Row, compare, limits
from paramcalc.render.compare import more_or_fewer, percent, times
from paramcalc.report.comparison import Kind, Pair, common, line_up
from paramcalc.report.quantities import COMPARED, keys, quantities
from tests.calling import call
from tests.documents import Document, Step, documents, pairs_of_documents

KINDS_TURNED = {"same": "same", "changed": "changed", "removed": "added", "added": "removed"}


def bundled(name: str, **given: Any) -> Report:
    return paramcalc.analyze(paramcalc.load(name, **given))


def small(*layers: Step, input: tuple[Any, ...] = (3, 16, 16)) -> Report:
    return Document(input, list(layers), {}).load()[1]


def computed(row: Row) -> tuple[Any, ...]:
    """All that is computed of a row."""
    return (
        row.type,
        *(row.output, row.count, row.weights, row.biases, row.params, row.buffers, row.macs, row.activations),
        *(row.receptive_field, row.effective_stride, row.effective_padding, row.covers_input, row.misaligned),
        row.frozen,
    )


def ratios(comparison: Comparison, key: str) -> list[Fraction | None]:
    return comparison.ratios(key)


def turned(pairs: list[Pair]) -> list[tuple[str, int, int]]:
    """Pairs the other way round, with the identities of their rows."""
    return [(KINDS_TURNED[pair.kind.value], id(pair.right), id(pair.left)) for pair in pairs]


def identified(pairs: list[Pair]) -> list[tuple[str, int, int]]:
    return [(pair.kind.value, id(pair.left), id(pair.right)) for pair in pairs]


# -- laws ---------------------------------------------------------------------------------------


@given(documents())
def test_a_network_is_equal_to_itself(document: Document) -> None:
    (_, left), (_, right) = document.load(), document.load()
    comparison = compare(left, right)
    assert comparison.equal
    assert [pair.kind for pair in line_up(left, right)] == [Kind.same] * len(left.layers)
    for quantity in quantities(COMPARED):
        value = quantity.of_whole(comparison.summaries[0])
        assert comparison.ratios(quantity.key) == [Fraction(1) if value else None] * 2


@given(pairs_of_documents())
def test_every_step_of_both_sides_is_in_the_pairs_once_and_in_order(both: tuple[Document, Document]) -> None:
    left, right = both[0].load()[1], both[1].load()[1]
    pairs = line_up(left, right)
    assert [id(pair.left) for pair in pairs if pair.left] == [id(row) for row in left.layers]
    assert [id(pair.right) for pair in pairs if pair.right] == [id(row) for row in right.layers]
    for pair in pairs:
        assert {
            Kind.same: pair.left is not None and pair.right is not None,
            Kind.changed: pair.left is not None and pair.right is not None,
            Kind.removed: pair.left is not None and pair.right is None,
            Kind.added: pair.left is None and pair.right is not None,
        }[pair.kind]


@given(pairs_of_documents())
def test_what_is_the_same_has_the_same_figures_and_what_changed_has_others(both: tuple[Document, Document]) -> None:
    left, right = both[0].load()[1], both[1].load()[1]
    for pair in line_up(left, right):
        if pair.left and pair.right:
            assert (computed(pair.left) == computed(pair.right)) == (pair.kind is Kind.same)


@given(pairs_of_documents())
def test_the_other_way_round_everything_is_turned(both: tuple[Document, Document]) -> None:
    left, right = both[0].load()[1], both[1].load()[1]
    assert identified(line_up(right, left)) == turned(line_up(left, right))
    there, back = compare(left, right), compare(right, left)
    assert there.equal == back.equal
    for quantity in quantities(COMPARED):
        ours, theirs = (quantity.of_whole(summary) for summary in there.summaries)
        assert there.ratios(quantity.key)[1] == (Fraction(theirs, ours) if ours else None)
        assert back.ratios(quantity.key)[1] == (Fraction(ours, theirs) if theirs else None)


@given(pairs_of_documents())
def test_equal_means_the_same_step_by_step(both: tuple[Document, Document]) -> None:
    left, right = both[0].load()[1], both[1].load()[1]
    equal = compare(left, right).equal
    alike = [computed(row) for row in left.layers] == [computed(row) for row in right.layers]
    assert equal == (alike and left.input == right.input)
    if equal:
        assert all(pair.kind is Kind.same for pair in line_up(left, right))


WORDS = st.lists(st.sampled_from("abc"), max_size=7)


@given(WORDS, WORDS)
def test_common_places_are_a_longest_common_subsequence(left: list[str], right: list[str]) -> None:
    pairs = common(left, right)
    assert [left[i] for i, _ in pairs] == [right[j] for _, j in pairs]
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))
    longest = max(n for n in range(len(left) + 1) if set(combinations(left, n)) & set(combinations(right, n)))
    assert len(pairs) == longest


def test_lists_too_long_to_hold_are_not_lined_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINED_UP", 11)
    assert common("aaa", "aaaa") == []
    assert len(common("aaa", "aaa")) == 3


# -- facts --------------------------------------------------------------------------------------


def kinds(pairs: list[Pair]) -> list[tuple[str, str | None, str | None]]:
    paths = ((pair.left.path if pair.left else None, pair.right.path if pair.right else None) for pair in pairs)
    return [(pair.kind.value, *path) for pair, path in zip(pairs, paths, strict=True)]


def conv(out: int, kernel: int = 1, **more: Any) -> Step:
    return {"conv": {"out": out, "kernel": kernel, **more}}


def test_a_step_put_in_shifts_no_other() -> None:
    left, right = small(conv(8), "relu", conv(16), "relu"), small(conv(8), "relu", conv(8), conv(16), "relu")
    assert kinds(line_up(left, right)) == [
        ("same", "conv1", "conv1"),
        ("same", "relu1", "relu1"),
        ("added", None, "conv2"),
        ("same", "conv2", "conv3"),
        ("same", "relu2", "relu2"),
    ]


def test_another_input_keeps_every_step_beside_itself() -> None:
    # conv4 at 448 has the shapes that conv3 has at 224: names decide
    pairs = line_up(bundled("vgg13"), bundled("vgg13", input=[3, 448, 448]))
    assert all(pair.left and pair.right and pair.left.path == pair.right.path for pair in pairs)


def test_names_alone_are_no_difference() -> None:
    left = small({**as_step("relu"), "name": "x"}, {**as_step("relu"), "name": "y"})
    right = small({**as_step("relu"), "name": "y"}, {**as_step("relu"), "name": "x"})
    assert compare(left, right).equal
    assert kinds(line_up(left, right)) == [("same", "x", "y"), ("same", "y", "x")]


def as_step(kind: str) -> dict[str, Any]:
    return {kind: None}


def test_names_swapped_between_layers_are_lined_up_the_same_both_ways() -> None:
    left = small({**as_step("relu"), "name": "x"}, {**as_step("sigmoid"), "name": "y"})
    right = small({**as_step("sigmoid"), "name": "x"}, {**as_step("relu"), "name": "y"})
    assert identified(line_up(right, left)) == turned(line_up(left, right))


def test_padding_at_another_side_is_a_difference() -> None:
    left, right = small(conv(4, 3, padding=1)), small(conv(4, 3, padding=[[0, 2], [1, 1]]))
    assert not compare(left, right).equal
    (pair,) = line_up(left, right)
    assert pair.kind is Kind.changed
    assert pair.only_field


def test_another_input_is_a_difference_even_where_no_step_shows_it() -> None:
    cut: Step = {"slice": {"axis": 1, "stop": 8}}
    assert not compare(small(cut, input=(3, 10, 9)), small(cut, input=(3, 16, 9))).equal
    assert compare(small(cut, input=(3, 16, 9)), small(cut, input=(3, 16, 9))).equal


def test_two_3x3_against_one_5x5_as_the_lecture_counts_them() -> None:
    first, second = (bundled(name) for name in ("stack_3x3", "stack_5x5"))
    comparison = compare(first, second)
    assert [summary.totals.params for summary in comparison.summaries] == [3 * 3 * 128 * 128 * 2, 5 * 5 * 128 * 128]
    assert [summary.receptive_field for summary in comparison.summaries] == [[5, 5], [5, 5]]
    assert ratios(comparison, "params") == [1, Fraction(25, 18)]
    assert ratios(comparison, "linear_params") == [None, None]
    assert comparison.names == ("Two 3x3 convolutions", "One 5x5 convolution")


def test_alexnet_s_first_linear_layer_with_and_without_pool5() -> None:
    # the lecture's fc1 reads 13x13, the 2012 model's fc6 reads 6x6 behind pool5
    pairs = line_up(bundled("alexnet"), bundled("alexnet_2012"))
    changed = {
        (pair.left.weights, pair.right.weights)
        for pair in pairs
        if pair.kind is Kind.changed and pair.left and pair.right
    }
    assert (13 * 13 * 256 * 4096, 6 * 6 * 256 * 4096) in changed
    (added,) = (pair.right for pair in pairs if pair.kind is Kind.added)
    assert added
    assert (added.type, added.output) == ("max_pool", (256, 6, 6))
    assert not [pair for pair in pairs if pair.kind is Kind.removed]


def test_resnet_101_is_resnet_50_with_17_more_blocks_of_10_steps() -> None:
    # 23 bottlenecks in the fourth stage instead of 6 (He et al. 2016, Table 1)
    pairs = line_up(bundled("resnet50"), bundled("resnet101"))
    assert sum(pair.kind is Kind.added for pair in pairs) == 17 * 10
    assert not [pair for pair in pairs if pair.kind is Kind.removed]


def test_three_are_compared_with_the_first() -> None:
    # parameters of torchvision's models
    comparison = compare(*map(bundled, ("resnet18", "resnet34", "resnet50")), names=("a", "b", "c"))
    assert ratios(comparison, "params") == [
        1,
        Fraction(21_797_672, 11_689_512),
        Fraction(25_557_032, 11_689_512),
    ]


def test_one_is_too_few() -> None:
    with pytest.raises(ParamcalcError, match="at least two"):
        compare(bundled("lenet5"))


def test_ratios_with_symbols_are_told_where_they_are_numbers() -> None:
    one, two = small(conv(4), input=(3, "H", "W")), small(conv(8), input=(3, "H", "W"))
    comparison = compare(one, two)
    assert ratios(comparison, "macs") == [1, 2]
    assert ratios(comparison, "params") == [1, 2]
    assert ratios(compare(one, small(conv(8), input=(3, 5, 7))), "macs") == [1, None]


# -- the command line ---------------------------------------------------------------------------


def test_at_a_glance() -> None:
    text = " ".join(call("compare", "stack_3x3", "stack_5x5").out.split())
    assert "stack_3x3 against stack_5x5: same field 5×5; params 294,912 against 409,600, 28.0% fewer" in text
    # 294912 : 409600 is 18 : 25, which is 28% fewer, and 38.9% more the other way round
    back = " ".join(call("compare", "stack_5x5", "stack_3x3").out.split())
    assert "params 409,600 against 294,912, 38.9% more" in back


def test_what_nearly_is_nothing_is_told_from_what_is() -> None:
    # Caffe's ResNet-50 has a bias of 64 on its first convolution: 25,557,096 parameters instead of 25,557,032
    assert (times(Fraction(25_557_096, 25_557_032)), times(Fraction(1))) == ("×1.000", "×1")
    assert more_or_fewer(Fraction(25_557_032, 25_557_096)) == "under 0.1% fewer"
    assert more_or_fewer(Fraction(25_557_096, 25_557_032)) == "under 0.1% more"
    assert more_or_fewer(Fraction(1, 10_000)) == "over 99.9% fewer"
    assert more_or_fewer(Fraction(0)) == "100.0% fewer"
    assert more_or_fewer(Fraction(18, 25)) == "28.0% fewer"
    assert more_or_fewer(Fraction(47, 10)) == "4.7 times as many"
    assert [percent(Fraction(part, 10_000)) for part in (0, 1, 9_999, 10_000)] == [
        "0.0%",
        "under 0.1%",
        "over 99.9%",
        "100.0%",
    ]


@given(st.fractions(Fraction(1, 10**6), 10**6))
def test_a_ratio_on_the_page_is_near_the_ratio(share: Fraction) -> None:
    text = times(share)
    assert text
    assert abs(Fraction(text.removeprefix("×").replace(",", "")) - share) <= share / 1000
    assert (text == "×1") == (share == 1)


def test_the_exit_status_tells_a_difference_only_when_asked() -> None:
    assert call("compare", "vgg16", "vgg19").status == 0
    assert call("compare", "vgg16", "vgg19", "--exit-code").status == 1
    assert call("compare", "vgg16", "vgg16", "vgg16.yaml", "--exit-code").status == 0
    assert call("compare", "resnet50", "resnet50:stride_in_1x1=true", "--layers", "--exit-code").status == 1
    assert call("compare", "resnet50", "resnet50:stage4=6", "--layers", "--exit-code").status == 0


def test_an_architecture_carries_its_own_values() -> None:
    done = call("compare", "resnet50", "resnet50:classes=10:input=3,256,256", "--format", "json")
    first, second = json.loads(done.out)
    assert (first["params"], first["params"] - second["params"]) == (25_557_032, 990 * 2_049)
    assert [first["outputs"], second["outputs"]] == [{"output": [1000]}, {"output": [10]}]
    assert second["macs"] > first["macs"]


def test_own_values_come_before_those_for_all() -> None:
    own = call("compare", "lenet5:input=1,36,36", "lenet5", "--input", "1,32,32", "--format", "json")
    apart = [call("show", "lenet5", "--input", shape, "--format", "json") for shape in ("1,36,36", "1,32,32")]
    assert [each["macs"] for each in json.loads(own.out)] == [json.loads(done.out)["totals"]["macs"] for done in apart]


def test_json_of_lined_up_steps_holds_every_row_of_show() -> None:
    pairs = json.loads(call("compare", "alexnet", "alexnet_2012", "--layers", "--format", "json").out)
    assert pairs["architectures"] == ["alexnet", "alexnet_2012"]
    for side, name in (("left", "alexnet"), ("right", "alexnet_2012")):
        rows = json.loads(call("show", name, "--format", "json").out)["layers"]
        assert [step[side] for step in pairs["steps"] if step[side]] == rows


NUMBERS = re.compile(r"[0-9][0-9,]*")


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "alexnet", "vgg16", "googlenet", "resnet152"),
        ("compare", "alexnet", "alexnet_2012", "--layers", "--full"),
        ("compare", "resnet152", "resnet152:classes=10", "--layers"),
        ("compare", "rcnn", "fast_rcnn_caffenet", "--input", "3,H,W"),
    ],
    ids=" ".join,
)
def test_no_page_cuts_a_number(arguments: tuple[str, ...]) -> None:
    everything = set(NUMBERS.findall(call(*arguments).out))
    for columns in (40, 80, 120, 200):
        done = call(*arguments, columns=columns)
        assert done.status == 0, done.err
        assert set(NUMBERS.findall(done.out)) <= everything


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_page_holds_every_quantity_of_every_architecture(columns: int) -> None:
    names = ("alexnet", "vgg16", "googlenet", "resnet152")
    text = call("compare", *names, columns=columns).out
    for entry in json.loads(call("compare", *names, "--format", "json").out):
        for quantity in (*keys(COMPARED), "weighted_layers"):
            assert f"{entry[quantity]:,}" in text
    assert max(map(len, text.splitlines())) <= max(columns, 60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare"], "compare needs at least two architectures"),
        (["compare", "alexnet"], "compare needs at least two architectures"),
        (["compare", "alexnet", "--layers"], "--layers lines up two architectures, got 1"),
        (["compare", "alexnet", "vgg16", "vgg19", "--layers"], "--layers lines up two architectures, got 3"),
        (["compare", "alexnet", "alexnt"], "did you mean 'alexnet'?"),
        (["compare", "alexnet", "alexnet:clases=3"], "did you mean 'classes'?"),
        (["compare", "alexnet", "alexnet:classes="], "expected NAME=VALUE"),
        (["compare", "alexnet", "alexnet:input=3,20,20"], "the window of max_pool spans 3"),
        (["compare", "alexnet", "alexnet:input="], "expected 1 to 4 sizes"),
    ],
)
def test_a_wrong_call_ends_with_a_message_and_status_2(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err
