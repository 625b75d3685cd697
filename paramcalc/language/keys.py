"""The words that the language gives a meaning to: keys of files, blocks, steps and claims."""

from __future__ import annotations

FILE_KEYS = ("name", "source", "input", "args", "blocks", "layers", "heads", "claims", "include", "base")
VARIANT_KEYS = ("name", "source", "input", "args", "claims", "base")
INPUT_KEYS = ("shape", "axes", "count")
BLOCK_KEYS = ("args", "layers")
STEP_KEYS = ("name", "repeat", "when", "from", "share", "frozen")
CLAIM_KEYS = ("at", "source", "disputed")

SYNONYMS = {
    "avgpool": "avg_pool",
    "bn": "batch_norm",
    "cat": "concat",
    "deconv": "conv_transpose",
    "dense": "linear",
    "fc": "linear",
    "filters": "out",
    "fully_connected": "linear",
    "gap": "global_avg_pool",
    "kernel_size": "kernel",
    "lrn": "local_response_norm",
    "maxpool": "max_pool",
    "num_output": "out",
    "out_channels": "out",
    "out_features": "out",
    "pad": "padding",
    "strides": "stride",
    "swish": "silu",
    "units": "out",
}
"""What other programs call layers and fields, for suggestions only."""
