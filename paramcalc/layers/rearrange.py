"""Axes split, reordered and joined by a pattern, in the notation of einops (Rogozhnikov, Einops, ICLR 2022)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Annotated, ClassVar, NamedTuple, TypeAlias

from pydantic import ConfigDict, PlainValidator, WithJsonSchema, model_validator
from typing_extensions import Self

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Size, pretty
from paramcalc.algebra.receptive_field import AxisField, Ordered, apply_tap_map, lose_order
from paramcalc.algebra.tap_map import TapMap, Taps, Unknown
from paramcalc.algebra.tensor import CHANNELS, GROUPS, Shape, Tensor, merged, split
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError
from paramcalc.layers.arrange import named
from paramcalc.layers.base import FieldRule, Layer, each_field
from paramcalc.layers.fields import AxisNames, Form, positive

TOKEN = re.compile(r"\s*(\(|\)|\.\.\.|1\b|[A-Za-z_][A-Za-z0-9_]*)")
REST = "..."
EXAMPLE = "c (h p) w -> h w (p c)"

Side: TypeAlias = tuple[tuple[str, ...], ...]
"""The axes on one side of a pattern, each as the parts that it is made of, the outermost first."""


class Pattern(NamedTuple):
    """`c (h p) w -> h w (p c)`: the axes that come in and go out, each as its parts."""

    text: str
    left: Side
    right: Side

    def of_rank(self, rank: int) -> tuple[Side, Side]:
        """Both sides for a tensor of so many axes: `...` is each axis that the pattern does not name."""
        if (REST,) not in self.left:
            if rank != len(self.left):
                raise LayerError(f"rearrange of '{self.text}' needs {len(self.left)} axes, got {rank}")
            return self.left, self.right
        rest = tuple(f"{REST}{index}" for index in range(rank - len(self.left) + 1))
        if rank < len(self.left) - 1:
            raise LayerError(f"rearrange of '{self.text}' needs at least {len(self.left) - 1} axes, got {rank}")
        return written_out(self.left, rest), written_out(self.right, rest)


def written_out(side: Side, rest: Sequence[str]) -> Side:
    """A side of a pattern with axes in place of `...`: alone they stay axes, in parentheses they become one."""
    found: list[tuple[str, ...]] = []
    for parts in side:
        if parts == (REST,):
            found += [(name,) for name in rest]
        else:
            found.append(tuple(name for part in parts for name in (rest if part == f"({REST})" else (part,))))
    return tuple(found)


def side(text: str) -> Side:
    """One side of a pattern. Raises ValueError where it does not parse, or names a part twice."""
    axes: list[tuple[str, ...]] = []
    inside: list[str] | None = None
    offset, end = 0, len(text.rstrip())
    while offset < end:
        match = TOKEN.match(text, offset)
        if match is None:
            raise ValueError(f"'{text[offset:].split(maxsplit=1)[0]}' has no place in a pattern such as '{EXAMPLE}'")
        piece, offset = match[1], match.end()
        if piece == ")" if inside is None else piece == "(":
            raise ValueError(f"the parentheses of '{text.strip()}' do not match")
        if piece == "(":
            inside = []
        elif piece == ")":
            axes.append(tuple(inside or ()))
            inside = None
        elif inside is not None:
            inside += [f"({REST})" if piece == REST else piece] * (piece != "1")
        else:
            axes.append(() if piece == "1" else (piece,))
    if inside is not None:
        raise ValueError(f"the parentheses of '{text.strip()}' do not match")
    names = [part.strip("()") for parts in axes for part in parts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"'{twice}' stands twice on one side of the pattern")
    return tuple(axes)


def pattern(value: object) -> Pattern:
    """The pattern that a text writes. Raises ValueError where it is none, or its sides have other parts."""
    if not isinstance(value, str) or value.count("->") != 1:
        raise ValueError(f"must be a pattern such as '{EXAMPLE}', got '{value}'")
    left, right = map(side, value.split("->"))
    ours, theirs = ({part.strip("()") for parts in each for part in parts} for each in (left, right))
    if ours != theirs:
        raise ValueError(f"'{min(ours ^ theirs)}' is on one side of the pattern only")
    if any(part == f"({REST})" for parts in left for part in parts):
        raise ValueError("'...' stands alone on the left, not in parentheses")
    return Pattern(value.strip(), left, right)


PatternText = Annotated[
    Pattern,
    Form.literal,
    PlainValidator(pattern),
    WithJsonSchema({"type": "string", "description": f"such as {EXAMPLE}"}),
]


class Rearrange(Layer):
    """Axes split into parts, reordered and joined (einops.rearrange, counted without the batch axis): a view.

    `{pattern: "c (h p) (w q) -> (h w) (p q c)", p: 16, q: 16}` makes patches into tokens. Of the parts of
    one axis, all but one are given; the last is the size over their product, which must divide it. A
    part of an axis of positions that becomes channels widens the receptive field to what it holds:
    patches of 16 read 16 positions, 16 apart. `axes` names all axes of the output.
    """

    model_config = ConfigDict(extra="allow")

    type: ClassVar[str] = "rearrange"
    rules: ClassVar[Mapping[str, str]] = {
        "size": "axis / given parts, or the product of joined parts",
        "field": "the positions that the channels of a unit hold",
    }
    view: ClassVar[bool] = True

    pattern: PatternText
    axes: AxisNames | None = None

    @model_validator(mode="after")
    def _sizes_of_parts(self) -> Self:
        known = {part for parts in self.pattern.left for part in parts}
        for name, value in self.given.items():
            if name not in known:
                raise ValueError(f"the pattern has no part '{name}'")
            try:
                positive(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        return self

    @property
    def given(self) -> Mapping[str, Size]:
        """The sizes of parts that are given."""
        return self.model_extra or {}

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The sizes of the right side; what is given must divide the axes of the left side."""
        x = inputs[0]
        left, right = self.pattern.of_rank(len(x.shape))
        names: dict[str, str] = {}
        for parts, n, name in zip(left, x.shape, x.axes, strict=True):
            unknown = [part for part in parts if part not in self.given]
            known = prod(self.given[part] for part in parts if part in self.given)
            if len(unknown) > 1:
                raise LayerError(
                    f"rearrange needs the sizes of all but one of {', '.join(parts)}: {n} is their product"
                )
            if not (need.divisible(n, known) if unknown else need.equal(n, known)):
                must = "be a multiple of" if unknown else "be"
                raise LayerError(f"rearrange of '{self.pattern.text}' needs {name} to {must} {pretty(known)}, got {x}")
            names.update(zip(parts, split(name, len(parts)) if parts else (), strict=True))
        sizes = self.parts(x.shape)
        usual = tuple(merged([names[part] for part in parts]) if parts else GROUPS for parts in right)
        return named(
            "rearrange", tuple(prod(sizes[part] for part in parts) for parts in right), x.count, usual, self.axes
        )

    def parts(self, x: Shape) -> dict[str, Size]:
        """The size of every part: given, or what the others leave of its axis."""
        found = dict(self.given)
        for parts, n in zip(self.pattern.of_rank(len(x))[0], x, strict=True):
            for part in parts:
                if part not in found:
                    found[part] = n // prod(found.get(other, 1) for other in parts if other != part)
        return found

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`224/16 = 14`, `14·14 = 196`."""
        x = inputs[0].shape
        left, right = self.pattern.of_rank(len(x))
        sizes = self.parts(x)

        def texts() -> Iterator[str]:
            for parts, n in zip(left, x, strict=True):
                for part in parts:
                    if len(parts) > 1 and part not in self.given:
                        others = prod(sizes[other] for other in parts if other != part)
                        yield f"{factor(n)}/{factor(others)} = {pretty(sizes[part])}"
            for parts, size in zip(right, y.shape, strict=True):
                if len(parts) > 1:
                    yield f"{'·'.join(factor(sizes[part]) for part in parts)} = {pretty(size)}"

        return list(dict.fromkeys(texts()))

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """An axis that stays whole keeps its positions; of one that is split, one part may keep them."""
        x = inputs[0].shape
        left, right = self.pattern.of_rank(len(x))
        sizes = self.parts(x)
        axis_of = {part: index for index, parts in enumerate(right) for part in parts}

        def moved(field: AxisField, origin: object) -> AxisField:
            parts = [part for part in left[field.along] if sizes[part] != 1]
            if len({axis_of[part] for part in parts}) == 1 < len(parts):
                return lose_order(field, axis_of[parts[0]], origin)
            kept = [part for part in parts if len(parts) == 1 or y.axes[axis_of[part]] != CHANNELS]
            if len(kept) != 1:
                raise Unknown
            axis = axis_of[kept[0]]
            if len(parts) > 1:
                if not isinstance(field, Ordered):
                    raise Unknown
                field = apply_tap_map(strided(parts, kept[0], sizes), field, sizes[kept[0]])
            alone = all(sizes[part] == 1 for part in right[axis] if part != kept[0])
            return field._replace(along=axis) if alone else lose_order(field, axis, origin)

        return each_field(moved)


def strided(parts: Sequence[str], kept: str, sizes: Mapping[str, Size]) -> TapMap:
    """What a unit along one part of an axis reads of it, over all units of the other parts.

    Position = outer·(kept·inner) + unit·inner + rest: `inner` positions in a row, from `unit·inner` on,
    once for each of the outer units.
    """
    at = parts.index(kept)
    outer = prod(sizes[part] for part in parts[:at])
    inner = prod(sizes[part] for part in parts[at + 1 :])
    last = (outer - 1) * sizes[kept] * inner + inner
    return TapMap(inner, (Taps(0, last),))
