"""Rows of a report: what a shared layer has of its own, what covers the input, and where paths part."""

from __future__ import annotations

import paramcalc
from paramcalc import Row


def rows(layers: str, shape: str = "[2, 6]") -> dict[str, Row]:
    """The rows of a network on a line of six positions, or on another input."""
    network = paramcalc.loads(f"name: N\ninput: {shape}\nlayers:\n{layers}")
    return {row.path: row for row in paramcalc.analyze(network).layers}


def test_a_layer_that_shares_its_weights_has_no_parameters_and_no_state_of_its_own() -> None:
    found = rows("  - {batch_norm: , name: first}\n  - {batch_norm: , name: second, share: first}\n")
    first, second = found["first"], found["second"]
    assert (first.weights, first.biases, first.params, first.buffers) == (2, 2, 4, 4)
    assert (second.weights, second.biases, second.params, second.buffers) == (0, 0, 0, 0)
    assert (first.shared_with, second.shared_with) == (None, "first")
    assert second.activations == 12


def test_only_what_reads_the_whole_input_covers_it() -> None:
    found = rows(
        "  - {conv: {out: 2, kernel: 3}, name: threes}\n"
        "  - {global_avg_pool: , name: whole}\n"
        "  - {crop: {size: 4}, from: input, name: part}\n"
        "  - {global_avg_pool: , name: whole_of_part}\n"
    )
    assert {path: row.covers_input for path, row in found.items()} == {
        "threes": False,
        "whole": True,
        "part": False,
        "whole_of_part": False,
    }


def test_each_axis_of_an_image_must_be_covered() -> None:
    pooled = "  - {crop: {size: [%d, %d]}, name: part}\n  - {global_avg_pool: , name: whole}\n"
    assert rows(pooled % (5, 9), "[1, 5, 9]")["whole"].covers_input
    assert not rows(pooled % (4, 9), "[1, 5, 9]")["whole"].covers_input
    assert not rows(pooled % (5, 8), "[1, 5, 9]")["whole"].covers_input


def test_a_vector_is_not_covered() -> None:
    found = rows("  - {linear: 3, name: dense}\n", "[7]")
    assert found["dense"].receptive_field == []
    assert not found["dense"].covers_input


def test_paths_of_different_strides_are_marked_where_they_meet() -> None:
    found = rows(
        "  - add:\n"
        "      halved: [{max_pool: 2}]\n"
        "      cut: [{crop: {size: 3}}]\n"
        "    name: parted\n"
        "  - add:\n"
        "      halved: [{max_pool: {kernel: 2, stride: 1}}]\n"
        "      cut: [{crop: {size: 5}}]\n"
        "    name: met\n"
        "    from: input\n"
    )
    assert {path: row.misaligned for path, row in found.items() if row.type == "add"} == {"parted": True, "met": False}


def test_axes_of_an_image_are_measured_each_by_itself() -> None:
    (row,) = rows("  - {conv: {out: 1, kernel: [3, 5], stride: [2, 1], padding: [1, 0]}}\n", "[1, 9, 9]").values()
    assert (row.receptive_field, row.effective_stride, row.effective_padding) == ([3, 5], [2, 1], [1, 0])


def test_paths_of_different_strides_on_one_axis_of_an_image_are_marked() -> None:
    parted = (
        "  - add:\n"
        "      halved: [{max_pool: {kernel: %s, stride: %s}}]\n"
        "      cut: [{crop: {size: %s}}]\n"
        "    name: parted\n"
    )
    for kernel, size in (([2, 1], [3, 6]), ([1, 2], [6, 3])):
        row = rows(parted % (kernel, kernel, size), "[1, 6, 6]")["parted"]
        assert row.output == (1, *size)
        assert row.misaligned


def test_what_is_frozen_is_counted_and_not_trained() -> None:
    text = "[{linear: 3, frozen: true}, {linear: 5}, {linear: {out: 7, bias: false}, frozen: true}]"
    totals = paramcalc.analyze(paramcalc.loads(f"name: N\ninput: [2]\nlayers: {text}\n")).totals
    # 2 * 3 + 3, 3 * 5 + 5, 5 * 7
    assert (totals.params, totals.trainable) == (9 + 20 + 35, 20)


def test_only_steps_that_are_executed_are_counted_in_names() -> None:
    steps = "[{relu: , when: %s}, {relu: , when: %s}, dropout, {tanh: , repeat: 2}, dropout, tanh]"
    named = [
        (("true", "true"), ["relu1", "relu2"]),
        (("true", "false"), ["relu1"]),
        (("false", "true"), ["relu1"]),
        (("false", "false"), []),
    ]
    for given, names in named:
        network = paramcalc.loads(f"name: N\ninput: [2]\nlayers: {steps % given}\n")
        others = ["dropout1", "tanh1", "tanh2", "dropout2", "tanh3"]
        assert [node.path for node in network.nodes] == names + others


def test_copies_of_a_named_step_are_numbered_and_the_last_has_the_name() -> None:
    steps = "[{conv: {out: 2, kernel: 1}, name: act, repeat: 2}, relu, {add: {a: [{from: act}], b: []}}]"
    network = paramcalc.loads(f"name: N\ninput: [2, 4]\nlayers: {steps}\n")
    assert [node.path for node in network.nodes] == ["act1", "act2", "relu", "add"]
    assert [node.path for node in network.nodes[-1].inputs] == ["act2", "relu"]
