"""Activations, and other layers that change values one by one."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import pretty
from paramcalc.algebra.tap_map import EACH, TapMap, Taps
from paramcalc.algebra.tensor import Shape, Tensor
from paramcalc.algebra.window import factor
from paramcalc.errors import LayerError
from paramcalc.layers.base import CHANNELS_FIRST, WHOLE, Count, FieldRule, Layer, along_axes, axis_of
from paramcalc.layers.fields import AxisName, Decimal, Positive, Probability


class Relu(Layer):
    """`max(x, 0)` (torch.nn.ReLU)."""

    type: ClassVar[str] = "relu"


class Relu6(Layer):
    """`min(max(x, 0), 6)` (torch.nn.ReLU6)."""

    type: ClassVar[str] = "relu6"


class LeakyRelu(Layer):
    """`x` above 0, `negative_slope · x` below (torch.nn.LeakyReLU)."""

    type: ClassVar[str] = "leaky_relu"

    negative_slope: Decimal = Fraction(1, 100)


class Prelu(Layer):
    """A leaky ReLU with learnt slopes (torch.nn.PReLU): `parameters` is 1, or the number of channels."""

    type: ClassVar[str] = "prelu"
    rules: ClassVar[Mapping[str, str]] = {"weights": "one slope, or one a channel"}

    parameters: Positive = 1

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The input; channels come first, unless one slope serves all of them."""
        if self.parameters != 1:
            CHANNELS_FIRST.need(self.type, inputs[0])
        return super().result(inputs, need)

    def infer(self, x: Shape, need: Conditions) -> Shape:
        """The input's; the slopes are one, or one a channel."""
        if self.parameters not in (1, x[0]):
            raise LayerError(f"prelu has 1 parameter or {pretty(x[0])}, one a channel; got {pretty(self.parameters)}")
        return x

    def weights(self, x: Shape) -> Count:
        """`parameters`."""
        return ((self.parameters,),)


class Elu(Layer):
    """`x` above 0, `alpha · (exp(x) − 1)` below (torch.nn.ELU)."""

    type: ClassVar[str] = "elu"

    alpha: Decimal = Fraction(1)


class Gelu(Layer):
    """Gaussian error linear unit (torch.nn.GELU)."""

    type: ClassVar[str] = "gelu"


class Silu(Layer):
    """`x · sigmoid(x)`, also called swish (torch.nn.SiLU)."""

    type: ClassVar[str] = "silu"


class Mish(Layer):
    """`x · tanh(softplus(x))` (torch.nn.Mish)."""

    type: ClassVar[str] = "mish"


class Sigmoid(Layer):
    """`1 / (1 + exp(−x))` (torch.nn.Sigmoid)."""

    type: ClassVar[str] = "sigmoid"


class Tanh(Layer):
    """Hyperbolic tangent (torch.nn.Tanh)."""

    type: ClassVar[str] = "tanh"


class HardSwish(Layer):
    """`x · relu6(x + 3) / 6` (torch.nn.Hardswish)."""

    type: ClassVar[str] = "hard_swish"


class HardSigmoid(Layer):
    """`relu6(x + 3) / 6` (torch.nn.Hardsigmoid)."""

    type: ClassVar[str] = "hard_sigmoid"


class HardTanh(Layer):
    """`x`, but at least `min_val` and at most `max_val` (torch.nn.Hardtanh)."""

    type: ClassVar[str] = "hard_tanh"

    min_val: Decimal = Fraction(-1)
    max_val: Decimal = Fraction(1)


class Glu(Layer):
    """One half of an axis times the sigmoid of the other (torch.nn.GLU), the channels unless `axis` says otherwise."""

    type: ClassVar[str] = "glu"
    rules: ClassVar[Mapping[str, str]] = {"size": "n/2"}

    axis: AxisName | None = None

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """That axis has half as many positions; their number must be even."""
        x, axis = inputs[0], axis_of(self.axis, inputs[0])
        if not need.divisible(x.shape[axis], 2):
            raise LayerError(f"glu cannot halve {pretty(x.shape[axis])} {x.axes[axis]}")
        return Tensor((*x.shape[:axis], x.shape[axis] // 2, *x.shape[axis + 1 :]), x.count, x.axes)

    def sizes(self, inputs: Sequence[Tensor], y: Tensor) -> Sequence[str]:
        """`512/2 = 256`."""
        axis = axis_of(self.axis, y)
        return [f"{factor(inputs[0].shape[axis])}/2 = {pretty(y.shape[axis])}"]

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """Unit i reads i and i + n/2."""
        axis = axis_of(self.axis, y)
        halves = TapMap(1, (Taps(0, 2, y.shape[axis]),))
        return along_axes([halves if index == axis else EACH for index in range(len(y.shape))], y.shape)


class Softmax(Layer):
    """Softmax over one axis (torch.nn.Softmax), the channels unless `axis` says otherwise."""

    type: ClassVar[str] = "softmax"

    axis: AxisName | None = None

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """The input; the axis must be one of its own."""
        axis_of(self.axis, inputs[0])
        return inputs[0]

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """The whole of its axis."""
        axis = axis_of(self.axis, y)
        return along_axes([WHOLE if index == axis else EACH for index in range(len(y.shape))], y.shape)


class Dropout(Layer):
    """Dropout (torch.nn.Dropout): at inference the input itself."""

    type: ClassVar[str] = "dropout"
    view: ClassVar[bool] = True

    p: Probability = Fraction(1, 2)


class Identity(Layer):
    """The input itself (torch.nn.Identity)."""

    type: ClassVar[str] = "identity"
    view: ClassVar[bool] = True
