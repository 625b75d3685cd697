"""A network as torch modules: each step is a submodule that carries the step's path as its name.

Modules are built while the network runs, from the shapes of the tensors that reach them, so that no
shape of ours is torch's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from paramcalc.algebra.expr import Expr
from paramcalc.crosscheck.parts import Border
from paramcalc.crosscheck.settings import NoModule, Shapes, as_int, with_axis_index
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.errors import ParamcalcError
from paramcalc.layers.base import Layer
from paramcalc.layers.fields import spell_value
from paramcalc.network import Network, Node

Call: TypeAlias = Callable[[Node, nn.Module, list[Tensor]], Tensor]


class TorchNetwork(nn.Module):
    """The modules of a network, run in its order; inputs have a batch axis in front.

    The output is a tensor, or a mapping of names to tensors where the network has several outputs.
    Modules are named by paths (`stage2.bottleneck1.main.conv`), share the parameters that the
    network shares, and do not train what it freezes.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.inputs = list(network.inputs)
        self.steps = list(network.nodes)
        self.results = dict(network.outputs)

    def submodule(self, node: Node) -> nn.Module:
        """The submodule of a step."""
        part: nn.Module = self
        for name in node.path.split("."):
            # submodules are kept in a mapping of their own, so that a step may be called `type` or `inputs`
            part = part._modules[name]  # type: ignore[assignment]
        return part

    def forward(self, *inputs: Tensor) -> Tensor | dict[str, Tensor]:
        """Run the network on its inputs, in their order."""
        values = {id(node): value for node, value in zip(self.inputs, inputs, strict=True)}
        for node in self.steps:
            values[id(node)] = self.submodule(node)(*(values[id(source)] for source in node.inputs))
        results = {name: values[id(node)] for name, node in self.results.items()}
        return results["output"] if list(results) == ["output"] else results


def to_torch(network: Network) -> nn.Module:
    """The network as a `torch.nn.Module`, ready to train.

    Its parameters are allocated where torch's default device says (`with torch.device("meta"):` takes no
    memory). Raises ParamcalcError for sizes that are symbols, and for layers that torch does not have or refuses.
    """
    for node in network.nodes:
        if reason := witness_of(node).not_checked:
            raise ParamcalcError(f"{node.path}: torch has no module for {node.type}: {reason}")

    with torch.device("meta"), refusals_of_torch(network):
        shapes = trace(network, meta_inputs(network))
    root = TorchNetwork(network)
    for node in network.nodes:
        insert(root, node, hooked(module_of(node, shapes[node.path])))
    return root


def module_of(node: Node, shapes: Shapes) -> nn.Module:
    """The module of a step on inputs of these shapes."""
    return witness_of(node).module(layer_of(node), shapes)


@contextmanager
def refusals_of_torch(network: Network) -> Iterator[None]:
    """Turn what torch raises for fields or shapes that it refuses into a ParamcalcError."""
    try:
        yield
    except (NoModule, RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ParamcalcError(f"{network.name}: torch refuses the network: {error}") from error


def hooked(module: nn.Module) -> nn.Module:
    """A module with its border as hooks, so that its parameters are named as if it had none."""
    if not isinstance(module, nn.Sequential) or not list(module.parameters()):
        return module
    first, second = module
    if isinstance(first, Border):
        second.register_forward_pre_hook(partial(with_border, first))
        return second
    first.register_forward_hook(partial(border_behind, second))
    return first


def with_border(border: nn.Module, _module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The inputs of a module with a border."""
    return (border(inputs[0]),)


def border_behind(border: nn.Module, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """The output of a module with a border."""
    result: Tensor = border(output)
    return result


def run(_node: Node, module: nn.Module, arguments: list[Tensor]) -> Tensor:
    """What a module gives for its inputs."""
    result: Tensor = module(*arguments)
    return result


def trace(network: Network, inputs: Sequence[Tensor], call: Call = run) -> dict[str, Shapes]:
    """Run a network step by step, each module built for the shapes that reach it; these shapes, by path.

    `call` runs a module on its inputs and may look at it; no module is freed before the last has run.
    """
    root = TorchNetwork(network)
    shapes: dict[str, Shapes] = {}
    values = {id(node): value for node, value in zip(network.inputs, inputs, strict=True)}
    for node in network.nodes:
        arguments = [values[id(source)] for source in node.inputs]
        shapes[node.path] = [tuple(value.shape[1:]) for value in arguments]
        module = module_of(node, shapes[node.path]).eval()  # in training, norms refuse a batch of one vector
        insert(root, node, module)
        values[id(node)] = call(node, module, arguments)
    return shapes


def state(module: nn.Module) -> Iterator[Tensor]:
    """The buffers of a module but torch's counters of batches."""
    return (buffer for name, buffer in module.named_buffers() if not name.endswith("num_batches_tracked"))


def layer_of(node: Node) -> Layer:
    """The layer of a step."""
    assert node.layer is not None
    return with_axis_index(node.layer, node.inputs[0].output)


def insert(root: TorchNetwork, node: Node, module: nn.Module) -> None:
    """Put a step's module into the network, with the parameters that it shares, frozen where it is."""
    if node.shared_with is not None:
        tie(module, root.submodule(node.shared_with))
    elif node.frozen:
        module.requires_grad_(requires_grad=False)
    parent: nn.Module = root
    *blocks, last = node.path.split(".")
    for name in blocks:
        parent = parent._modules.setdefault(name, nn.Module()) or parent
    module._modules.update(getattr(parent._modules.get(last), "_modules", {}))
    parent._modules[last] = module


def tie(module: nn.Module, owner: nn.Module) -> None:
    """Give a module the parameters and buffers of another with the same fields."""
    for name, part in module.named_modules():
        other = owner.get_submodule(name)
        part._parameters.update(other._parameters)
        part._buffers.update(other._buffers)


def holds_symbol(value: object) -> bool:
    """Whether a value, or one in a tuple of them, is a symbol."""
    return isinstance(value, Expr) or (isinstance(value, tuple) and any(map(holds_symbol, value)))


def need_numbers(network: Network) -> None:
    """Raise ParamcalcError for a size of an input, or a field of a layer, that is a symbol."""
    values: list[tuple[str, object]] = []
    for node in network.inputs:
        values += [(f"the input '{node.path}' has the size", size) for size in (node.output.count, *node.output.shape)]
    for node in network.nodes:
        values += [(f"the field {name} of '{node.path}' is", value) for name, value in layer_of(node)]
    for what, value in values:
        if holds_symbol(value):
            raise ParamcalcError(
                f"torch needs numbers, but {what} {spell_value(value)}; give the symbols values with --input or --set"
            )


def meta_inputs(network: Network) -> list[Tensor]:
    """Inputs on the meta device, as many of each as its count says. Raises ParamcalcError for symbols."""
    need_numbers(network)
    return [
        torch.empty((as_int(node.output.count), *map(as_int, node.output.shape)), device="meta")
        for node in network.inputs
    ]
