"""Reads claims: the figures that others published."""

from __future__ import annotations

from collections.abc import Iterator

from paramcalc.errors import listing
from paramcalc.language.findings import Findings
from paramcalc.language.keys import CLAIM_KEYS
from paramcalc.language.source import Entries, Items, Scalar, Value
from paramcalc.language.values import reference
from paramcalc.published import Claim, Figure, figure
from paramcalc.report.quantities import CLAIMED, Quantity, Use


def read_claims(value: Value | None, findings: Findings) -> Iterator[Claim]:
    """The claims of a file, one for each quantity."""
    for item in findings.items(value, "claims must be a list of published figures"):
        if isinstance(item, Entries):
            yield from read_claim(item, findings)
        else:
            findings.mismatch("a claim must be a mapping such as {at: conv1, weights: 35k}", item)


def read_claim(item: Entries, findings: Findings) -> Iterator[Claim]:
    """The figures of one entry, which may be about several quantities."""
    meant = findings.keys(item, (*CLAIM_KEYS, *CLAIMED), "a claim")
    given = [(key, value) for key, value in item.entries if key.value in CLAIMED]
    if not given and meant.isdisjoint(CLAIMED):
        findings.add("a claim needs a figure", item.span, f"it may be about: {listing(list(CLAIMED))}")
    at = item.get("at")
    step = reference(at, "at", findings) if at is not None else None
    source = findings.text(item.get("source"), "source")
    disputed = findings.text(item.get("disputed"), "disputed")
    for key, value in given:
        quantity = CLAIMED[str(key.value)]
        if at is not None and Use.STEP not in quantity.use:
            findings.add(f"'{quantity.key}' is of the whole network: it goes without 'at'", key.span)
            continue
        figures = [read_figure(part, quantity, findings) for part in parts(value, quantity, findings)]
        if figures and None not in figures:
            about = (step.span, step.name) if step else (key.span, "")
            yield Claim(quantity.key, tuple(filter(None, figures)), *about, source, disputed)


def parts(value: Value, quantity: Quantity, findings: Findings) -> tuple[Value, ...]:
    """What should be the figures of a value: itself, or of a list each item; a list that must be none is reported."""
    if not isinstance(value, Items):
        return (value,)
    if not quantity.per_axis:
        findings.mismatch(f"{quantity.key} must be one number", value)
        return ()
    return value.items or (value,)


def read_figure(value: Value, quantity: Quantity, findings: Findings) -> Figure | None:
    """A figure; what is none is reported."""
    if not isinstance(value, Scalar) or value.value is None or isinstance(value.value, bool):
        several = ", or one per axis" if quantity.per_axis else ""
        findings.mismatch(f"{quantity.key} must be a number such as 34848 or 35k{several}", value)
        return None
    try:
        return figure(value.value)
    except ValueError as error:
        findings.add(str(error), value.span)
        return None
