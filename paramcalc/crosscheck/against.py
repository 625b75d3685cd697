"""A network against a torch module of someone else: totals, and the parameterised layers in order."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

import torch
from torch import nn

from paramcalc.crosscheck.network import to_torch
from paramcalc.errors import ParamcalcError
from paramcalc.network import Network


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A module with parameters of its own: its name, its class, the shapes of its parameters."""

    name: str
    kind: str
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


def against(network: Network, target: str, arguments: str = "") -> Against:
    """Compare a network with what `module:callable` returns; importing the module runs its code.

    `arguments` are written as in a call: `num_classes=10, weights=None`. Raises ParamcalcError where
    the target cannot be imported or called, or returns no `nn.Module`.
    """
    with torch.device("meta"):
        ours = to_torch(network)
        other = called(target, arguments)
    left, right = parameterised(ours), parameterised(other)
    pairs: list[tuple[Parameterised | None, Parameterised | None]] = []
    matcher = SequenceMatcher(None, [item.shapes for item in left], [item.shapes for item in right], autojunk=False)
    for _, a, b, c, d in matcher.get_opcodes():
        pairs += zip_longest(left[a:b], right[c:d])
    return Against(network.name, target, (elements(ours), elements(other)), (buffers(ours), buffers(other)), pairs)


def called(target: str, arguments: str) -> nn.Module:
    """What `module:callable` returns."""
    module_name, sign, name = target.partition(":")
    if not sign or not name:
        raise ParamcalcError(f"--against takes MODULE:CALLABLE such as torchvision.models:resnet50, got '{target}'")
    positional, named = call_arguments(arguments)
    try:
        found: Callable[..., Any] = importlib.import_module(module_name)  # type: ignore[assignment]
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ParamcalcError(f"{target} cannot be imported: {error}") from error
    try:
        made = found(*positional, **named)
    except Exception as error:
        raise ParamcalcError(f"{target}({arguments}) failed: {type(error).__name__}: {error}") from error
    if not isinstance(made, nn.Module):
        raise ParamcalcError(f"{target} returned a {type(made).__name__}, not a torch.nn.Module")
    return made


def call_arguments(text: str) -> tuple[list[Any], dict[str, Any]]:
    """Literal arguments as they are written in a call."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        named = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
        return [ast.literal_eval(value) for value in call.args], named
    except (SyntaxError, ValueError, AssertionError) as error:
        raise ParamcalcError(f"--against-args takes literals such as 'num_classes=10', got '{text}'") from error


def parameterised(module: nn.Module) -> list[Parameterised]:
    """The modules with parameters of their own, in the order in which they are registered."""
    found = []
    for name, part in module.named_modules():
        shapes = tuple(tuple(parameter.shape) for parameter in part.parameters(recurse=False))
        if shapes:
            found.append(Parameterised(name, type(part).__name__, shapes))
    return found


def elements(module: nn.Module) -> int:
    """Elements of all parameters, each once."""
    return sum(parameter.numel() for parameter in module.parameters())


def buffers(module: nn.Module) -> int:
    """Elements of all buffers but torch's counters of steps."""
    named = module.named_buffers()
    return sum(buffer.numel() for name, buffer in named if not name.endswith("num_batches_tracked"))
