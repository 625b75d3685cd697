"""Where paramcalc and torch differ on purpose in what they accept, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.layers.examples import Case

SEVERAL = (list, tuple)


class Difference(NamedTuple):
    """Cases of some layers that one side refuses and the other takes, with the reason, and an example."""

    layers: tuple[str, ...]
    applies: Callable[[Case], bool]
    reason: str
    example: Case


def axes_differ(case: Case) -> bool:
    return len({len(shape) for shape in case.shapes}) > 1


def uneven(case: Case) -> bool:
    padding = case.fields.get("padding")
    return isinstance(padding, SEVERAL) and any(isinstance(pair, SEVERAL) and pair[0] != pair[1] for pair in padding)


def kernel_above_size(case: Case) -> bool:
    """A map of three spatial axes, one of them below the kernel, with padding of torch's own."""
    kernel, sizes = case.fields["kernel"], case.shapes[0][1:]
    kernels = kernel if isinstance(kernel, SEVERAL) else [kernel] * len(sizes)
    return len(sizes) == 3 and not uneven(case) and any(n < k for n, k in zip(sizes, kernels, strict=True))


REFUSED_BY_US = [
    Difference(
        ("permute",),
        lambda case: min(case.fields["axes"]) < 0,
        "axes count from 0, the first without the batch",
        Case("permute", {"axes": [-1, 0]}, ((3, 5),)),
    ),
    Difference(
        ("max_pool", "avg_pool"),
        uneven,
        "torch has no uneven padding; its limit of half a kernel is ours for each side",
        Case("max_pool", {"kernel": 2, "padding": [[2, 0]]}, ((3, 9),)),
    ),
    Difference(
        ("add", "multiply"),
        axes_differ,
        "branches have the same axes; torch would align the last ones, and the batch with a channel",
        Case("add", {}, ((2, 1), (1, 2, 1)), 1),
    ),
]

TAKEN_BY_US = [
    Difference(
        ("instance_norm",),
        lambda case: all(size == 1 for size in case.shapes[0][1:]),
        "torch will not train on one position a channel; shapes and counts do not depend on it",
        Case("instance_norm", {}, ((4, 1, 1),)),
    ),
    Difference(
        ("group_norm",),
        lambda case: (
            case.count == 1
            and all(size == 1 for size in (case.shapes[0][0] // case.fields["groups"], *case.shapes[0][1:]))
        ),
        "torch will not train on a batch with one value a group; shapes and counts do not depend on it",
        Case("group_norm", {"groups": 4}, ((4,),)),
    ),
    Difference(
        ("avg_pool",),
        kernel_above_size,
        "torch's AvgPool3d wants the map without its padding to be as large as the kernel; its other poolings do not",
        Case("avg_pool", {"kernel": 2, "padding": 1}, ((1, 1, 4, 4),)),
    ),
]


def expected(case: Case, differences: Sequence[Difference]) -> bool:
    return any(case.type in difference.layers and difference.applies(case) for difference in differences)
