"""`paramcalc.to_torch`: a module whose parts carry the paths, and that trains."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import paramcalc
from paramcalc import Network, ParamcalcError
from paramcalc.crosscheck.witnesses import witness_of
from paramcalc.language.library import bundled_names

LAYERED = """
name: Everything that a module must keep
source: none
input: [3, 16, 16]
blocks:
  conv_bn:
    args: [out, stride: 1]
    layers:
      - conv: {out: out, kernel: 3, stride: stride, padding: 1, bias: false}
      - batch_norm
layers:
  - {conv_bn: {out: 8}, name: stem, frozen: true}
  - relu
  - add:
      main:
        - {conv: {out: 8, kernel: 3, padding: same}, name: first}
        - relu
        - {conv: {out: 8, kernel: 3, padding: same}, share: first}
      shortcut: []
  - {conv_bn: {out: 8, stride: 2}, repeat: 2, name: stage}
  - {pad: [[0, 1], [1, 0]]}
  - {relu: , name: type}
  - {sigmoid: , name: inputs}
  - global_avg_pool
  - flatten
  - linear: 5
"""

HEADED = """
name: Two inputs and two heads
source: none
input: {image: [3, 8, 8], other: [2, 8, 8]}
layers:
  - {conv: {out: 4, kernel: 3, padding: 1}, name: left}
  - {conv: {out: 4, kernel: 1}, from: other, name: right}
  - add:
      left: [{from: left}]
      right: [{from: right}]
heads:
  scores: [{conv: {out: 2, kernel: 1}}]
  boxes: [global_avg_pool, flatten, {linear: 4}]
"""


def layered() -> tuple[Network, nn.Module]:
    network = paramcalc.loads(LAYERED)
    torch.manual_seed(0)
    return network, paramcalc.to_torch(network)


def test_parameters_and_buffers_carry_the_paths() -> None:
    _, module = layered()
    norm = [f"batch_norm.{name}" for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")]
    blocks = [f"{block}.{name}" for block in ("stem", "stage1", "stage2") for name in ("conv.weight", *norm)]
    rest = [f"{layer}.{name}" for layer in ("main.first", "main.conv", "linear") for name in ("weight", "bias")]
    assert set(module.state_dict()) == {*blocks, *rest}


@pytest.mark.parametrize(
    "layer",
    [
        "conv: {out: 2, kernel: 4, padding: [[1, 2], [0, 3]]}",
        "conv_transpose: {out: 2, kernel: 4, padding: [[0, 1], [2, 0]]}",
    ],
)
def test_uneven_padding_leaves_the_names_of_parameters(layer: str) -> None:
    network = paramcalc.loads(f"name: x\nsource: none\ninput: [3, 9, 8]\nlayers: [{{{layer}}}]\n")
    module = paramcalc.to_torch(network)
    name = layer.partition(":")[0]
    assert set(module.state_dict()) == {f"{name}.weight", f"{name}.bias"}
    for each in (module, deepcopy(module)):
        assert tuple(each(torch.rand(2, 3, 9, 8)).shape[1:]) == network.nodes[0].output.shape


def test_every_step_is_a_submodule_by_its_path() -> None:
    network, module = layered()
    modules = dict(module.named_modules())
    assert {node.path for node in network.nodes} <= modules.keys()
    assert isinstance(modules["stage2.conv"], nn.Conv2d)
    assert isinstance(modules["type"], nn.ReLU)


def test_parameters_are_as_many_as_computed() -> None:
    network, module = layered()
    totals = paramcalc.analyze(network).totals
    assert sum(parameter.numel() for parameter in module.parameters()) == totals.params
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    assert sum(parameter.numel() for parameter in trained) == totals.trainable
    assert totals.trainable < totals.params  # type: ignore[operator]


def test_shared_weights_are_one_tensor() -> None:
    _, module = layered()
    modules = dict(module.named_modules())
    assert modules["main.conv"].weight is modules["main.first"].weight
    assert modules["main.conv"].bias is modules["main.first"].bias


def step(module: nn.Module, loss: Tensor) -> dict[str, bool]:
    """One step of gradient descent; which parameters it has changed."""
    before = deepcopy(module.state_dict())
    optimizer = torch.optim.SGD([each for each in module.parameters() if each.requires_grad], lr=0.1)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return {name: bool((before[name] != value).any()) for name, value in module.named_parameters()}


def test_a_step_of_training_changes_all_but_the_frozen_parameters() -> None:
    _, module = layered()
    x, target = torch.rand(4, 3, 16, 16), torch.tensor([0, 1, 2, 3])
    changed = step(module, functional.cross_entropy(module(x), target))
    frozen = {name for name in changed if name.startswith("stem.")}
    assert len(frozen) == 3
    assert {name for name, moved in changed.items() if not moved} == frozen


def test_a_few_steps_of_training_lower_the_loss() -> None:
    _, module = layered()
    x, target = torch.rand(4, 3, 16, 16), torch.tensor([0, 1, 2, 3])
    losses = []
    for _ in range(5):
        loss = functional.cross_entropy(module(x), target)
        module.zero_grad()
        losses.append(loss.item())
        step(module, loss)
    assert losses[-1] < losses[0]


def test_the_state_of_one_module_fits_another_of_the_same_network() -> None:
    network, module = layered()
    other = paramcalc.to_torch(network)
    other.load_state_dict(module.state_dict())
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(module.eval()(x), other.eval()(x))


def test_several_inputs_come_in_order_and_several_outputs_by_name() -> None:
    network = paramcalc.loads(HEADED)
    module = paramcalc.to_torch(network)
    found = module(torch.rand(5, 3, 8, 8), torch.rand(5, 2, 8, 8))
    assert {name: tuple(value.shape) for name, value in found.items()} == {"scores": (5, 2, 8, 8), "boxes": (5, 4)}
    changed = step(module, found["scores"].sum() + found["boxes"].square().sum())
    assert all(changed.values())


def test_one_of_several_inputs_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        paramcalc.to_torch(paramcalc.loads(HEADED))(torch.rand(5, 3, 8, 8))


def test_weights_that_are_used_again_stay_trainable_when_only_the_use_is_frozen() -> None:
    network = paramcalc.loads(
        "name: x\nsource: none\ninput: [4, 8, 8]\nlayers:\n"
        "  - {conv: {out: 4, kernel: 1}, name: first}\n"
        "  - {conv: {out: 4, kernel: 1}, share: first, frozen: true}\n"
    )
    module = paramcalc.to_torch(network)
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert paramcalc.analyze(network).totals.trainable == 20


def test_a_default_device_says_where_parameters_are_made() -> None:
    with torch.device("meta"):
        module = paramcalc.to_torch(paramcalc.load("vgg16"))
    assert {parameter.device.type for parameter in module.parameters()} == {"meta"}


SOME = [name for name in bundled_names() if not name.startswith(("densenet", "resnet", "vgg1", "mobilenet"))]


@pytest.mark.parametrize("name", [*SOME, "resnet18", "mobilenet_v2", "densenet121"])
def test_bundled_architectures_become_modules(name: str) -> None:
    network = paramcalc.load(name)
    without = [node.type for node in network.nodes if witness_of(node).not_checked]
    if without:
        with pytest.raises(ParamcalcError, match=f"torch has no module for {without[0]}"):
            paramcalc.to_torch(network)
        return
    with torch.device("meta"):
        module = paramcalc.to_torch(network)
        inputs = [torch.empty(2, *node.output.shape) for node in network.inputs]  # type: ignore[arg-type]
        found = module.eval()(*inputs)
    outputs = found if isinstance(found, dict) else {"output": found}
    assert {name: tuple(value.shape[1:]) for name, value in outputs.items()} == paramcalc.analyze(network).outputs
    assert sum(parameter.numel() for parameter in module.parameters()) == paramcalc.analyze(network).totals.params


def test_symbols_have_no_module() -> None:
    with pytest.raises(ParamcalcError, match=r"torch needs numbers, but the input 'input' has the size H"):
        paramcalc.to_torch(paramcalc.load("lenet5", input=[1, "H", "W"]))
