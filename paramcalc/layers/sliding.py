"""Layers that slide a window over every spatial axis: convolution and pooling."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import Size, pretty
from paramcalc.algebra.tap_map import EACH, TapMap, transposed_taps, window_taps
from paramcalc.algebra.tensor import Shape, Tensor, spelled
from paramcalc.algebra.window import Window, rounded_up, same_padding
from paramcalc.errors import LayerError
from paramcalc.layers.base import IMAGE, MAP, WHOLE, Count, FieldRule, Layer, Layout, along_axes, need_sizes, per_axis
from paramcalc.layers.fields import (
    NaturalPerAxis,
    Padding,
    PerAxis,
    PlainPadding,
    Positive,
    PositivePerAxis,
    Truth,
    WindowPadding,
)

WINDOWS = "⌊(n + padding − span)/stride⌋ + 1"
KERNELS = {"weights": "kernel · in/groups · out", "biases": "out"}


def pads(padding: Padding, axes: int) -> list[tuple[Size, Size]]:
    """The padding before and behind, for each of `axes` axes."""
    if isinstance(padding, tuple) and isinstance(padding[0], tuple):
        if len(padding) != axes:
            raise LayerError(f"padding has {len(padding)} pairs for {axes} {'axis' if axes == 1 else 'axes'}")
        return [pair for pair in padding if isinstance(pair, tuple)]
    assert not isinstance(padding, str)
    single: PerAxis = padding
    return [(pad, pad) for pad in per_axis("padding", single, axes)]


def per_window(axes: int, *values: PerAxis) -> list[tuple[Size, ...]]:
    """Kernel, stride and dilation of the window on each axis."""
    names = ("kernel", "stride", "dilation")
    return list(zip(*(per_axis(name, value, axes) for name, value in zip(names, values, strict=True)), strict=True))


def same_paddings(
    sizes: Sequence[Size], kernel: PerAxis, stride: PerAxis, dilation: PerAxis
) -> tuple[tuple[Size, Size], ...]:
    """The padding of TensorFlow's `SAME`, which depends on the sizes of the input."""
    shapes = per_window(len(sizes), kernel, stride, dilation)
    return tuple(same_padding(n, *shape) for n, shape in zip(sizes, shapes, strict=True))


@lru_cache(maxsize=1024)
def fixed_windows(
    axes: int, kernel: PerAxis, stride: PerAxis, padding: Padding, dilation: PerAxis, ceil: bool
) -> tuple[Window, ...]:
    """Windows that do not depend on the input: one for each of `axes` axes."""
    shapes = per_window(axes, kernel, stride, dilation)
    windows = [Window(k, s, lo, hi, d) for (k, s, d), (lo, hi) in zip(shapes, pads(padding, axes), strict=True)]
    if not ceil:
        return tuple(windows)
    try:
        return tuple(rounded_up(window) for window in windows)
    except ValueError as error:
        raise LayerError(str(error)) from None


@lru_cache(maxsize=1024)
def taps_of(windows: tuple[Window, ...]) -> tuple[TapMap, ...]:
    """How the output is read along each axis that a window slides over."""
    return tuple(window_taps(window) for window in windows)


class Sliding(Layer):
    """A layer with one window per spatial axis; `channels` is how it reads those."""

    takes: ClassVar[Layout] = MAP
    rules: ClassVar[Mapping[str, str]] = {"size": WINDOWS}
    channels: ClassVar[TapMap | None] = EACH

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each spatial axis of the input."""
        raise AttributeError

    def build_windows(
        self, x: Shape, kernel: PerAxis, stride: PerAxis, padding: Padding, dilation: PerAxis, ceil: bool
    ) -> tuple[Window, ...]:
        """Windows from fields that give one value, or one per axis."""
        if padding == "same":
            try:
                padding = same_paddings(x[1:], kernel, stride, dilation)
            except ValueError as error:
                raise LayerError(str(error)) from None
        return fixed_windows(len(x) - 1, kernel, stride, padding, dilation, ceil)

    def slide(self, x: Shape, channels: Size, need: Conditions) -> Shape:
        """The output: `channels`, and on each axis as many positions as the window has."""
        sizes: list[Size] = []
        for n, window in zip(x[1:], self.windows(x), strict=True):
            size = window.size(n)
            if not need.at_least(size, 1):
                reach = n + window.lo + window.hi
                padded = "" if reach == n else f" ({pretty(reach)} with padding)"
                raise LayerError(
                    f"the window of {self.type} spans {pretty(window.span)}, "
                    f"but the input {spelled(x)} has only {pretty(n)}{padded}"
                )
            sizes.append(size)
        return (channels, *sizes)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Each spatial axis through its window."""
        return along_axes((self.channels, *taps_of(self.windows(inputs[0].shape))), y.shape)

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`(n + lo + hi − span)/s + 1`, once for equal axes."""
        x = inputs[0].shape
        return list(dict.fromkeys(w.formula(n) for n, w in zip(x[1:], self.windows(x), strict=True)))


class Convolution(Layer):
    """What a convolution and its transpose share: one kernel for each pair of channels in a group."""

    family: ClassVar[str] = "convolution"
    takes: ClassVar[Layout] = MAP

    out: Positive
    kernel: PositivePerAxis
    stride: PositivePerAxis = 1
    padding: PlainPadding = 0
    dilation: PositivePerAxis = 1
    groups: Positive = 1
    bias: Truth = True

    def need_groups(self, x: Shape, need: Conditions) -> None:
        """Require groups that divide the channels that come in and out."""
        if self.groups == 1:
            return
        for what, size in (("input", x[0]), ("output", self.out)):
            if not need.divisible(size, self.groups):
                raise LayerError(
                    f"{self.type} cannot split {pretty(size)} {what} channels into {pretty(self.groups)} groups"
                )

    def weights(self, x: Shape) -> Count:
        """`kernel · in/groups · out/groups · groups`."""
        kernel = per_axis("kernel", self.kernel, len(x) - 1)
        if self.groups == 1:
            return ((*kernel, x[0], self.out),)
        return ((*kernel, x[0] // self.groups, self.out // self.groups, self.groups),)

    def biases(self, x: Shape) -> Count:
        """`out`."""
        return ((self.out,),) if self.bias else ()


class Conv(Convolution, Sliding):
    """A convolution, by the rank of its input (torch.nn.Conv1d, Conv2d, Conv3d).

    Output size per axis `(n + lo + hi − (d·(k−1)+1))/s + 1`, rounded down. Weights
    `kernel · in/groups · out`, biases `out`, MACs `weights · output positions`.
    `padding: same` is TensorFlow's rule: `ceil(n/s)` outputs, the odd padding behind.
    """

    type: ClassVar[str] = "conv"
    rules: ClassVar[Mapping[str, str]] = {**KERNELS, "size": WINDOWS, "MACs": "positions out · weights"}
    channels: ClassVar[TapMap | None] = WHOLE

    padding: WindowPadding = 0

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each spatial axis."""
        return self.build_windows(x, self.kernel, self.stride, self.padding, self.dilation, False)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[out, …]`."""
        self.need_groups(x, need)
        return self.slide(x, self.out, need)

    def macs(self, x: Shape, y: Shape) -> Count:
        """`output positions · weights`."""
        return ((*y[1:], *self.weights(x)[0]),)


class ConvTranspose(Convolution):
    """A transposed convolution (torch.nn.ConvTranspose1d, 2d, 3d).

    Weights `kernel · in · out/groups`, biases `out`, MACs `weights · input positions`.
    """

    type: ClassVar[str] = "conv_transpose"
    rules: ClassVar[Mapping[str, str]] = {
        **KERNELS,
        "size": "(n − 1)·stride − padding + span",
        "MACs": "positions in · weights",
    }

    output_padding: NaturalPerAxis = 0

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window whose transpose this is, on each spatial axis; output padding is padding taken off behind."""
        axes = len(x) - 1
        values = zip(
            per_axis("kernel", self.kernel, axes),
            per_axis("stride", self.stride, axes),
            pads(self.padding, axes),
            per_axis("output_padding", self.output_padding, axes),
            per_axis("dilation", self.dilation, axes),
            strict=True,
        )
        windows = []
        for kernel, stride, (lo, hi), extra, dilation in values:
            both = isinstance(extra, int) and isinstance(stride, int) and isinstance(dilation, int)
            if both and extra and extra >= max(stride, dilation):  # type: ignore[type-var, operator]
                raise LayerError(
                    f"output_padding must be below the stride or the dilation, "
                    f"got {extra} with stride {stride} and dilation {dilation}"
                )
            windows.append(Window(kernel, stride, lo, hi - extra, dilation))
        return tuple(windows)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[out, …]`."""
        self.need_groups(x, need)
        sizes = [window.transposed_size(n) for n, window in zip(x[1:], self.windows(x), strict=True)]
        return need_sizes("conv_transpose", x, (self.out, *sizes), need)

    def macs(self, x: Shape, y: Shape) -> Count:
        """`input positions · weights`."""
        return ((*x[1:], *self.weights(x)[0]),)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Unit i reads each j with `i = s·j − lo + d·t`."""
        tap_maps = map(transposed_taps, self.windows(inputs[0].shape))
        return along_axes([WHOLE, *tap_maps], y.shape)

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """The size of each axis, once for equal axes."""
        x = inputs[0].shape
        windows = zip(x[1:], self.windows(x), strict=True)
        return list(dict.fromkeys(window.transposed_formula(n) for n, window in windows))


class Pool(Sliding):
    """A pooling with a window; without a stride, the stride is the kernel."""

    kernel: PositivePerAxis
    stride: PositivePerAxis | None = None
    padding: WindowPadding = 0
    ceil: Truth = False

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each spatial axis."""
        return self.pool_windows(x, 1)

    def pool_windows(self, x: Shape, dilation: PerAxis) -> tuple[Window, ...]:
        """The windows; padding is at most half the kernel, without its dilation, as in torch."""
        stride = self.kernel if self.stride is None else self.stride
        exact = self.build_windows(x, self.kernel, stride, self.padding, dilation, False)
        for window in exact if self.padding != "same" else ():
            for pad in (window.lo, window.hi):
                if isinstance(pad, int) and isinstance(window.kernel, int) and 2 * pad > window.kernel:
                    raise LayerError(
                        f"padding of {self.type} must be at most half the kernel: "
                        f"got {pad} with a kernel of {window.kernel}"
                    )
        if not self.ceil:
            return exact
        return self.build_windows(x, self.kernel, stride, self.padding, dilation, True)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """`[C, …]`."""
        return self.slide(x, x[0], need)


class MaxPool(Pool):
    """Max pooling (torch.nn.MaxPool1d, 2d, 3d); `ceil` rounds the size up by torch's rule."""

    type: ClassVar[str] = "max_pool"

    dilation: PositivePerAxis = 1

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """The window on each spatial axis."""
        return self.pool_windows(x, self.dilation)


class AvgPool(Pool):
    """Average pooling (torch.nn.AvgPool1d, 2d, 3d); `ceil` rounds the size up by torch's rule."""

    type: ClassVar[str] = "avg_pool"


class SpaceToDepth(Sliding):
    """Blocks of b x b positions become channels (torch.nn.PixelUnshuffle): `[C·b², H/b, W/b]`."""

    type: ClassVar[str] = "space_to_depth"
    takes: ClassVar[Layout] = IMAGE
    channels: ClassVar[TapMap | None] = WHOLE

    block: Positive

    def windows(self, x: Shape) -> tuple[Window, ...]:
        """A block is a window with its own size as stride."""
        return (Window(self.block, self.block),) * (len(x) - 1)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """Every spatial size must be a multiple of the block."""
        for n in x[1:]:
            if not need.divisible(n, self.block):
                raise LayerError(f"space_to_depth needs multiples of {pretty(self.block)}, got {spelled(x)}")
        return self.slide(x, x[0] * prod([self.block] * (len(x) - 1)), need)
