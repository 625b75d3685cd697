"""Every limit at its edge: what just keeps to it is taken, one more is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

import paramcalc
from paramcalc import Expr, ParamcalcError, Report, limits
from paramcalc.algebra.receptive_field import Ordered
from paramcalc.commands.sweep import combinations
from paramcalc.layers.base import Layer
from paramcalc.network import Network, Node

HEAD = "name: Net\ninput: [3, 8, 8]\n"


def told(text: str) -> str:
    """What loading a text is refused with, in one line a problem; empty for a network."""
    try:
        paramcalc.loads(text, name="net.yaml")
    except ParamcalcError as error:
        return "\n".join(problem.message for problem in error.problems)
    return ""


def edge(make: Callable[[int], str], most: int, words: str) -> None:
    """`make` gives a text for a number, which may be `most` and no more."""
    assert told(make(most)) == ""
    assert words in told(make(most + 1))


def levels(tree: Any) -> int:
    """Lists and mappings inside one another."""
    if isinstance(tree, dict):
        return 1 + max((levels(value) for value in tree.values()), default=0)
    return 1 + max(map(levels, tree), default=0) if isinstance(tree, list) else 0


def values(tree: Any) -> int:
    """Scalars, lists and mappings, with the keys."""
    if isinstance(tree, dict):
        return 1 + sum(1 + values(value) for value in tree.values())
    return 1 + sum(map(values, tree)) if isinstance(tree, list) else 1


def test_bytes_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    text = f"{HEAD}layers: [relu]\n#"
    file.write_text(text + "x" * (limits.FILE_BYTES - len(text)))
    paramcalc.load(file)
    file.write_text(text + "x" * (limits.FILE_BYTES - len(text) + 1))
    with pytest.raises(ParamcalcError, match=r"is larger than 1,000,000 bytes"):
        paramcalc.load(file)


def test_levels_of_a_document() -> None:
    seen = set()
    for innermost in ("[]", "[relu]", "[{relu: }]", "[{pad: {padding: 0}}]", "[{pad: {padding: [0, 0]}}]"):
        for depth in range(15, 22):
            text = f"{HEAD}layers: {'[{add: {a: [], b: ' * depth}{innermost}{'}}]' * depth}\n"
            found = levels(yaml.safe_load(text))
            seen.add(found)
            expected = "" if found <= limits.NESTING else f"nested deeper than {limits.NESTING} levels"
            assert told(text) == expected, found
    assert {limits.NESTING, limits.NESTING + 1} <= seen


def test_values_of_a_document() -> None:
    def text(count: int) -> str:
        return f"{HEAD}blocks: {{b: {{layers: [{', '.join(['relu'] * count)}]}}}}\nlayers: []\n"

    others = values(yaml.safe_load(text(1))) - 1
    edge(text, limits.YAML_VALUES - others, "more than 100,000 values")


def test_files_that_refer_to_one_another(tmp_path: Path) -> None:
    def load(others: int) -> None:
        names = [f"part{number}.yaml" for number in range(others)]
        for name in names:
            (tmp_path / name).write_text("name: Part\nblocks: {}\ninput: [3, 8, 8]\nlayers: []\n")
        (tmp_path / "net.yaml").write_text(f"{HEAD}include: [{', '.join(names)}]\nlayers: []\n")
        paramcalc.load(tmp_path / "net.yaml")

    load(limits.INCLUDED_FILES - 1)
    with pytest.raises(ParamcalcError, match=r"more than 50 files refer to one another"):
        load(limits.INCLUDED_FILES)


def test_characters_of_an_expression() -> None:
    edge(
        lambda count: f"{HEAD}layers: [flatten, linear: '{'1' + ' ' * (count - 3) + '+1'}']\n",
        limits.EXPRESSION_LENGTH,
        "an expression of 501 characters; at most 500",
    )


def test_brackets_of_an_expression() -> None:
    edge(
        lambda count: f"{HEAD}layers: [flatten, linear: '{'(' * count}1{')' * count}']\n",
        limits.EXPRESSION_NESTING,
        "nested deeper than 40 levels",
    )


def test_digits_of_a_number() -> None:
    edge(lambda count: f"{HEAD}layers: [flatten, linear: {'7' * count}]\n", limits.DIGITS, "19 digits; at most 18")


def test_blocks_inside_one_another() -> None:
    def text(count: int) -> str:
        blocks = "".join(f"  b{number}: {{layers: [b{number + 1}]}}\n" for number in range(count - 1))
        return f"{HEAD}blocks:\n{blocks}  b{count - 1}: {{layers: [relu]}}\nlayers: [b0]\n"

    edge(text, limits.CALL_DEPTH, "blocks nested deeper than 40 levels")


def test_steps_that_are_executed() -> None:
    def text(count: int) -> str:
        return f"{HEAD}layers:\n  - {{relu: , repeat: {count - 1}}}\n  - relu\n"

    edge(text, limits.STEPS, "more than 100,000 layers")


def test_steps_that_would_be_executed_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def text(repeat: int, inner: str) -> str:
        blocks = f"  some: {{layers: [{{relu: , {inner}}}, add: {{a: [relu], b: []}}]}}\n"
        return f"{HEAD}blocks:\n{blocks}layers:\n  - {{some: , repeat: {repeat}}}\n"

    executed: list[str] = []
    add = Network.add

    def counted(self: Network, layer: Layer, inputs: Sequence[Node], path: str, **others: Any) -> Node:
        executed.append(path)
        return add(self, layer, inputs, path, **others)

    monkeypatch.setattr(Network, "add", counted)
    # 2 + repeat layers a copy
    assert len(paramcalc.loads(text(limits.STEPS // 1000, "repeat: 998")).nodes) == limits.STEPS
    executed.clear()
    with pytest.raises(ParamcalcError, match="more than 100,000 layers") as caught:
        paramcalc.loads(text(limits.STEPS // 1000, "repeat: 999"))
    assert not executed
    assert str(caught.value.problems[0].span) == "<text>:6:6"
    # what depends on an argument or a condition may not be executed
    assert len(paramcalc.loads(text(1, "repeat: 100000, when: false")).nodes) == 2
    assert len(paramcalc.loads(text(1, "repeat: channels - 1")).nodes) == 4


def test_a_long_chain_of_blocks_is_refused_before_it_is_looked_through() -> None:
    blocks = "".join(f"  b{n}: {{layers: [{{b{n + 1}: , repeat: 2}}]}}\n" for n in range(2000))
    text = f"{HEAD}blocks:\n{blocks}  b2000: {{layers: [relu]}}\nlayers:\n  - {{b0: , repeat: 2}}\n"
    assert told(text) == f"blocks nested deeper than {limits.CALL_DEPTH} levels"


def test_steps_of_different_sizes_with_symbols() -> None:
    def text(count: int) -> str:
        # each has one position less than the one before
        return (
            f"name: Net\ninput: [1, H]\nlayers: [{{max_pool: {{kernel: 2, stride: 1}}, repeat: {count - 1}}}, relu]\n"
        )

    edge(text, limits.SYMBOLIC + 1, "more than 5,000 layers of different sizes with symbols")
    # sizes that come back are worked out once
    same = "name: Net\ninput: [1, H]\nlayers: [{conv: {out: 1, kernel: 3, padding: 1}, repeat: 30000}]\n"
    assert len(paramcalc.loads(same).nodes) == 30_000


def test_calls_of_blocks() -> None:
    def text(count: int) -> str:
        blocks = "  empty: {layers: []}\n  some: {layers: [{empty: {}, repeat: 999}]}\n"
        thousands = (count - 1) // 1000
        layers = f"  - {{some: , repeat: {thousands}}}\n  - {{empty: , repeat: {count - 1000 * thousands}}}\n"
        return f"{HEAD}blocks:\n{blocks}layers:\n{layers}"

    edge(text, limits.STEPS, "more than 100,000 calls of blocks")


def test_units_that_read_differently() -> None:
    def known(scale: int, layers: str = "relu") -> int:
        text = f"name: Net\ninput: [1, 9]\nlayers:\n  - upsample: {{scale: {scale}}}\n  - {layers}\n"
        network = paramcalc.loads(text)
        assert network.nodes[0].output.shape == (1, 9 * scale)
        return sum(row.receptive_field is not None for row in paramcalc.analyze(network).layers)

    assert (known(limits.PERIOD), known(limits.PERIOD + 1)) == (2, 0)
    # each node has 1023 intervals beside that of the first unit: the last that is followed goes beyond the limit
    wider = "{conv: {out: 1, kernel: 3, padding: 1}, repeat: 99}"
    most = limits.INTERVALS // (limits.PERIOD - 1) + 1
    assert known(limits.PERIOD, wider) == most < 100
    # a layer that leaves the positions as they are looks at no interval
    assert known(limits.PERIOD, wider.replace("99", str(most - 1)) + "\n  - relu") == most + 1


def test_bins_of_a_size_with_symbols() -> None:
    def known(size: object, bins: int) -> bool:
        text = f"name: Net\ninput: [1, {size}]\nlayers: [adaptive_avg_pool: {bins}]\n"
        return paramcalc.loads(text).nodes[0].fields is not None

    assert known("H", limits.BINS)
    assert not known("H", limits.BINS + 1)
    assert known(1000, limits.BINS + 1)
    assert known(f"{limits.BINS + 1}*H", limits.BINS + 1)  # bins of H positions each


def test_units_that_read_differently_at_positions_of_a_symbol() -> None:
    # each node has 8 intervals beside that of the first unit, and each of them counts 300 times
    layers = "[adaptive_avg_pool: 9, {conv: {out: 1, kernel: 3, padding: 1}, repeat: 99}]"
    for size, most in (("H", limits.INTERVALS // (8 * 300) + 1), (100, 100)):
        rows = paramcalc.analyze(paramcalc.loads(f"name: Net\ninput: [1, {size}]\nlayers: {layers}\n")).layers
        assert [row.node.fields is not None for row in rows] == [True] * most + [False] * (100 - most)


def test_paths_of_different_strides_that_meet() -> None:
    # with each unit, one more stride: twice the largest before
    unit = "add: {same: [], halved: [max_pool: {kernel: 1, stride: 2}, pad: [[0, 4]]]}"
    text = f"name: Net\ninput: [1, 8]\nblocks: {{unit: {{layers: [{unit}]}}}}\nlayers: [{{unit: , repeat: 99}}]\n"
    rows = paramcalc.analyze(paramcalc.loads(text)).layers
    known = [row.receptive_field is not None for row in rows]
    assert known == sorted(known, reverse=True)
    # all that is told apart before the last that is followed: n·(n − 1) for a node of n strides
    strides = [len(axis.maps) for row in rows for axis in row.node.fields or () if isinstance(axis, Ordered)]
    counted = [number * (number - 1) for number in strides]
    assert sum(counted[:-1]) <= limits.INTERVALS < sum(counted)


@pytest.mark.parametrize("size", ["100000000", "H"])
@pytest.mark.parametrize(
    ("channels", "layer"),
    [
        (1, "conv_transpose: {out: 1, kernel: 3, stride: 10e9}"),
        (1, "conv_transpose: {out: 1, kernel: 10e9, stride: 10e9, dilation: 7}"),
        (1, "adaptive_avg_pool: 10e9 - 1"),
        (1, "adaptive_max_pool: [2, 10e9 + 1]"),
        (1, "spatial_pyramid_pool: {levels: [2, 100000001]}"),
        (1, "upsample: {scale: 10e9}"),
        (1, "upsample: {scale: 10e9, mode: linear}"),
        (1, "upsample: {size: [10e9 + 1, 10e9 - 1]}"),
        (1, "upsample: {size: 10e9 + 1, mode: linear}"),
        (10**16, "pixel_shuffle: 100000000"),
    ],
)
def test_a_pattern_that_would_fill_the_memory_is_not_followed(channels: int, layer: str, size: str) -> None:
    layers = layer.replace("10e9", "1000000000")
    text = f"name: Net\ninput: [{channels}, {size}, {size}]\nlayers: [{layers}]\n"
    (row,) = paramcalc.analyze(paramcalc.loads(text)).layers
    assert row.receptive_field is None


@pytest.mark.parametrize("size", [1, "H"])
def test_digits_of_a_size(size: int | str) -> None:
    def text(count: int) -> str:
        return f"name: Net\ninput: [1, {size}]\nlayers: [{{upsample: {{scale: 10}}, repeat: {count - 1}}}, relu]\n"

    edge(text, limits.DIGITS, "upsample would give a size of more than 18 digits")


def test_digits_of_a_divisor() -> None:
    halves = "name: Net\ninput: [1, H]\nlayers: [{max_pool: {kernel: 1, stride: 2}, repeat: COUNT}]\n"
    # 2^59 has 18 digits, 2^60 has 19
    paramcalc.analyze(paramcalc.loads(halves.replace("COUNT", "59")))
    with pytest.raises(ParamcalcError, match="grows beyond divisors of 18 digits"):
        paramcalc.loads(halves.replace("COUNT", "60"))


def test_digits_of_a_stride() -> None:
    # each unit of 8 rows reads every second one of 8, and 4 of padding
    text = "name: Net\ninput: [1, 8]\nblocks: {unit: {layers: [{max_pool: {kernel: 1, stride: 2}}, {pad: [[0, 4]]}]}}\n"
    rows = paramcalc.analyze(paramcalc.loads(f"{text}layers: [{{unit: , repeat: 61}}]\n")).layers
    assert [row.effective_stride for row in rows[2 * 59 - 1 : 2 * 59 + 1]] == [[2**59], None]


def test_digits_of_a_value_from_outside() -> None:
    for value in (10**18, -(10**18), 10**5000, 1e30):
        with pytest.raises(ParamcalcError, match=r"^error: input: a number of more than 18 digits$"):
            paramcalc.loads("name: Net\ninput: [1, 8]\nlayers: [relu]\n", input=[1, value])


def test_residues_of_a_condition() -> None:
    def text(divisor: int) -> str:
        return f"name: Net\ninput: [1, H, W]\nlayers: [space_to_depth: {divisor}]\n"

    assert [str(one.text) for one in paramcalc.loads(text(limits.PERIOD)).conditions] == [
        f"H % {limits.PERIOD} == 0",
        f"W % {limits.PERIOD} == 0",
    ]
    # beyond, a condition is kept as it stands
    beyond = limits.PERIOD + 1
    assert [str(one.text) for one in paramcalc.loads(text(beyond)).conditions] == [
        f"H >= {beyond}",
        f"W >= {beyond}",
        f"H == {beyond}*(H//{beyond})",
        f"W == {beyond}*(W//{beyond})",
    ]


def test_errors_that_are_shown() -> None:
    def shown(count: int) -> str:
        with pytest.raises(ParamcalcError, match=r"\w") as caught:
            paramcalc.loads(f"{HEAD}layers: [{', '.join(['rellu'] * count)}]\n", name="net.yaml")
        return str(caught.value)

    most = limits.PROBLEMS_SHOWN
    assert shown(most).count("there is no layer") == most
    assert "more" not in shown(most)
    assert shown(most + 1).count("there is no layer") == most
    assert "1 more" in shown(most + 1)


def test_combinations_of_a_sweep() -> None:
    assert len(combinations([], [f"a=1..{limits.COMBINATIONS}"])) == limits.COMBINATIONS
    with pytest.raises(ParamcalcError, match=r"100,000"):
        combinations([], [f"a=1..{limits.COMBINATIONS + 1}"])
    with pytest.raises(ParamcalcError, match=r"100,010 combinations; at most 100,000"):
        combinations([], ["a=1..10001", "b=1..10"])


def test_terms_of_a_sum() -> None:
    def report(count: int) -> Report:
        # each head has a size that no other has: H minus a number, by a number above all of them
        heads = "".join(f"  h{n}: [{{max_pool: {{kernel: {n}, stride: 2003}}}}]\n" for n in range(1, count + 1))
        return paramcalc.analyze(paramcalc.loads(f"name: Net\ninput: [1, H]\nlayers: []\nheads:\n{heads}"))

    # at the end, the input and all outputs are alive
    most = report(limits.TERMS - 1).totals.peak_activations
    assert isinstance(most, Expr)
    assert len(most.terms) == limits.TERMS
    with pytest.raises(ParamcalcError) as caught:
        report(limits.TERMS)
    assert str(caught.value) == (
        "<text>:2:8: error: in the figures of the whole network, the expression grows beyond 2,000 terms\n"
        "   2 | input: [1, H]\n"
        "     |        ^"
    )


def test_factors_of_the_elements_of_an_input() -> None:
    def text(degree: int) -> str:
        height, width = "*".join("H" * (degree - limits.DEGREE // 2)), "*".join("W" * (limits.DEGREE // 2))
        return f"name: Net\ninput: {{a: [3, 8, 8], b: {{shape: [1, {height}], count: {width}}}}}\nlayers: [relu]\n"

    edge(text, limits.DEGREE, "in the elements of the input, the expression grows beyond products of 64 factors")
    with pytest.raises(ParamcalcError) as caught:
        paramcalc.loads(text(limits.DEGREE + 1))
    assert str(caught.value.problems[0].span) == "<text>:2:23"


def test_terms_of_all_layers() -> None:
    terms = 50
    size = " + ".join(f"a{n}" for n in range(terms))

    def report(layers: int) -> Report:
        repeated = f"[{{relu: , repeat: {layers}}}]"
        return paramcalc.analyze(paramcalc.loads(f"name: Net\ninput: [1, {size}]\nlayers: {repeated}\n"))

    most = limits.TERMS_IN_ALL // terms
    assert report(most).totals.activations == most * report(1).totals.activations
    with pytest.raises(
        ParamcalcError, match=r"2:8: error: in the figures of the whole network, the sizes of all layers have more than"
    ):
        report(most + 1)
