"""Random fields of layers on an input of a shape; most fit it, some do not, so that refusals are compared too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Draw = st.DrawFn
Fields = dict[str, Any]
Shape = tuple[int, ...]
Shapes = tuple[Shape, ...]


def nothing(_draw: Draw, _x: Shape) -> Fields:
    """A layer without fields."""
    return {}


def per_axis(values: st.SearchStrategy[int], axes: int) -> st.SearchStrategy[int | list[int]]:
    """One value, or one for each axis."""
    return st.one_of(values, st.lists(values, min_size=axes, max_size=axes)) if axes else values


def padding(axes: int, most: int, *words: str) -> st.SearchStrategy[Any]:
    """Even padding, uneven padding, or a word."""
    values = st.integers(0, most)
    pairs = st.lists(st.lists(values, min_size=2, max_size=2), min_size=axes, max_size=axes)
    return st.one_of(per_axis(values, axes), *([pairs] if axes else []), *map(st.just, words))


def optional(draw: Draw, **fields: st.SearchStrategy[Any]) -> Fields:
    """Fields, each of which may be left out."""
    return draw(st.fixed_dictionaries({}, optional=fields))


def seldom(draw: Draw) -> bool:
    """Now and then true, for what should not fit."""
    return draw(st.integers(0, 9)) == 9


def groups(draw: Draw, channels: int) -> int:
    """A number that mostly divides the channels."""
    divisors = [d for d in range(1, channels + 1) if channels % d == 0]
    return draw(st.integers(1, 4) if seldom(draw) else st.sampled_from([1, *divisors]))


def any_of(**values: st.SearchStrategy[Any]) -> Callable[[Draw, Shape], Fields]:
    """Random fields that do not depend on the input, each of which may be left out."""
    return lambda draw, _x: optional(draw, **values)


def kernels(draw: Draw, x: Shape) -> Fields:
    """The fields of both convolutions."""
    axes, parts = len(x) - 1, groups(draw, x[0])
    out = draw(st.integers(1, 6)) if seldom(draw) else parts * draw(st.integers(1, 2))
    more = optional(
        draw,
        stride=per_axis(st.integers(1, 3), axes),
        dilation=per_axis(st.integers(1, 3), axes),
        bias=st.booleans(),
    )
    return {"out": out, "groups": parts, "kernel": draw(per_axis(st.integers(1, 5), axes)), **more}


def conv(draw: Draw, x: Shape) -> Fields:
    return kernels(draw, x) | optional(draw, padding=padding(len(x) - 1, 4, "same"))


def conv_transpose(draw: Draw, x: Shape) -> Fields:
    axes = len(x) - 1
    more = optional(
        draw, padding=padding(axes, 2), output_padding=per_axis(st.integers(0, 2 if seldom(draw) else 1), axes)
    )
    return kernels(draw, x) | more


def avg_pool(draw: Draw, x: Shape) -> Fields:
    axes = len(x) - 1
    kernel = draw(per_axis(st.integers(1, 5), axes))
    half = min(kernel if isinstance(kernel, list) else [kernel]) // 2
    more = optional(
        draw,
        stride=per_axis(st.integers(1, 4), axes),
        padding=padding(axes, half + seldom(draw), "same"),
        ceil=st.booleans(),
    )
    return {"kernel": kernel, **more}


def max_pool(draw: Draw, x: Shape) -> Fields:
    return avg_pool(draw, x) | optional(draw, dilation=per_axis(st.integers(1, 3), len(x) - 1))


def adaptive(draw: Draw, x: Shape) -> Fields:
    return {"output": draw(per_axis(st.integers(1, 9), len(x) - 1))}


def pyramid(draw: Draw, _x: Shape) -> Fields:
    return {"levels": draw(st.lists(st.integers(1, 7), min_size=1, max_size=3))}


def linear(draw: Draw, _x: Shape) -> Fields:
    return {"out": draw(st.integers(1, 8)), **optional(draw, bias=st.booleans())}


def group_norm(draw: Draw, x: Shape) -> Fields:
    return {"groups": groups(draw, x[0]), **optional(draw, affine=st.booleans())}


def trailing_norm(draw: Draw, x: Shape) -> Fields:
    return optional(draw, axes=st.integers(1, len(x) + seldom(draw)), affine=st.booleans())


def layer_norm(draw: Draw, x: Shape) -> Fields:
    return trailing_norm(draw, x) | optional(draw, bias=st.booleans())


def prelu(draw: Draw, x: Shape) -> Fields:
    return optional(draw, parameters=st.sampled_from([1, x[0], x[0] + seldom(draw)]))


def softmax(draw: Draw, x: Shape) -> Fields:
    return optional(draw, axis=st.integers(0, len(x) - 1 + seldom(draw)))


def flatten(draw: Draw, x: Shape) -> Fields:
    wrong = seldom(draw)
    last = len(x) - 1 + wrong
    start = draw(st.integers(0, last))
    return {"start": start, **optional(draw, end=st.one_of(st.integers(start, last), st.integers(-1 - last, -1)))}


def reshape(draw: Draw, x: Shape) -> Fields:
    """Axes of 1 added, joined, or cut in two; or the factors of all sizes in another order, with -1 for one of them."""
    kind = draw(st.sampled_from(["added", "joined", "cut", "shuffled"]))
    if kind == "shuffled":
        return {"shape": shuffled_factors(draw, x)}
    y, axis = list(x), draw(st.integers(0, len(x) - 1))
    if kind == "added" and len(y) < 4:
        y.insert(axis, 1)
    elif kind == "joined" and len(y) > 1:
        axis = min(axis, len(y) - 2)
        y[axis : axis + 2] = [y[axis] * y[axis + 1]]
    elif kind == "cut" and y[axis] % 2 == 0 and len(y) < 4:
        y[axis : axis + 1] = draw(st.permutations([2, y[axis] // 2]))
    return {"shape": y}


def shuffled_factors(draw: Draw, x: Shape) -> list[int]:
    """Other orders and groupings of the factors of a shape; some do not fit."""
    y = list(draw(st.permutations([part for n in x for part in ((2, n // 2) if n % 2 == 0 else (n,))])))
    for cut in draw(st.lists(st.integers(1, len(y)), max_size=2)):
        if cut < len(y):
            y[cut - 1 : cut + 1] = [y[cut - 1] * y[cut]]
    for _ in range(draw(st.sampled_from([0, 1, 1, 2]))):
        y[draw(st.integers(0, len(y) - 1))] = -1
    if seldom(draw):
        y[draw(st.integers(0, len(y) - 1))] = draw(st.integers(-2, 6))
    return y


def permute(draw: Draw, x: Shape) -> Fields:
    axes = list(draw(st.permutations(range(len(x)))))
    if seldom(draw):
        axes[0] = draw(st.integers(-3, 4))
    return {"axes": axes}


PATTERNS = {
    1: ["c -> 1 c", "(g c) -> g c", "(p c) -> (c p)"],
    2: ["c (l p) -> (p c) l", "c (l p) -> c l p", "c l -> l c", "c ... -> (c ...)", "1 l -> l"],
    3: ["c (h p) (w q) -> (h w) (p q c)", "(p q c) h w -> c (h p) (w q)", "c h w -> h w c", "c ... w -> w (...) c"],
    4: ["c d h w -> (c d) h w", "c (d p) h w -> c d (p h) w", "... w -> w ...", "c d h w -> c 1 d (h w)"],
}


def rearrange(draw: Draw, x: Shape) -> Fields:
    """Patterns that split, move and join axes; some parts do not divide their axis, or have no size."""
    pattern = draw(st.sampled_from(PATTERNS[len(x)]))
    sizes = st.sampled_from([1, 1, 2, 3])
    return {"pattern": pattern, **{part: draw(sizes) for part in "gpq" if part in pattern and not seldom(draw)}}


def upsample(draw: Draw, x: Shape) -> Fields:
    axes, mode = len(x) - 1, optional(draw, mode=st.sampled_from(["nearest", "linear"]))
    if draw(st.booleans()):
        return {"scale": draw(per_axis(st.integers(1, 4), axes)), **mode}
    return {"size": draw(per_axis(st.integers(1, 2 * max(x[1:], default=1)), axes)), **mode}


def factor(draw: Draw, x: Shape) -> Fields:
    return {"factor": draw(st.integers(1, 3))}


def channels_for_pixels(draw: Draw, x: Shape) -> tuple[Fields, Shapes]:
    chosen = factor(draw, x)
    return chosen, ((x[0] if seldom(draw) else x[0] * chosen["factor"] ** 2, *x[1:]),)


def block(draw: Draw, x: Shape) -> Fields:
    return {"block": draw(st.integers(1, 3))}


def whole_blocks(draw: Draw, x: Shape) -> tuple[Fields, Shapes]:
    chosen = block(draw, x)
    return chosen, ((x[0], *(n if seldom(draw) else n * chosen["block"] for n in x[1:])),)


def channel_shuffle(draw: Draw, x: Shape) -> Fields:
    return {"groups": groups(draw, x[0])}


def pad(draw: Draw, x: Shape) -> Fields:
    more = optional(
        draw,
        mode=st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
        channels=st.one_of(st.integers(0, 2), st.lists(st.integers(0, 2), min_size=2, max_size=2)),
    )
    return {"padding": draw(padding(len(x) - 1, 9 if seldom(draw) else 3)), **more}


def crop(draw: Draw, x: Shape) -> Fields:
    axes, offset = len(x) - 1, draw(st.integers(0, 3))
    largest = max(1, min(x[1:], default=1) - (0 if seldom(draw) else offset))
    return {"size": draw(per_axis(st.integers(1, largest), axes)), **optional(draw, offset=st.just(offset))}


def crop_like(draw: Draw, x: Shape) -> tuple[Fields, Shapes]:
    """Cropped to a size, or to that of a second map; now and then one of other axes."""
    chosen = crop(draw, x)
    if draw(st.booleans()):
        return chosen, (x,)
    size = chosen.pop("size")
    like = tuple(size) if isinstance(size, list) else (size,) * (len(x) - 1)
    return chosen | {"like": "other"}, (x, (draw(st.integers(1, 4)), *like, *((1,) if seldom(draw) else ())))


def slice_(draw: Draw, x: Shape) -> Fields:
    axis = draw(st.integers(0, len(x) - 1))
    start = draw(st.integers(0, min(3, x[axis] - 1 + seldom(draw))))
    more = optional(draw, stop=st.integers(start + 1, max(start + 1, x[axis] + seldom(draw))))
    return {"axis": len(x) if seldom(draw) else axis, "start": start, "step": draw(st.integers(1, 3)), **more}


def branches(draw: Draw, x: Shape) -> tuple[Fields, Shapes]:
    """One to four branches; some have sizes of 1, some a size or a number of axes that does not fit."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        branch = [draw(st.sampled_from([n, n, n, 1])) for n in x]
        if seldom(draw):
            branch[draw(st.integers(0, len(x) - 1))] += 1
        found.append((*branch, 2) if seldom(draw) else tuple(branch))
    return {}, tuple(found)


def behind_one_another(draw: Draw, x: Shape) -> tuple[Fields, Shapes]:
    """One to four branches that differ along the axis; sometimes elsewhere too."""
    chosen = optional(draw, axis=st.integers(0, len(x) - 1 + seldom(draw)))
    found = []
    for _ in range(draw(st.integers(1, 4))):
        branch = [draw(st.integers(1, 9)) if axis == chosen.get("axis", 0) else n for axis, n in enumerate(x)]
        if seldom(draw):
            branch[draw(st.integers(0, len(x) - 1))] += 1
        found.append((*branch, 1) if seldom(draw) else tuple(branch))
    return chosen, tuple(found)
