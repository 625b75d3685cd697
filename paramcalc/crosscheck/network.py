"""A network as torch modules: each step is a submodule that carries the step's path as its name.

Modules are made while the network runs, from the shapes of the tensors that reach them, so that no
shape of ours is torch's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from paramcalc.algebra.expr import Expr, plain
from paramcalc.crosscheck.modules import MODULES, NotCheckable, module_for
from paramcalc.crosscheck.parts import Border
from paramcalc.errors import ParamcalcError
from paramcalc.layers.base import Layer, axis_of
from paramcalc.network import Network, Node

Shapes: TypeAlias = list[tuple[int, ...]]
Build: TypeAlias = Callable[[Node, Shapes], nn.Module]
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

    def module_of(self, node: Node) -> nn.Module:
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
            values[id(node)] = self.module_of(node)(*(values[id(source)] for source in node.inputs))
        results = {name: values[id(node)] for name, node in self.results.items()}
        return results["output"] if list(results) == ["output"] else results


def to_torch(network: Network) -> nn.Module:
    """The network as a `torch.nn.Module`, ready to train.

    Its parameters are made where torch's default device says (`with torch.device("meta"):` takes no
    memory). Raises ParamcalcError for sizes that are symbols, and for layers that torch does not have.
    """
    shapes: dict[str, Shapes] = {}
    for node in network.nodes:
        entry = MODULES[node.type]
        if isinstance(entry, NotCheckable):
            raise ParamcalcError(f"{node.path}: torch has no module for {node.type}: {entry.reason}")

    def remember(node: Node, incoming: Shapes) -> nn.Module:
        shapes[node.path] = incoming
        return module_for(layer_of(node), incoming)

    with torch.device("meta"):
        trace(network, remember, meta_inputs(network))
    whole = TorchNetwork(network)
    for node in network.nodes:
        place(whole, node, hooked(module_for(layer_of(node), shapes[node.path])))
    return whole


def hooked(module: nn.Module) -> nn.Module:
    """A module with its border as hooks, so that its parameters are named as if it had none."""
    if not isinstance(module, nn.Sequential) or not any(True for _ in module.parameters()):
        return module
    (core,) = (part for part in module if not isinstance(part, Border))
    before = True
    for part in module:
        if part is core:
            before = False
        elif before:
            core.register_forward_pre_hook(partial(with_border, part))
        else:
            core.register_forward_hook(partial(border_behind, part))
    return core


def with_border(border: nn.Module, _module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The inputs of a module with a border."""
    return (border(inputs[0]),)


def border_behind(border: nn.Module, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """The output of a module with a border."""
    result: Tensor = border(output)
    return result


def trace(network: Network, build: Build, inputs: Sequence[Tensor], call: Call | None = None) -> TorchNetwork:
    """Run a network step by step; each module comes from `build` and the shapes of what reaches it.

    `call` runs a module on its inputs and may look at it; the modules stay in what is returned.
    """
    whole = TorchNetwork(network)
    values = {id(node): value for node, value in zip(network.inputs, inputs, strict=True)}
    for node in network.nodes:
        arguments = [values[id(source)] for source in node.inputs]
        module = build(node, [tuple(value.shape[1:]) for value in arguments])
        place(whole, node, module)
        values[id(node)] = call(node, module, arguments) if call else module(*arguments)
    return whole


def layer_of(node: Node) -> Layer:
    """The layer of a step, its axis as a number: torch knows no names."""
    layer = node.layer
    assert layer is not None
    axis = getattr(layer, "axis", 0)
    if isinstance(axis, int):
        return layer
    return layer.model_copy(update={"axis": axis_of(axis, node.inputs[0].output)})


def place(whole: TorchNetwork, node: Node, module: nn.Module) -> None:
    """Put a step's module into the network, with the parameters that it shares, frozen where it is."""
    if node.shared_with is not None:
        tie(module, whole.module_of(node.shared_with))
    elif node.frozen:
        module.requires_grad_(requires_grad=False)
    parent: nn.Module = whole
    *way, last = node.path.split(".")
    for name in way:
        parent = parent._modules.setdefault(name, nn.Module()) or parent
    module._modules.update(getattr(parent._modules.get(last), "_modules", {}))
    parent._modules[last] = module


def tie(module: nn.Module, owner: nn.Module) -> None:
    """Give a module the parameters and buffers of another of the same make."""
    for name, part in module.named_modules():
        other = owner.get_submodule(name)
        part._parameters.update(other._parameters)
        part._buffers.update(other._buffers)


def meta_inputs(network: Network) -> list[Tensor]:
    """Inputs on the meta device, as many of each as its count says. Raises ParamcalcError for symbols."""
    inputs = []
    for node in network.inputs:
        sizes: list[int] = []
        for size in (node.output.count, *node.output.shape):
            if isinstance(size, Expr):
                raise ParamcalcError(
                    f"torch needs numbers, but the input '{node.path}' has the size {plain(size)}; "
                    "give the symbols values with --input or --set"
                )
            sizes.append(size)
        inputs.append(torch.empty(sizes, device="meta"))
    return inputs
