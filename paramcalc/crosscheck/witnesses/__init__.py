"""The witness of every layer of the language, a file for each family of `paramcalc.layers`."""

from __future__ import annotations

from paramcalc.crosscheck.witness import Witness
from paramcalc.crosscheck.witnesses import activation, arrange, dense, join, norm, pooling, rearrange, region, sliding
from paramcalc.errors import ParamcalcError
from paramcalc.network import Node

WITNESSES: dict[str, Witness] = {
    **sliding.WITNESSES,
    **pooling.WITNESSES,
    **dense.WITNESSES,
    **norm.WITNESSES,
    **activation.WITNESSES,
    **arrange.WITNESSES,
    **rearrange.WITNESSES,
    **region.WITNESSES,
    **join.WITNESSES,
}
"""By layer type, as a file of the language writes it."""


def witness_of(node: Node) -> Witness:
    """The witness of a step. Raises ParamcalcError for a layer without one."""
    try:
        return WITNESSES[node.type]
    except KeyError:
        raise ParamcalcError(
            f"{node.path}: the layer {node.type} cannot be held against torch, for want of an entry in WITNESSES "
            "of paramcalc.crosscheck.witnesses"
        ) from None
