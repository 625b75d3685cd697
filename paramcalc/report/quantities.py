"""The quantities: every figure that is reported of a step or of a whole network, one row each.

JSON, the columns of tables, claims, budgets, comparisons, sweeps, folded rows, plots and the check against torch look
up here what there is, what it is called and what can be done with it. A new quantity is one row of this table beside
what computes it: a property of `Row` where steps have it, a field of `Totals` or a property of `Summary` where the
network has it.

Sizes of the whole, such as its receptive field, are those of the network's first output; see `Summary`.

The language reads this table too, so it imports nothing of the package.
"""

from __future__ import annotations

from enum import Flag, auto
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from paramcalc.report.row import Row
    from paramcalc.report.summary import Summary


class Use(Flag):
    """Where a quantity comes from, and what can be done with it."""

    STEP = auto()  # a property of `Row`
    TOTAL = auto()  # a field of `Totals`, which JSON holds
    SUMMARY = auto()  # a property of `Summary`
    AXES = auto()  # one value per axis; without, one number
    FIELD = auto()  # measured on the input: of the receptive field, one value per axis of the input
    SUM = auto()  # of a block, the sum over its steps
    PART = auto()  # a part of params, whose share `compare` prints
    CLAIM = auto()  # a file may claim it
    BUDGET = auto()  # --max and --min may bound it
    COMPARE = auto()  # a row of `compare`
    RATIO = auto()  # the JSON of `compare` holds its ratio to the first network
    CHECK = auto()  # torch has it too, step by step


COUNT = Use.STEP | Use.TOTAL | Use.SUM | Use.CLAIM | Use.BUDGET
ONLY_WHOLE = Use.TOTAL | Use.CLAIM | Use.BUDGET
COMPARED = Use.COMPARE | Use.RATIO
PART = Use.SUMMARY | Use.PART | COMPARED
SIZES = Use.STEP | Use.SUMMARY | Use.AXES | Use.CLAIM
FIELD = SIZES | Use.FIELD
MEASURED = FIELD | Use.BUDGET | Use.COMPARE

ON_DEMAND = -1
"""Instead of a rank: a column that is printed only where `--columns` names it."""


class Quantity(NamedTuple):
    """One quantity: its key in JSON, columns, claims and budgets, its title in words, its unit.

    `show_rank` and `sweep_rank` are those of its columns in `show` and `sweep`: a narrow page drops the highest first,
    0 never; None is no column. `column` is a shorter title for these.
    """

    key: str
    title: str
    unit: str
    use: Use
    show_rank: int | None = None
    sweep_rank: int | None = None
    column: str = ""

    @property
    def per_axis(self) -> bool:
        """Whether it has one value per axis; any other quantity is one number."""
        return self.key in PER_AXIS

    def of_step(self, row: Row) -> Any:
        """The figure of a step: a number, or numbers per axis; None where it is unknown."""
        return getattr(row, self.key)

    def of_whole(self, summary: Summary) -> Any:
        """The figure of a whole network; None where it is unknown or symbols leave it open."""
        return getattr(summary.totals if Use.TOTAL in self.use else summary, self.key)


QUANTITIES = (
    Quantity("output", "output", "elements", SIZES | Use.CHECK, show_rank=0, sweep_rank=5),
    Quantity("count", "count", "tensors", Use.STEP | Use.CHECK, show_rank=3),
    Quantity("layers", "layers", "layers", ONLY_WHOLE),
    Quantity("weights", "weights", "elements", COUNT | Use.CHECK, show_rank=7),
    Quantity("biases", "biases", "elements", COUNT | Use.CHECK, show_rank=7),
    Quantity("params", "params", "elements", COUNT | COMPARED, show_rank=0, sweep_rank=0),
    Quantity("conv_params", "conv params", "elements", PART),
    Quantity("linear_params", "linear params", "elements", PART),
    Quantity("trainable", "trainable", "elements", ONLY_WHOLE | Use.CHECK),
    Quantity("buffers", "buffers", "elements", COUNT | Use.CHECK, show_rank=ON_DEMAND),
    Quantity("macs", "MACs", "MACs", COUNT | COMPARED | Use.CHECK, show_rank=1, sweep_rank=0),
    Quantity("flops", "FLOPs", "FLOPs", ONLY_WHOLE | COMPARED, sweep_rank=6),
    Quantity("activations", "activations", "elements", COUNT | COMPARED, show_rank=ON_DEMAND, sweep_rank=2),
    Quantity("peak_activations", "peak activations", "elements", ONLY_WHOLE | COMPARED, sweep_rank=3, column="peak"),
    Quantity("weighted_layers", "weighted layers", "layers", Use.SUMMARY | Use.COMPARE),
    Quantity(
        "receptive_field", "receptive field", "input positions", MEASURED, show_rank=2, sweep_rank=4, column="field"
    ),
    Quantity("effective_stride", "effective stride", "input positions", MEASURED, show_rank=4, column="stride"),
    Quantity("effective_padding", "effective padding", "input positions", FIELD, show_rank=ON_DEMAND, column="padding"),
)


def quantities(use: Use) -> tuple[Quantity, ...]:
    """The quantities that have all of a use, in the order of the table."""
    return tuple(quantity for quantity in QUANTITIES if use in quantity.use)


def keys(use: Use) -> tuple[str, ...]:
    """Their keys."""
    return tuple(quantity.key for quantity in quantities(use))


PER_AXIS = frozenset(keys(Use.AXES))

CLAIMED = {
    quantity.key: quantity
    for quantity in sorted(quantities(Use.CLAIM), key=lambda each: (each.per_axis, Use.FIELD not in each.use))
}
"""What a claim may be about, by key: counts, then fields, then the output."""
