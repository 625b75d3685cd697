"""Regions of interest: proposals, and pooling of a map inside each region.

Where a region lies depends on the data, so what comes out has no fixed receptive field.
"""

from collections.abc import Sequence
from typing import ClassVar

from paramcalc.algebra.conditions import Conditions
from paramcalc.algebra.expr import pretty
from paramcalc.algebra.tensor import Tensor, spelled
from paramcalc.errors import LayerError
from paramcalc.layers.base import IMAGE, FieldRule, Layer, Layout, per_axis, unknown
from paramcalc.layers.fields import Natural, Positive, PositivePerAxis, StepName

BOX = 5
"""Numbers of a region: the image that it lies in, and two corners, as in the original Fast R-CNN."""


class RegionPool(Layer):
    """Pooling of a map to `output` bins inside each region; one map gives as many tensors as there are regions."""

    references: ClassVar[tuple[str, ...]] = ("rois",)
    takes: ClassVar[Layout] = IMAGE

    output: PositivePerAxis
    rois: StepName
    feature_stride: Positive = 1

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """`[C, output, output]`, as often as there are regions."""
        x, rois = inputs
        self.takes.need(self.type, x)
        if rois.shape not in ((BOX,), (BOX - 1,)):
            raise LayerError(f"{self.type} needs regions of shape [5] or [4], got {spelled(rois.shape)}")
        return Tensor((x.shape[0], *per_axis("output", self.output, 2)), rois.count)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """It depends on the regions."""
        return unknown


class RoiPool(RegionPool):
    """Max pooling of each region to a grid of bins (Girshick, Fast R-CNN, 2015).

    `feature_stride` is how many input positions one position of the map stands for.
    """

    type: ClassVar[str] = "roi_pool"


class RoiAlign(RegionPool):
    """Bilinear samples of each region in a grid of bins (He et al., Mask R-CNN, 2017).

    `feature_stride` is how many input positions one position of the map stands for; 0 for
    `sampling_ratio` chooses the number of samples by the size of the region.
    """

    type: ClassVar[str] = "roi_align"

    sampling_ratio: Natural = 0


class RegionProposal(Layer):
    """The `count` best boxes of a region proposal network (Ren et al., Faster R-CNN, 2015): `[5]` each.

    `scores` and `boxes` are steps with one or two scores and four box numbers an anchor, at every
    position of the map.
    """

    type: ClassVar[str] = "region_proposal"
    references: ClassVar[tuple[str, ...]] = ("scores", "boxes")

    scores: StepName
    boxes: StepName
    count: Positive

    def result(self, inputs: Sequence[Tensor], need: Conditions) -> Tensor:
        """`[5]`, `count` times."""
        _, scores, boxes = inputs
        shapes = f"scores {spelled(scores.shape)} and boxes {spelled(boxes.shape)}"
        if len(scores.shape) != 3 or len(boxes.shape) != 3:
            raise LayerError(f"region_proposal needs maps of scores and boxes, got {shapes}")
        if not all(need.equal(a, b) for a, b in zip(scores.shape[1:], boxes.shape[1:], strict=True)):
            raise LayerError(f"region_proposal needs scores and boxes of one map size, got {shapes}")
        if not any(boxes.shape[0] == numbers * scores.shape[0] for numbers in (2, 4)):
            raise LayerError(
                f"region_proposal needs 4 box numbers and 1 or 2 scores an anchor, "
                f"got {pretty(boxes.shape[0])} and {pretty(scores.shape[0])} channels"
            )
        return Tensor((BOX,), self.count)

    def field_rule(self, inputs: Sequence[Tensor], y: Tensor) -> FieldRule:
        """It depends on the scores."""
        return unknown
