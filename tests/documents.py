"""Random documents of the language, and what they mean in plain Python.

`Interpreter` executes a document a second time, slowly: blocks and repeats are expanded, sizes counted by torch's
formulas, and what a unit reads is followed position by position.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import prod
from typing import Any, NamedTuple, TypeAlias

from hypothesis import strategies as st

import paramcalc
from paramcalc import Network, Report
from tests.strategies import Step as Window

Step: TypeAlias = str | dict[str, Any]
Names: TypeAlias = Mapping[str, int]
Span: TypeAlias = tuple[int, int]
Spans: TypeAlias = Callable[[int], Span]


class Document(NamedTuple):
    """A file of the language: the input's shape, the steps, and the blocks with their arguments and steps."""

    input: tuple[Any, ...]
    layers: Sequence[Step]
    blocks: Mapping[str, tuple[Sequence[Any], Sequence[Step]]]

    @property
    def text(self) -> str:
        """The file; JSON is YAML too."""
        blocks = {name: {"args": args, "layers": layers} for name, (args, layers) in self.blocks.items()}
        return json.dumps(
            {"name": "random", "source": "none", "input": self.input, "blocks": blocks, "layers": self.layers}
        )

    def load(self) -> tuple[Network, Report]:
        """The network as the program reads it, and its report."""
        network = paramcalc.loads(self.text)
        return network, paramcalc.analyze(network)


# -- what a document means ----------------------------------------------------------------------


class Unfit(Exception):
    """A step does not fit."""


class Map(NamedTuple):
    """A tensor: its shape, and for each axis of the image what a unit on it reads, also outside of the map."""

    shape: tuple[int, ...]
    spans: tuple[Spans, ...]


class Figures(NamedTuple):
    """What is counted of one executed step, and what comes out of it."""

    type: str
    output: Map
    weights: int = 0
    biases: int = 0
    buffers: int = 0
    macs: int = 0
    written: int = 0

    @property
    def field(self) -> list[int]:
        """How much a unit reads at most, on each axis."""
        return [max(hi - lo + 1 for lo, hi in map(each, range(n))) for each, n in self.axes]

    @property
    def padding(self) -> list[int]:
        """How far the first unit's interval begins before the image, on each axis."""
        return [-each(0)[0] for each, _ in self.axes]

    @property
    def axes(self) -> list[tuple[Spans, int]]:
        """What units read, and how many units there are; after flatten, each unit reads the same."""
        shape = self.output.shape
        sizes = shape[1:] if len(shape) > 1 else (1,) * len(self.output.spans)
        return list(zip(self.output.spans, sizes, strict=True))


@dataclass
class Interpreter:
    """The rows of a document, as they are executed."""

    document: Document
    rows: list[Figures] = field(default_factory=list)

    def run(self) -> list[Figures]:
        """All rows. Raises Unfit."""
        shape = self.document.input
        self.steps(self.document.layers, Map(tuple(shape), (lambda i: (i, i),) * (len(shape) - 1)), {})
        return self.rows

    def steps(self, steps: Sequence[Step], x: Map, names: Names) -> Map:
        """What comes out of a list."""
        for step in steps:
            keys: dict[str, Any] = {step: None} if isinstance(step, str) else step
            (kind,) = keys.keys() - {"repeat", "name"}
            for _ in range(keys.get("repeat", 1)):
                x = self.step(kind, keys[kind], x, names)
        return x

    def step(self, kind: str, fields: Any, x: Map, names: Names) -> Map:
        """What comes out of one step."""
        if kind in self.document.blocks:
            args, layers = self.document.blocks[kind]
            given = {name: value_of(value, x, names) for name, value in (fields or {}).items()}
            defaults = {name: value for arg in args if isinstance(arg, dict) for name, value in arg.items()}
            return self.steps(layers, x, {**defaults, **given})
        if kind in ("add", "concat"):
            row = joined(kind, [self.steps(branch, x, names) for branch in fields.values()])
        else:
            values = {name: value_of(value, x, names) for name, value in (fields or {}).items()}
            row = RULES[kind](kind, x, **values)
        self.rows.append(row)
        return row.output


def value_of(value: Any, x: Map, names: Names) -> Any:
    """A value that a document holds: a number, a list, or an expression."""
    if isinstance(value, list):
        return [value_of(item, x, names) for item in value]
    if not isinstance(value, str):
        return value
    return eval(code(value), {"__builtins__": {}}, {"channels": x.shape[0], **names})  # noqa: S307 - the text is ours


@cache
def code(text: str) -> Any:
    """An expression of the language, which is one of Python too."""
    return compile(text, "<expression>", "eval")


def windows(x: Map, fields: Mapping[str, Any], *, up: bool = False) -> list[Window]:
    """The window on each axis."""
    axes = len(x.shape) - 1
    if axes < 1:
        raise Unfit
    each = {name: value if isinstance(value, list) else [value] * axes for name, value in fields.items()}
    return [
        Window(
            each["kernel"][axis],
            each["stride"][axis],
            each["padding"][axis],
            each["padding"][axis],
            each["dilation"][axis],
            up,
        )
        for axis in range(axes)
    ]


def slid(x: Map, channels: int, found: Sequence[Window]) -> Map:
    """The map behind windows."""
    sizes = [window.size(n) for n, window in zip(x.shape[1:], found, strict=True)]
    if min(sizes) < 1:
        raise Unfit
    return Map((channels, *sizes), tuple(behind(spans, window) for spans, window in zip(x.spans, found, strict=True)))


def behind(spans: Spans, window: Window) -> Spans:
    """What a unit behind a window reads: all that its taps read."""

    @cache
    def read(unit: int) -> Span:
        start = unit * window.stride - window.lo
        return hull([spans(start + tap * window.dilation) for tap in range(window.kernel)])

    return read


def hull(spans: Sequence[Span]) -> Span:
    """The smallest interval that holds all."""
    return min(lo for lo, _ in spans), max(hi for _, hi in spans)


def conv(
    kind: str,
    x: Map,
    *,
    out: int,
    kernel: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    bias: bool = True,
) -> Figures:
    """Weights: a kernel for each channel that comes in, of its group, and each that comes out."""
    found = windows(x, {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation})
    if x.shape[0] % groups or out % groups:
        raise Unfit
    y = slid(x, out, found)
    weights = sum(
        prod(window.kernel for window in found)
        for into, outof in product(range(x.shape[0]), range(out))
        if into * groups // x.shape[0] == outof * groups // out
    )
    macs = weights * prod(y.shape[1:])
    return Figures(kind, y, weights, out if bias else 0, 0, macs, prod(y.shape))


def pool(
    kind: str, x: Map, *, kernel: int, stride: Any = None, padding: int = 0, dilation: int = 1, ceil: bool = False
) -> Figures:
    """No parameters; without a stride, the stride is the kernel."""
    fields = {"kernel": kernel, "stride": stride or kernel, "padding": padding, "dilation": dilation}
    y = slid(x, x.shape[0], windows(x, fields, up=ceil))
    return Figures(kind, y, written=prod(y.shape))


def batch_norm(kind: str, x: Map) -> Figures:
    """A scale and a shift a channel, a running mean and a running variance a channel."""
    if len(x.shape) < 2:
        raise Unfit
    return Figures(kind, x, x.shape[0], x.shape[0], 2 * x.shape[0], written=prod(x.shape))


def same(kind: str, x: Map) -> Figures:
    """A new tensor of the same shape."""
    return Figures(kind, x, written=prod(x.shape))


def view(kind: str, x: Map) -> Figures:
    """The same tensor."""
    return Figures(kind, x)


def upsample(kind: str, x: Map, *, scale: int) -> Figures:
    """Each position `scale` times."""
    if len(x.shape) < 2:
        raise Unfit
    y = Map((x.shape[0], *(scale * n for n in x.shape[1:])), tuple(repeated(spans, scale) for spans in x.spans))
    return Figures(kind, y, written=prod(y.shape))


def repeated(spans: Spans, scale: int) -> Spans:
    """What units read that repeat the units of `spans`."""
    return lambda unit: spans(unit // scale)


def global_avg_pool(kind: str, x: Map) -> Figures:
    """One position, which reads all."""
    if len(x.shape) < 2:
        raise Unfit
    y = Map((x.shape[0], *(1 for _ in x.shape[1:])), everything(x))
    return Figures(kind, y, written=x.shape[0])


def everything(x: Map) -> tuple[Spans, ...]:
    """What all units of a map read together."""

    def constant(span: Span) -> Spans:
        return lambda _: span

    return tuple(constant(hull([each(i) for i in range(n)])) for each, n in zip(x.spans, x.shape[1:], strict=True))


def joined(kind: str, branches: Sequence[Map]) -> Figures:
    """The hull of what the branches read, unit by unit."""
    shapes = [branch.shape for branch in branches]
    kept = 0 if kind == "add" else 1
    if len({shape[kept:] for shape in shapes}) > 1:
        raise Unfit
    channels = shapes[0][0] if kind == "add" else sum(shape[0] for shape in shapes)
    spans = tuple(met(each) for each in zip(*(branch.spans for branch in branches), strict=True))
    y = Map((channels, *shapes[0][1:]), spans)
    return Figures(kind, y, written=prod(y.shape))


def met(paths: Sequence[Spans]) -> Spans:
    """What a unit reads where paths meet."""
    return lambda unit: hull([path(unit) for path in paths])


RULES: dict[str, Callable[..., Figures]] = {
    "conv": conv,
    "max_pool": pool,
    "avg_pool": pool,
    "batch_norm": batch_norm,
    "relu": same,
    "dropout": view,
    "identity": view,
    "upsample": upsample,
    "global_avg_pool": global_avg_pool,
}


# -- random documents ---------------------------------------------------------------------------


@cache
def convs(axes: int) -> st.SearchStrategy[Step]:
    """Convolutions of any kind, also with expressions and one value per axis."""
    small = st.integers(1, 2)
    fields = st.fixed_dictionaries(
        {
            "out": st.sampled_from([1, 2, 3, 4, "channels", "2*channels", "channels + 1"]),
            "kernel": st.one_of(st.integers(1, 4), st.lists(st.integers(1, 4), min_size=axes, max_size=axes)),
        },
        optional={
            "stride": st.one_of(small, st.lists(small, min_size=axes, max_size=axes)),
            "padding": st.integers(0, 3),
            "dilation": small,
            "bias": st.booleans(),
        },
    )
    depthwise = st.fixed_dictionaries(
        {"out": st.sampled_from(["channels", "2*channels"]), "groups": st.just("channels"), "kernel": st.just(3)},
        optional={"padding": st.just(1)},
    )
    return st.one_of(fields, fields, depthwise).map(lambda found: {"conv": found})


@cache
@st.composite
def pools(draw: st.DrawFn) -> Step:
    """Poolings; their padding is at most half the kernel."""
    kernel = draw(st.integers(1, 4))
    fields = draw(
        st.fixed_dictionaries(
            {"kernel": st.just(kernel)},
            optional={
                "stride": st.integers(1, 3),
                "padding": st.integers(0, kernel // 2),
                "ceil": st.booleans(),
            },
        )
    )
    return {draw(st.sampled_from(["max_pool", "avg_pool"])): fields}


PLAIN: list[Step] = ["relu", "batch_norm", "dropout", "identity"]
"""Layers that keep every size."""

KEEPING: st.SearchStrategy[Step] = st.sampled_from(
    [
        *PLAIN,
        *({"conv": {"out": "channels", "kernel": 2 * half + 1, "padding": half}} for half in range(3)),
        {"max_pool": {"kernel": 3, "stride": 1, "padding": 1}},
    ]
)
"""Steps that keep every size and the number of channels."""


@cache
@st.composite
def joins(draw: st.DrawFn) -> Step:
    """Branches that keep every size, or all stride by 2, and meet; or a way down and up beside the identity."""
    kind = draw(st.sampled_from(["add", "concat", "strided", "down and up"]))
    if kind == "down and up":
        halves: list[Step] = [
            {"max_pool": {"kernel": 2}},
            {"conv": {"out": 2, "kernel": 3, "stride": 2, "padding": 1}},
        ]
        down = draw(st.sampled_from(halves))
        inner = draw(st.lists(KEEPING, max_size=2))
        return {"concat": {"down": [down, *inner, {"upsample": {"scale": 2}}], "skip": []}}
    branches = [draw(st.lists(KEEPING, max_size=3)) for _ in range(draw(st.integers(2, 3)))]
    if kind == "strided":
        for branch in branches:
            half = draw(st.integers(0, 2))
            branch.append({"conv": {"out": 2, "kernel": 2 * half + 1, "padding": half, "stride": 2}})
    name = "concat" if kind == "concat" else "add"
    return {name: {f"path{number}": branch for number, branch in enumerate(branches, 1)}}


@cache
@st.composite
def bodies(draw: st.DrawFn, axes: int) -> tuple[list[Any], list[Step]]:
    """A block: its arguments, and steps that use them."""
    argument = {"conv": {"out": "width", "kernel": "kernel", "padding": "kernel // 2"}}
    steps = draw(st.lists(st.one_of(st.just(argument), convs(axes), KEEPING, joins(), pools()), max_size=4))
    return ["width", {"kernel": 3}], steps


@cache
def steps(axes: int, blocks: tuple[str, ...]) -> st.SearchStrategy[Step]:
    """Any step."""
    kinds = [convs(axes), convs(axes), pools(), st.sampled_from(PLAIN), joins()]
    if blocks:
        call = st.fixed_dictionaries(
            {"width": st.sampled_from([1, 2, "channels", "2*channels"])}, optional={"kernel": st.integers(1, 3)}
        )
        kinds.append(st.builds(lambda name, fields: {name: fields}, st.sampled_from(blocks), call))
    single = st.one_of(kinds)
    return st.one_of(single, single, st.builds(again, single, st.integers(1, 3)))


def again(step: Step, times: int) -> Step:
    """A step repeated."""
    return {**(step if isinstance(step, dict) else {step: None}), "repeat": times}


def fits(document: Document) -> bool:
    """Whether every step fits."""
    try:
        Interpreter(document).run()
    except Unfit:
        return False
    return True


MOST_CHANNELS = 64


@st.composite
def documents(draw: st.DrawFn, most: int = 6, axes: int | None = None) -> Document:
    """A document that loads."""
    axes = draw(st.integers(1, 2)) if axes is None else axes
    shape = (draw(st.integers(1, 3)), *(draw(st.integers(8, 24)) for _ in range(axes)))
    blocks = {f"block{index}": draw(bodies(axes)) for index in range(draw(st.integers(0, 2)))}
    return extended(draw, Document(shape, [], blocks), draw(st.integers(1, most)))


def extended(draw: st.DrawFn, document: Document, number: int) -> Document:
    """The document with up to so many further steps."""
    for _ in range(number):
        step = draw(steps(len(document.input) - 1, tuple(sorted(document.blocks))))
        longer = document._replace(layers=[*document.layers, step])
        try:
            rows = Interpreter(longer).run()
        except Unfit:
            continue
        if all(row.output.shape[0] <= MOST_CHANNELS for row in rows):
            document = longer
    return document


def nameless(step: Step) -> Step:
    """A step without its name."""
    return step if isinstance(step, str) else {key: value for key, value in step.items() if key != "name"}


def mutated(draw: st.DrawFn, document: Document) -> Document:
    """A copy of a document that loads too: a step dropped, doubled, put in, or moved, or names given."""
    layers = list(document.layers)
    kind = draw(st.sampled_from(["drop", "double", "insert", "swap", "name", "name"]))
    index = draw(st.integers(0, max(0, len(layers) - 1)))
    if kind == "drop":
        del layers[index : index + 1]
    elif kind == "double":
        layers[index:index] = [nameless(step) for step in layers[index : index + 1]]
    elif kind == "insert":
        layers.insert(index, draw(steps(len(document.input) - 1, tuple(sorted(document.blocks)))))
    elif kind == "swap":
        layers[index : index + 2] = reversed(layers[index : index + 2])
    else:
        names = draw(st.permutations([f"step{chr(97 + at)}" for at in range(len(layers))]))
        layers = [
            {**(step if isinstance(step, dict) else {step: None}), "name": name}
            for step, name in zip(layers, names, strict=True)
        ]
    changed = document._replace(layers=layers)
    return changed if fits(changed) else document


@st.composite
def pairs_of_documents(draw: st.DrawFn) -> tuple[Document, Document]:
    """Two documents: changed copies of one, or two that have nothing to do with each other."""
    first = draw(documents())
    if draw(st.integers(0, 3)) == 0:
        return first, draw(documents())
    second = first
    for _ in range(draw(st.integers(1, 3))):
        second = mutated(draw, second)
    return mutated(draw, first), second
