"""Peak activations: by hand, and by counting at every step what is still needed."""

from __future__ import annotations

from math import inf, prod

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.algebra.expr import Size, symbol
from paramcalc.layers.activation import Identity, Relu
from paramcalc.layers.dense import Linear
from paramcalc.layers.join import Concat
from paramcalc.network import Network, Node
from paramcalc.report.analysis import peak_activations

A, B = symbol("A"), symbol("B")


def chain(first: Size, *outs: Size) -> tuple[Network, Node, Node]:
    """Linear layers behind one another; the first and the last node."""
    network = Network("chain")
    start = node = network.add_input("x", (first,))
    for out in outs:
        node = network.add(Linear(out=out), [node], f"linear{len(network.nodes)}")
    return network, start, node


def test_what_a_step_reads_and_writes_is_held_while_it_runs() -> None:
    network, _, _ = chain(8, 100, 4, 50)
    # 8, 8 + 100, 100 + 4, 4 + 50
    assert peak_activations(network) == 108


def test_what_is_read_later_is_held_and_what_is_not_is_freed() -> None:
    network, start, end = chain(8, 100, 4, 50)
    network.outputs["y"] = network.add(Concat(), [start, end], "concat")
    # 8 + 100, 8 + 100 + 4, 8 + 4 + 50, 8 + 50 + 58
    assert peak_activations(network) == 116


def test_an_output_is_held_to_the_end() -> None:
    network, _, _ = chain(8, 100, 4, 50)
    network.outputs["early"] = network.nodes[0]
    # 8 + 100, 100 + 4, 100 + 4 + 50
    assert peak_activations(network) == 154


def test_a_view_holds_its_tensor_and_writes_nothing() -> None:
    network, start, _ = chain(8)
    shown = network.add(Identity(), [network.add(Relu(), [start], "relu")], "identity")
    seen = network.add(Identity(), [shown], "identity2")
    small = network.add(Linear(out=1), [start], "linear")
    # 8, 8 + 8, 8 + 8 + 1, 8 + 1 + 9
    network.add(Concat(), [seen, small], "concat")
    assert peak_activations(network) == 18


def test_inputs_are_held_from_the_start() -> None:
    network, _, _ = chain(8, 4)
    network.add_input("unused", (5,), 3)
    assert peak_activations(network) == 8 + 3 * 5
    assert peak_activations(Network("nothing")) == 0


def test_a_peak_is_determined_where_symbols_leave_no_doubt() -> None:
    assert peak_activations(chain(1, A, A, 1)[0]) == 2 * A
    assert peak_activations(chain(2, A, 1, B)[0]) is None
    assert peak_activations(chain(2, A, 1, A)[0]) == A + 2


def counted(network: Network) -> int:
    """The most elements that are needed at once, step by step."""

    def shown(node: Node) -> Node:
        return shown(node.inputs[0]) if node.view else node

    def elements(node: Node) -> int:
        return prod(int(str(size)) for size in (node.output.count, *node.output.shape))

    needed: dict[Node, float] = dict.fromkeys(network.inputs, -1)
    for step, node in enumerate(network.nodes):
        for each in (node, *node.inputs):
            needed[shown(each)] = step
    for node in network.outputs.values():
        needed[shown(node)] = inf
    written = {node: step for step, node in enumerate(network.nodes)} | dict.fromkeys(network.inputs, -1)
    moments = range(-1, len(network.nodes))
    return max(
        sum(elements(node) for node, until in needed.items() if written[node] <= moment <= until) for moment in moments
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Vectors that are read again at any time, views of them, and outputs anywhere."""
    network = Network("vectors")
    made = [network.add_input(f"x{place}", (draw(st.integers(1, 9)),)) for place in range(draw(st.integers(1, 3)))]
    for step in range(draw(st.integers(0, 8))):
        layer = draw(st.sampled_from([Linear(out=draw(st.integers(1, 9))), Relu(), Identity(), Concat()]))
        sources = st.sampled_from(made)
        inputs = draw(st.lists(sources, min_size=2, max_size=3)) if isinstance(layer, Concat) else [draw(sources)]
        made.append(network.add(layer, inputs, f"step{step}"))
    for place, node in enumerate(draw(st.lists(st.sampled_from(made), max_size=2))):
        network.outputs[f"y{place}"] = node
    return network


@given(networks())
def test_a_peak_is_what_counting_gives(network: Network) -> None:
    assert peak_activations(network) == counted(network)
