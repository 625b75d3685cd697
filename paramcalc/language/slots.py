"""What a layer or a block takes, and how the text of each value is understood.

A slot is a field of a layer or an argument of a block. The field's own annotation decides how its value is read; each
form is one row of `reader_of`:

    out: 2*channels     an expression, whose names must be in scope
    mode: nearest       one of the words of a `Literal`, or an expression
    rois: proposals     the name of an earlier step
    axis: tokens        the name of an axis, or its index
    pattern: c h -> h c literal words, as they are
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Literal, NamedTuple, TypeAlias, get_args, get_origin

from paramcalc.language.document import Argument, Block
from paramcalc.language.findings import Findings
from paramcalc.language.keys import STEP_KEYS
from paramcalc.language.source import Value
from paramcalc.language.values import Scope, argument, axis_name, literal, step_name
from paramcalc.layers import MODULES, layer_class
from paramcalc.layers.base import Layer
from paramcalc.layers.fields import Form, form_of

Reader: TypeAlias = Callable[[Value, str, "Scope | None", Findings], Argument]
"""Reads a value that errors call by the given name, with the names in scope; reports what is wrong with it."""


class Slot(NamedTuple):
    """A field of a layer or an argument of a block: whether it must be given, and how its value is read."""

    required: bool
    read: Reader = argument


def reader_of(layer: type[Layer], field: str) -> Reader:
    """How the value of a layer's field is read."""
    info = layer.model_fields[field]
    annotation, form = info.annotation, form_of(info)
    if field in layer.references:
        return step_name
    if form is not None:
        return axis_name if form is Form.axis else literal
    if get_origin(annotation) is Literal:
        return partial(argument, words=get_args(annotation))
    return argument


@cache
def slots_of_layer(name: str) -> Mapping[str, Slot]:
    """The fields of a layer, in order."""
    layer = layer_class(name)
    return {field: Slot(info.is_required(), reader_of(layer, field)) for field, info in layer.model_fields.items()}


def with_sizes(name: str, slots: Mapping[str, Slot], given: Iterable[str]) -> Mapping[str, Slot]:
    """The slots, and those of sizes that a layer takes by any name: `rearrange`, for the parts of its pattern."""
    if name not in MODULES or layer_class(name).model_config.get("extra") != "allow":
        return slots
    return {**slots, **{each: Slot(required=False) for each in given if each not in slots and each not in STEP_KEYS}}


def slots_of(name: str, blocks: Mapping[str, Block]) -> Mapping[str, Slot]:
    """The fields of a layer, or the arguments of a block; none for a name that is neither."""
    if name in MODULES:
        return slots_of_layer(name)
    parameters = blocks[name].parameters if name in blocks else {}
    return {each: Slot(parameter.default is None) for each, parameter in parameters.items()}
