"""The types of a layer's fields: what YAML may write there, as pydantic checks it and JSON Schema says it."""

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import PlainValidator, WithJsonSchema

from paramcalc.algebra.expr import Expr, Size, plain

Padding: TypeAlias = Size | tuple[Size, ...] | tuple[tuple[Size, Size], ...] | str
PerAxis: TypeAlias = Size | tuple[Size, ...]


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
    if isinstance(value, bool) or not isinstance(value, (int, Expr)):
        raise ValueError(f"must be a whole number, got {spell_value(value)}")
    if least is not None and isinstance(value, int) and value < least:
        raise ValueError(f"must be at least {least}, got {value}")
    return value


def positive(value: object) -> Size:
    """A size of at least 1, as it is. Raises ValueError for anything else."""
    return _integer(value, 1)


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


def _integers(value: object, least: int | None) -> tuple[Size, ...]:
    if not isinstance(value, (tuple, list)) or not value:
        raise ValueError(f"must be a list of whole numbers, got {spell_value(value)}")
    return tuple(_integer(item, least) for item in value)


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


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be the name of a step, got {spell_value(value)}")
    return value


def _axis(value: object) -> Size | str:
    return value if isinstance(value, str) else _integer(value, 0)


def _names(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, (tuple, list)) else ()
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"must be a list of names, one for each axis, got {spell_value(value)}")
    return tuple(names)


class Form(str, Enum):
    """How the text of a field is read, where it is not an expression."""

    literal = "literal"
    """Words as they are: names of axes, a pattern."""
    axis = "axis"
    """The name of an axis, unless the name is that of a value in scope."""


def form_of(field: object) -> Form | None:
    """The form of a field, from its annotation; None for expressions."""
    for mark in (*getattr(field, "metadata", ()), *getattr(field, "__metadata__", ())):
        if isinstance(mark, Form):
            return mark
    return next(filter(None, map(form_of, get_args(getattr(field, "annotation", field)))), None)


EXPRESSION = {"type": "string", "description": "an expression"}
SCHEMA_INTEGER = {"anyOf": [{"type": "integer"}, EXPRESSION]}
SCHEMA_POSITIVE = {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]}
SCHEMA_NATURAL = {"anyOf": [{"type": "integer", "minimum": 0}, EXPRESSION]}
SCHEMA_PAIR = {"type": "array", "items": SCHEMA_NATURAL, "minItems": 2, "maxItems": 2}


def _list_of(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(items), "minItems": 1}


Positive = Annotated[Size, PlainValidator(positive), WithJsonSchema(SCHEMA_POSITIVE)]
Natural = Annotated[Size, PlainValidator(partial(_integer, least=0)), WithJsonSchema(SCHEMA_NATURAL)]
Integer = Annotated[Size, PlainValidator(partial(_integer, least=None)), WithJsonSchema(SCHEMA_INTEGER)]
Truth = Annotated[bool, PlainValidator(_truth), WithJsonSchema({"anyOf": [{"type": "boolean"}, EXPRESSION]})]
Decimal = Annotated[Fraction, PlainValidator(_decimal), WithJsonSchema({"anyOf": [{"type": "number"}, EXPRESSION]})]
Probability = Annotated[
    Fraction,
    PlainValidator(_probability),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, EXPRESSION]}),
]
PositivePerAxis = Annotated[
    PerAxis,
    PlainValidator(partial(_per_axis, least=1)),
    WithJsonSchema({"anyOf": [*SCHEMA_POSITIVE["anyOf"], _list_of(SCHEMA_POSITIVE)]}),
]
NaturalPerAxis = Annotated[
    PerAxis,
    PlainValidator(partial(_per_axis, least=0)),
    WithJsonSchema({"anyOf": [*SCHEMA_NATURAL["anyOf"], _list_of(SCHEMA_NATURAL)]}),
]
Integers = Annotated[
    tuple[Size, ...], PlainValidator(partial(_integers, least=None)), WithJsonSchema(_list_of(SCHEMA_INTEGER))
]
Positives = Annotated[
    tuple[Size, ...], PlainValidator(partial(_integers, least=1)), WithJsonSchema(_list_of(SCHEMA_POSITIVE))
]
_PADDING_SCHEMA = [*SCHEMA_NATURAL["anyOf"], _list_of(SCHEMA_NATURAL), _list_of(SCHEMA_PAIR)]
WindowPadding = Annotated[
    Padding,
    PlainValidator(partial(_padding, words=("same",))),
    WithJsonSchema({"anyOf": [{"const": "same"}, *_PADDING_SCHEMA]}),
]
PlainPadding = Annotated[
    Padding, PlainValidator(partial(_padding, words=())), WithJsonSchema({"anyOf": _PADDING_SCHEMA})
]
AxisName = Annotated[
    Size | str,
    PlainValidator(_axis),
    Form.axis,
    WithJsonSchema({"anyOf": SCHEMA_NATURAL["anyOf"], "description": "an axis, by its name or counted from 0"}),
]
AxisNames = Annotated[
    tuple[str, ...],
    PlainValidator(_names),
    Form.literal,
    WithJsonSchema({"description": "names of all axes", **_list_of({"type": "string"})}),
]
StepName = Annotated[
    str, PlainValidator(_word), WithJsonSchema({"type": "string", "description": "the name of an earlier step"})
]
