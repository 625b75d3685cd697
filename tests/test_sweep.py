"""Sweeps: each row is what `show` says of that combination by itself."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import Network, ParamcalcError, limits, request
from paramcalc.commands.sweep import combinations
from paramcalc.commands.values import swept_setting
from paramcalc.language.build import build
from paramcalc.language.document import File
from tests.calling import call

SHARED = ("params", "macs", "flops", "activations", "peak_activations")


def swept(*arguments: str, status: int = 0) -> list[dict[str, Any]]:
    """The rows of a sweep, in JSON."""
    done = call("sweep", *arguments, "--format", "json")
    assert done.status == status, done.err
    rows = json.loads(done.out)["rows"]
    assert isinstance(rows, list)
    return rows


def is_what_show_says(row: dict[str, Any], *arguments: str) -> None:
    """One row against a call of its own."""
    shown = json.loads(call("show", *arguments, "--format", "json").out)
    assert row["error"] is None
    assert {name: row[name] for name in SHARED} == {name: shown["totals"][name] for name in SHARED}
    assert row["outputs"] == shown["outputs"]
    assert row["receptive_field"] == shown["layers"][-1]["receptive_field"]


# -- rows ---------------------------------------------------------------------------------------


def test_every_combination_is_what_show_says_of_it() -> None:
    rows = swept("densenet_cifar", "--set", "k=4,8", "--set", "L=10,16,22", "--input", "3,32,32", "--input", "3,40,40")
    choices = list(product(("3,32,32", "3,40,40"), ("4", "8"), ("10", "16", "22")))
    assert [tuple(row["values"].values()) for row in rows] == choices
    assert [list(row["values"]) for row in rows] == [["input", "k", "L"]] * len(rows)
    for row, (shape, k, L) in zip(rows, choices, strict=True):  # noqa: N806 - what the paper calls it
        is_what_show_says(row, "densenet_cifar", "--input", shape, "--set", f"k={k}", "--set", f"L={L}")


def test_published_totals_in_one_sweep() -> None:
    # He et al. 2016, Table 6: ResNet-20, 32, 44 and 56 have 0.27M, 0.46M, 0.66M and 0.85M parameters
    rows = swept("resnet20_cifar", "--set", "n=3..9:2")
    assert [f"{row['params'] / 10**6:.2f}" for row in rows] == ["0.27", "0.46", "0.66", "0.85"]


def test_inputs_of_a_network_with_several_are_swept_by_name() -> None:
    shapes = [["--input", f"image={image}"] for image in ("3,600,1000", "3,608,800")]
    rows = swept("fast_rcnn", *shapes[0], *shapes[1], "--set", "classes=21,2")
    assert [row["values"] for row in rows] == [
        {"image": image, "classes": classes} for image in ("3,600,1000", "3,608,800") for classes in ("21", "2")
    ]
    is_what_show_says(rows[2], "fast_rcnn", *shapes[1])
    is_what_show_says(rows[1], "fast_rcnn", *shapes[0], "--set", "classes=2")


def test_symbols_may_be_swept_beside_numbers() -> None:
    rows = swept("vgg16_conv", "--input", "3,H,W", "--input", "3,256,320")
    assert rows[0]["outputs"] == {"output": [1000, "H//32 - 6", "W//32 - 6"]}
    is_what_show_says(rows[0], "vgg16_conv", "--input", "3,H,W")
    is_what_show_says(rows[1], "vgg16_conv", "--input", "3,256,320")


def test_values_may_be_expressions_words_and_symbols() -> None:
    rows = swept("densenet_cifar", "--set", "k=max(4, 8),2*6,g", "--set", "bc=true, false")
    assert [row["values"] for row in rows] == [
        {"k": k, "bc": bc} for k in ("max(4, 8)", "2*6", "g") for bc in ("true", "false")
    ]
    is_what_show_says(rows[0], "densenet_cifar", "--set", "k=8", "--set", "bc=true")
    is_what_show_says(rows[3], "densenet_cifar", "--set", "k=12")
    assert "g" in rows[5]["params"]


def test_nothing_swept_is_one_row() -> None:
    (row,) = swept("lenet5")
    assert row["values"] == {}
    is_what_show_says(row, "lenet5")


def test_a_value_given_twice_is_two_rows() -> None:
    first, second = swept("densenet_cifar", "--set", "k=4,4")
    assert first == second


def test_the_file_is_read_once_and_each_combination_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[File] = []

    def recorded(file: File, *given: Any) -> Network:
        files.append(file)
        return build(file, *given)

    monkeypatch.setattr(request, "build", recorded)
    assert len(swept("densenet_cifar", "--set", "k=1..20", "--set", "L=10,16")) == len(files) == 40
    assert {id(file) for file in files} == {id(files[0])}


# -- what does not fit --------------------------------------------------------------------------


def test_what_does_not_fit_is_a_row_with_its_reason() -> None:
    rows = swept("densenet_cifar", "--set", "k=-1..1", status=1)
    assert [row["values"]["k"] for row in rows] == ["-1", "0", "1"]
    assert [row["error"] for row in rows] == [
        "out of conv must be at least 1, got -1",
        "out of conv must be at least 1, got 0",
        None,
    ]
    assert set(rows[0]) == {"values", "error"}
    done = call("sweep", "lenet5", "--input", "1,3,3", "--input", "1,32,32")
    assert done.status == 1
    assert "does not fit: the window of conv spans 5, but the input [1, 3, 3] has only 3" in done.out
    assert "1 of 2 combinations do not fit" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5", "--input", "1,3,3", "--input", "1,4,4"], "the window of conv spans 5"),
        (["densenet_cifar", "--set", "K=4,8"], "has no argument 'K'; did you mean 'k'?"),
        (["densenet_cifar", "--set", "k=4,8", "--set", "k=12"], "'k' is given twice; its values go into one list"),
        (["densenet_cifar", "--set", "k"], "expected NAME=VALUE,VALUE,… or NAME=FIRST..LAST:STEP"),
        (["densenet_cifar", "--set", "k="], "expected NAME=VALUE,VALUE,… or NAME=FIRST..LAST:STEP"),
        (["densenet_cifar", "--set", "=4"], "expected NAME=VALUE,VALUE,… or NAME=FIRST..LAST:STEP"),
        (["densenet_cifar", "--set", "k=4,,8"], "expected a number, a name or '('"),
        (["densenet_cifar", "--set", "k=(4,8"], "expected ')'"),
        (["densenet_cifar", "--set", "k=8..4"], "a range goes up"),
        (["densenet_cifar", "--set", "k=4..8:0"], "a range goes up"),
        (["densenet_cifar", "--set", "k=4..8:-2"], "a range goes up"),
        (["densenet_cifar", "--set", "k=4..n"], "a range is FIRST..LAST"),
        (["densenet_cifar", "--set", "k=4...8"], "a range is FIRST..LAST"),
        (["densenet_cifar", "--set", "k=1..100001"], "more than 100,000 values"),
        (["densenet_cifar", "--set", f"k=1..{10**18}"], "a number of more than 18 digits"),
        (["densenet_cifar", "--set", "k=1..400", "--set", "L=1..400"], "160,000 combinations; at most 100,000"),
        (["lenet5", "--input", "1,32,32", "--input", "img=1,8,8"], "there is no input 'img'"),
        (["lenet5", "--input", "1,32,32", "--input", "input=1,36,36"], "with and without its name"),
        (["lenet5", "--input", "1,32,32", "--input", ""], "expected 1 to 4 sizes"),
        (["lenet", "--input", "1,32,32"], "did you mean 'lenet5'?"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_call_ends_with_a_message_and_status_2(arguments: list[str], message: str) -> None:
    done = call("sweep", *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_too_many_combinations_are_refused_before_one_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "build", lambda *_: pytest.fail("a network was built"))
    assert call("sweep", "densenet_cifar", "--set", "k=1..1000", "--set", "L=1..1000").status == 2


# -- values -------------------------------------------------------------------------------------


@given(st.integers(-50, 50), st.integers(0, 60), st.integers(1, 20))
def test_a_range_holds_every_step_from_its_first_value_on(first: int, length: int, step: int) -> None:
    last = first + length
    expected = [str(first + step * index) for index in range(length + 1) if first + step * index <= last]
    name, values = swept_setting(f" width = {first} .. {last} : {step}")
    assert (name, [text for text, _ in values]) == ("width", expected)
    assert [argument.value for _, argument in values] == [int(text) for text in expected]
    if step == 1:
        assert [text for text, _ in swept_setting(f"width={first}..{last}")[1]] == expected


def test_both_ends_belong_to_a_range_where_its_steps_reach_them() -> None:
    assert [text for text, _ in swept_setting("k=16..128:16")[1]] == [str(16 * n) for n in range(1, 9)]
    assert [text for text, _ in swept_setting("k=16..127:16")[1]] == [str(16 * n) for n in range(1, 8)]
    assert [text for text, _ in swept_setting("k=5..5")[1]] == ["5"]
    assert [text for text, _ in swept_setting("k=-3..-1")[1]] == ["-3", "-2", "-1"]


def test_ranges_and_values_stand_in_one_list() -> None:
    assert [text for text, _ in swept_setting("k=1..3,8,16..32:8,2*k")[1]] == [
        "1",
        "2",
        "3",
        "8",
        "16",
        "24",
        "32",
        "2*k",
    ]


def test_commas_in_brackets_part_no_values() -> None:
    assert [text for text, _ in swept_setting("k=min(4, 8), [1, 2], (max(1, (2)))")[1]] == [
        "min(4, 8)",
        "[1, 2]",
        "(max(1, (2)))",
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.lists(st.integers(0, 9), min_size=1, max_size=4)),
        max_size=3,
        unique_by=lambda pair: pair[0],
    ),
    st.lists(st.sampled_from(["1,8,8", "1,9,9", "1,H,W"]), max_size=3),
)
def test_combinations_are_the_product_in_order(arguments: list[tuple[str, list[int]]], inputs: list[str]) -> None:
    texts = [f"{name}={','.join(map(str, values))}" for name, values in arguments]
    found = [tuple(each.written.items()) for each in combinations(inputs, texts)]
    axes = [[("input", shape) for shape in inputs]] if inputs else []
    axes += [[(name, str(value)) for value in values] for name, values in arguments]
    assert found == list(product(*axes))


def test_the_most_combinations_are_counted_exactly() -> None:
    assert len(combinations([], ["a=1..50000", "b=1,2"])) == limits.COMBINATIONS
    with pytest.raises(ParamcalcError, match="100,002 combinations; at most 100,000"):
        combinations([], ["a=1..50001", "b=1,2"])


# -- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 80, 120, 200, None])
def test_a_page_cuts_no_number(columns: int | None) -> None:
    arguments = ("densenet_cifar", "--set", "k=12,24", "--set", "L=40,100")
    done = call("sweep", *arguments, columns=columns)
    assert done.status == 0
    lines = done.out.splitlines()
    for row in swept(*arguments):
        values = list(row["values"].values())
        (line,) = [line for line in lines if line.split()[:2] == values]
        assert f"{row['params']:,}" in line.split()
        if columns is None:
            assert {f"{row[name]:,}" for name in SHARED} <= set(line.split())
