"""What a layer is: its fields, then its rules.

A layer is a pydantic model. Its fields are what YAML may write; its methods are the rules, each
written once, with Python's operators on sizes. A count is a sum of products, so that its value and
its derivation (`5·5·48·128·2 = 307,200`) come from the same line of code.

The modules of this package do not postpone their annotations: pydantic would compile those of every
base again for each class, which doubles the time that a layer takes to load.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict, PlainValidator, WithJsonSchema

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Expr, Size, plain
from paramcalc.algebra.receptive_field import AxisField, Fields, Ordered, Unordered, apply_tap_map, read_whole_axis
from paramcalc.algebra.tap_map import EACH, TapMap, Unknown
from paramcalc.algebra.tensor import Shape, Tensor, spelled
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError

Count: TypeAlias = tuple[tuple[Size, ...], ...]
"""A sum of products: `((3, 3, 64, 128),)` is 73,728, and `()` is 0."""

FieldRule: TypeAlias = Callable[[Sequence[Fields], object], Fields]
"""Fields of the inputs in, and a name for this operation; fields of the output out."""

Padding: TypeAlias = Size | tuple[Size, ...] | tuple[tuple[Size, Size], ...] | str
PerAxis: TypeAlias = Size | tuple[Size, ...]


def total(count: Count) -> Size:
    """The value of a sum of products."""
    return prod(count[0]) if len(count) == 1 else sum(map(prod, count))


def multiplied(count: Iterable[Sequence[Size]]) -> str:
    """A sum of products as text: `5·5·48·128·2`."""
    return " + ".join("·".join(factor(size) for size in factors) for factors in count)


# -- field types ------------------------------------------------------------------------------


def spell_value(value: object) -> str:
    """A value as an error shows it, in YAML's spelling."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nothing"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(spell_value(item) for item in value)}]"
    if isinstance(value, Expr):
        return plain(value)
    return f"'{value}'" if isinstance(value, str) else str(value)


def _integer(value: object, least: int | None) -> Size:
    if isinstance(value, Fraction):
        raise ValueError(f"must be a whole number, got {spell_value(value)}")
    if isinstance(value, bool) or not isinstance(value, (int, Expr)):
        raise ValueError(f"must be a whole number, got {spell_value(value)}")
    if least is not None and isinstance(value, int) and value < least:
        raise ValueError(f"must be at least {least}, got {value}")
    return value


def _positive(value: object) -> Size:
    return _integer(value, 1)


def _natural(value: object) -> Size:
    return _integer(value, 0)


def _any_integer(value: object) -> Size:
    return _integer(value, None)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, got {spell_value(value)}")
    return value


def _decimal(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
        raise ValueError(f"must be a number, got {spell_value(value)}")
    return Fraction(value)


def _probability(value: object) -> Fraction:
    number = _decimal(value)
    if not 0 <= number <= 1:
        raise ValueError(f"must lie between 0 and 1, got {float(number):g}")
    return number


def _per_axis(value: object, least: int) -> Size | tuple[Size, ...]:
    if isinstance(value, (tuple, list)):
        if not value:
            raise ValueError("must be one number or one per axis, got []")
        return tuple(_integer(item, least) for item in value)
    return _integer(value, least)


def _positive_per_axis(value: object) -> Size | tuple[Size, ...]:
    return _per_axis(value, 1)


def _natural_per_axis(value: object) -> Size | tuple[Size, ...]:
    return _per_axis(value, 0)


def _integers(value: object) -> tuple[Size, ...]:
    if not isinstance(value, (tuple, list)) or not value:
        raise ValueError(f"must be a list of whole numbers, got {spell_value(value)}")
    return tuple(_integer(item, None) for item in value)


def _positives(value: object) -> tuple[Size, ...]:
    if not isinstance(value, (tuple, list)) or not value:
        raise ValueError(f"must be a list of whole numbers, got {spell_value(value)}")
    return tuple(_integer(item, 1) for item in value)


def _padding(value: object, words: tuple[str, ...]) -> Padding:
    if isinstance(value, str):
        if value not in words:
            *forms, last = ("a number", "one per axis", "[[lo, hi], …]", *map(spell_value, words))
            raise ValueError(f"must be {', '.join(forms)} or {last}, got {spell_value(value)}")
        return value
    if isinstance(value, (tuple, list)) and any(isinstance(item, (tuple, list)) for item in value):
        pairs = []
        for item in value:
            if not isinstance(item, (tuple, list)) or len(item) != 2:
                raise ValueError(f"must give [lo, hi] for every axis, got {spell_value(value)}")
            pairs.append((_integer(item[0], 0), _integer(item[1], 0)))
        return tuple(pairs)
    return _per_axis(value, 0)


def _window_padding(value: object) -> Padding:
    return _padding(value, ("same",))


def _plain_padding(value: object) -> Padding:
    return _padding(value, ())


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be the name of a step, got {spell_value(value)}")
    return value


EXPRESSION = {"type": "string", "description": "an expression"}
SCHEMA_INTEGER = {"anyOf": [{"type": "integer"}, EXPRESSION]}
SCHEMA_POSITIVE = {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}
SCHEMA_NATURAL = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
SCHEMA_PAIR = {"type": "array", "items": SCHEMA_NATURAL, "minItems": 2, "maxItems": 2}


def _list_of(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "minItems": 1}


Positive = Annotated[Size, PlainValidator(_positive), WithJsonSchema(SCHEMA_POSITIVE)]
Natural = Annotated[Size, PlainValidator(_natural), WithJsonSchema(SCHEMA_NATURAL)]
Integer = Annotated[Size, PlainValidator(_any_integer), WithJsonSchema(SCHEMA_INTEGER)]
Truth = Annotated[bool, PlainValidator(_truth), WithJsonSchema({"anyOf": [{"type": "boolean"}, EXPRESSION]})]
Decimal = Annotated[Fraction, PlainValidator(_decimal), WithJsonSchema({"anyOf": [{"type": "number"}, EXPRESSION]})]
Probability = Annotated[
    Fraction,
    PlainValidator(_probability),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, EXPRESSION]}),
]
PositivePerAxis = Annotated[
    PerAxis,
    PlainValidator(_positive_per_axis),
    WithJsonSchema({"anyOf": [*SCHEMA_POSITIVE["anyOf"], _list_of(SCHEMA_POSITIVE)]}),
]
NaturalPerAxis = Annotated[
    PerAxis,
    PlainValidator(_natural_per_axis),
    WithJsonSchema({"anyOf": [*SCHEMA_NATURAL["anyOf"], _list_of(SCHEMA_NATURAL)]}),
]
Integers = Annotated[tuple[Size, ...], PlainValidator(_integers), WithJsonSchema(_list_of(SCHEMA_INTEGER))]
Positives = Annotated[tuple[Size, ...], PlainValidator(_positives), WithJsonSchema(_list_of(SCHEMA_POSITIVE))]
_PADDING_SCHEMA = [*SCHEMA_NATURAL["anyOf"], _list_of(SCHEMA_NATURAL), _list_of(SCHEMA_PAIR)]
WindowPadding = Annotated[
    Padding, PlainValidator(_window_padding), WithJsonSchema({"anyOf": [{"const": "same"}, *_PADDING_SCHEMA]})
]
PlainPadding = Annotated[Padding, PlainValidator(_plain_padding), WithJsonSchema({"anyOf": _PADDING_SCHEMA})]
StepName = Annotated[
    str, PlainValidator(_word), WithJsonSchema({"type": "string", "description": "the name of an earlier step"})
]


# -- the layer ----------------------------------------------------------------------------------


class Layer(BaseModel):
    """A layer: fields that YAML may write, and rules for shape, parameters, MACs and field.

    The defaults of the rules are those of a layer without parameters that works on each position
    by itself. `rules` spells them for readers, by quantity. `references` names the fields that hold
    the name of an earlier step, which is then a further input, in that order. `view` marks a layer
    that writes no elements of its own. Counts are of one tensor: the network multiplies MACs and
    activations by how many there are. `family` is what kind of layer it is: `convolution`, `linear`,
    `normalisation` or `other`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    type: ClassVar[str]
    family: ClassVar[str] = "other"
    rules: ClassVar[Mapping[str, str]] = {}
    references: ClassVar[tuple[str, ...]] = ()
    view: ClassVar[bool] = False

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The tensor that comes out. Raises LayerError where the layer does not fit its inputs."""
        x = inputs[0]
        y = self.infer(x.shape, need)
        return x if y is x.shape else Tensor(y, x.count)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The shape that comes out of a layer with one input."""
        return x

    def weights(self, x: Shape) -> Count:
        """Weights, as a sum of products."""
        return ()

    def biases(self, x: Shape) -> Count:
        """Biases, as a sum of products."""
        return ()

    def buffers(self, x: Shape) -> Count:
        """Elements of state that is no parameter: running mean and variance."""
        return ()

    def macs(self, x: Shape, y: Shape) -> Count:
        """Multiply-accumulates for one tensor, as a sum of products."""
        return ()

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """How the output reads the inputs: fields of the inputs in, fields of the output out. Raises Unknown."""
        return unchanged

    def sizes(self, inputs: Sequence[Shape], y: Shape) -> Sequence[str]:
        """How each size of the output that the layer computes comes about: `(227 − 11)/4 + 1 = 55`."""
        return ()


def need_map(layer: str, x: Shape) -> None:
    """Raise LayerError unless the input is a map of 1 to 3 spatial axes."""
    if not 2 <= len(x) <= 4:
        raise LayerError(f"{layer} needs a map of shape [C, L], [C, H, W] or [C, D, H, W], got {spelled(x)}")


def need_image(layer: str, x: Shape) -> None:
    """Raise LayerError unless the input is a map of height and width."""
    if len(x) != 3:
        raise LayerError(f"{layer} needs a map of shape [C, H, W], got {spelled(x)}")


def per_axis(name: str, value: PerAxis, axes: int) -> tuple[Size, ...]:
    """One value for each of `axes` axes; a single one serves all."""
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        raise LayerError(f"{name} has {len(value)} values for {axes} {'axis' if axes == 1 else 'axes'}")
    return value


def need_sizes(layer: str, x: Shape, y: Shape, need: Conditions) -> Shape:
    """Require every size of the output to be at least 1; returns the output."""
    for size in y:
        if not need.at_least(size, 1):
            raise LayerError(f"{layer} on {spelled(x)} would give {spelled(y)}: every size must be at least 1")
    return y


# -- how outputs read inputs --------------------------------------------------------------------

WHOLE = None
"""In the maps of a layer: every unit reads the whole axis."""


def unchanged(fields: Sequence[Fields], origin: object) -> Fields:
    """Each position reads itself."""
    return fields[0]


def unknown(fields: Sequence[Fields], origin: object) -> Fields:
    """What is read depends on the data."""
    raise Unknown


def along_axes(tap_maps: Sequence[TapMap | None], y: Shape) -> FieldRule:
    """Each axis of the tensor is read as the map in its place says; WHOLE is the whole axis."""

    def rule(fields: Sequence[Fields], origin: object) -> Fields:
        return tuple([axis_behind(field, tap_maps, y) for field in fields[0]])

    return rule


def axis_behind(field: AxisField, tap_maps: Sequence[TapMap | None], y: Shape) -> AxisField:
    """One field behind the map of the axis that it lies along."""
    if isinstance(field, Ordered) and field.constant:
        return field
    tap_map = tap_maps[field.along]
    if tap_map is None:
        return read_whole_axis(field)
    if isinstance(field, Unordered):
        if tap_map == EACH:
            return field
        raise Unknown
    if tap_map == EACH:
        return field if field.units == y[field.along] else field._replace(units=y[field.along])
    return apply_tap_map(tap_map, field, y[field.along])
