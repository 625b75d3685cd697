"""A network beside a torch module of someone else: totals, and the parameterised layers in order."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from paramcalc.crosscheck.network import state, to_torch
from paramcalc.errors import ParamcalcError
from paramcalc.network import Network


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A module with parameters of its own: its name, its class, the shapes of its parameters."""

    name: str
    class_name: str
    shapes: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        shapes = " ".join("×".join(map(str, shape)) or "1" for shape in self.shapes)
        return f"{self.name} {shapes}"


@dataclass(slots=True)
class Against:
    """Two sequences of layers side by side; None stands where one has no counterpart."""

    name: str
    other: str
    params: tuple[int, int]
    buffers: tuple[int, int]
    pairs: list[tuple[Parameterised | None, Parameterised | None]]

    @property
    def agrees(self) -> bool:
        """Whether totals and all layers are the same."""
        paired = all(left and right and left.shapes == right.shapes for left, right in self.pairs)
        return paired and self.params[0] == self.params[1] and self.buffers[0] == self.buffers[1]


def against(
    network: Network, target: str, positional: Sequence[Any] = (), named: Mapping[str, Any] | None = None
) -> Against:
    """Compare a network with what `module:callable` returns for these arguments; importing the module runs its code.

    Raises ParamcalcError where the target cannot be imported or called, or returns no `nn.Module`, and where
    torch does not have a layer of the network.
    """
    with torch.device("meta"):
        ours = to_torch(network)
        other = call_target(target, positional, named or {})
    left, right = parameterised(ours), parameterised(other)
    pairs: list[tuple[Parameterised | None, Parameterised | None]] = []
    matcher = SequenceMatcher(None, [item.shapes for item in left], [item.shapes for item in right], autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        pairs += zip_longest(left[a:b], right[c:d])
    params = elements(ours.parameters()), elements(other.parameters())
    return Against(network.name, target, params, (elements(state(ours)), elements(state(other))), pairs)


def elements(tensors: Iterable[Tensor]) -> int:
    """Elements of all tensors."""
    return sum(tensor.numel() for tensor in tensors)


def call_target(target: str, positional: Sequence[Any], named: Mapping[str, Any]) -> nn.Module:
    """What `module:callable` returns, or an `nn.Module` of this name.

    The file is looked for in the current folder first. Raises ParamcalcError for what goes wrong.
    """
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise ParamcalcError(f"--against takes MODULE:CALLABLE such as torchvision.models:resnet50, got '{target}'")
    found = import_target(module_name, name)
    if isinstance(found, nn.Module):
        if positional or named:
            raise ParamcalcError(f"{target} is a module already, which takes no arguments")
        return found
    if not callable(found):
        raise ParamcalcError(f"{target} cannot be called: it is of type {type(found).__name__}")
    try:
        result = found(*positional, **named)
    except (Exception, SystemExit) as error:
        arguments = ", ".join([*map(repr, positional), *(f"{name}={value!r}" for name, value in named.items())])
        raise ParamcalcError(f"{target}({arguments}) failed: {in_one_line(error)}") from error
    if not isinstance(result, nn.Module):
        raise ParamcalcError(f"{target} returned no torch.nn.Module, but something of type {type(result).__name__}")
    return result


def import_target(module_name: str, name: str) -> Any:
    """The object `name` of a module, with dots for attributes of attributes. Raises ParamcalcError."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise ParamcalcError(f"{module_name}:{name} cannot be imported: {in_one_line(error)}") from error
    return found


def in_one_line(error: BaseException) -> str:
    """The class of an error and its message."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def parameterised(module: nn.Module) -> list[Parameterised]:
    """The modules with parameters of their own, in the order in which they are registered, each parameter once."""
    found = []
    seen: set[int] = set()
    for name, part in module.named_modules():
        own = [parameter for parameter in part.parameters(recurse=False) if id(parameter) not in seen]
        seen.update(map(id, own))
        if any(isinstance(parameter, UninitializedParameter) for parameter in own):
            raise ParamcalcError(f"{name} of {type(part).__name__} has no sizes before it is first called")
        if own:
            found.append(Parameterised(name, type(part).__name__, tuple(tuple(parameter.shape) for parameter in own)))
    return found
