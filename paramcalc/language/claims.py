"""Reads claims: the figures that others published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from paramcalc.errors import listing
from paramcalc.language.document import Claim
from paramcalc.language.findings import Findings
from paramcalc.language.keys import CLAIM_KEYS, OF_THE_WHOLE, QUANTITIES, SIZES
from paramcalc.language.source import Entries, Items, Scalar, Value, kind
from paramcalc.language.values import reference
from paramcalc.published import figure


def read_claims(value: Value | None, findings: Findings) -> Iterator[Claim]:
    """The claims of a file, one for each figure."""
    if value is None:
        return
    if not isinstance(value, Items):
        findings.add(f"claims must be a list of published figures, got {kind(value)}", value.span)
        return
    for item in value.items:
        if isinstance(item, Entries):
            yield from read_claim(item, findings)
        else:
            findings.add(f"a claim must be a mapping such as {{at: conv1, weights: 35k}}, got {kind(item)}", item.span)


def read_claim(item: Entries, findings: Findings) -> Iterator[Claim]:
    """The figures of one claim."""
    meant = findings.keys(item, (*CLAIM_KEYS, *QUANTITIES), "a claim")
    figures = [(str(key.value), key, value) for key, value in item.entries if key.value in QUANTITIES]
    if not figures and not meant & set(QUANTITIES):
        findings.add("a claim needs a figure", item.span, f"it may be about: {listing(QUANTITIES)}")
    at = item.get("at")
    step = reference(at, "at", findings) if at is not None else None
    source = findings.text(item.get("source"), "source")
    disputed = findings.text(item.get("disputed"), "disputed")
    for quantity, key, value in figures:
        if at is not None and quantity in OF_THE_WHOLE:
            findings.add(f"'{quantity}' is of the whole network: it goes without 'at'", key.span)
        elif isinstance(value, Items) and quantity not in SIZES:
            findings.add(f"{quantity} must be one number, got {kind(value)}", value.span)
        elif are_figures(parts(value), quantity, findings):
            assert isinstance(value, (Scalar, Items))
            yield Claim(quantity, value, key.span, step, source, disputed)


def parts(value: Value) -> tuple[Value, ...]:
    """The figures of a value: one, or one per axis."""
    return value.items if isinstance(value, Items) and value.items else (value,)


def are_figures(values: Iterable[Value], quantity: str, findings: Findings) -> bool:
    """Whether all values are figures; each that is none is reported."""
    wrong = [value for value in values if not is_figure(value, quantity, findings)]
    return not wrong


def is_figure(value: Value, quantity: str, findings: Findings) -> bool:
    """Whether a value is a figure; one that is none is reported."""
    if not isinstance(value, Scalar) or value.value is None or isinstance(value.value, bool):
        several = ", or one per axis" if quantity in SIZES else ""
        findings.add(f"{quantity} must be a number such as 34848 or 35k{several}, got {kind(value)}", value.span)
        return False
    try:
        figure(value.value)
    except ValueError as error:
        findings.add(str(error), value.span)
        return False
    return True
