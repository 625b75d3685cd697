"""The layers of the language, by name. A family is imported when one of its layers is first used."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from paramcalc.layers.base import Layer

FAMILIES: dict[str, tuple[str, ...]] = {
    "sliding": ("conv", "conv_transpose", "max_pool", "avg_pool", "space_to_depth"),
    "pooling": (
        "adaptive_avg_pool",
        "adaptive_max_pool",
        "global_avg_pool",
        "global_max_pool",
        "spatial_pyramid_pool",
    ),
    "dense": ("linear",),
    "norm": ("batch_norm", "layer_norm", "group_norm", "instance_norm", "local_response_norm", "rms_norm"),
    "activation": (
        "relu",
        "relu6",
        "leaky_relu",
        "prelu",
        "elu",
        "gelu",
        "silu",
        "mish",
        "sigmoid",
        "tanh",
        "softmax",
        "hard_swish",
        "hard_sigmoid",
        "hard_tanh",
        "glu",
        "dropout",
        "identity",
    ),
    "arrange": ("flatten", "reshape", "permute", "channel_shuffle"),
    "resize": ("upsample", "pixel_shuffle", "pad", "crop", "slice"),
    "rearrange": ("rearrange",),
    "region": ("roi_pool", "roi_align", "region_proposal"),
    "join": ("add", "multiply", "concat"),
}
"""Modules of this package, and the layers that each defines."""

MODULES = {name: module for module, names in FAMILIES.items() for name in names}

JOINS = frozenset(FAMILIES["join"])
"""Layers that take named branches."""


@cache
def layer_class(name: str) -> type[Layer]:
    """The class of a layer; KeyError for a name that is none."""
    module = import_module(f"paramcalc.layers.{MODULES[name]}")
    class_name = "".join(word.capitalize() for word in name.split("_"))
    found: type[Layer] = getattr(module, class_name)
    return found


WORDS = frozenset(("same", "nearest", "linear", "zeros", "reflect", "replicate", "circular"))
"""The words that a field may hold where others hold numbers."""
