"""Networks of any number of layers: one after another, branching, and densely connected."""

from __future__ import annotations

UNITS = {
    "sequential": (5, """\
      - conv: {out: 64, kernel: 3, padding: 1}
      - batch_norm
      - relu
      - conv: {out: 64, kernel: 1}
      - relu
"""),
    "branching": (9, """\
      - concat:
          one: [conv: {out: 16, kernel: 1}, relu]
          three: [conv: {out: 8, kernel: 1}, conv: {out: 16, kernel: 3, padding: 1}]
          five: [conv: {out: 16, kernel: 5, padding: 2}]
          pool: [max_pool: {kernel: 3, stride: 1, padding: 1}, conv: {out: 16, kernel: 1}, relu]
"""),
    "densenet": (7, """\
      - concat:
          before: []
          new:
            - batch_norm
            - relu
            - conv: {out: 128, kernel: 1, bias: false}
            - batch_norm
            - relu
            - conv: {out: 32, kernel: 3, padding: 1, bias: false}
"""),
    "dense": (4, """\
      - concat:
          before: []
          new: [batch_norm, relu, conv: {out: 4, kernel: 3, padding: 1, bias: false}]
"""),
}  # fmt: skip
"""Layers of a unit, and the unit. `densenet` is that of DenseNet-B; in `dense`, without its bottleneck, no shape
comes twice: each unit adds channels. Whole units make 1,260 layers in each."""


def growing(shape: str, layers: int, size: object = 56) -> str:
    """A file whose network has about so many layers, on maps of 64 channels of a size."""
    number, unit = UNITS[shape]
    return (
        f"name: growing\ninput: [64, {size}, {size}]\nblocks:\n  unit:\n    layers:\n{unit}"
        f"layers:\n  - {{unit: , repeat: {layers // number}}}\n"
    )
