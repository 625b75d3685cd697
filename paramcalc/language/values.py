"""Reads values: numbers, expressions and lists whose names must be in scope, and arguments with their defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from paramcalc.algebra.tensor import GROUPS, NAMES_BY_RANK, TOKENS
from paramcalc.errors import clipped, listing, suggestion
from paramcalc.language import expression
from paramcalc.language.arithmetic import FUNCTIONS
from paramcalc.language.document import Argument, Parameter, Reference
from paramcalc.language.expression import KEYWORDS, Expression, SyntaxProblem
from paramcalc.language.findings import Findings
from paramcalc.language.source import Entries, Items, Scalar, Value
from paramcalc.layers import WORDS

TENSOR_NAMES = tuple(dict.fromkeys([*(name for names in NAMES_BY_RANK.values() for name in names), TOKENS]))
SWITCHES = {"no": "false", "off": "false", "false": "false", "yes": "true", "on": "true", "true": "true"}
"""What other YAML readers take for truth values, in any case."""


class Scope(NamedTuple):
    """The names that an expression may use: arguments and symbols, and the axes of an incoming tensor, if there is one.

    The name of an axis is that of its size. Where a scope is expected, None allows every name.
    """

    names: frozenset[str]
    axes: tuple[str, ...] = ()

    def including(self, names: Iterable[str]) -> Scope:
        """The scope with more arguments."""
        return self._replace(names=self.names.union(names))


def argument(
    value: Value,
    what: str,
    scope: Scope | None,
    findings: Findings,
    words: Collection[str] = (),
    *,
    single: bool = False,
) -> Argument:
    """A number, a truth value, an expression or a list of these, which errors call `what`.

    `words` are what the field may hold beside expressions. `single` refuses lists.
    """
    if isinstance(value, Items) and not single:
        items = tuple(argument(item, what, scope, findings, words) for item in value.items)
        return Argument(items, value.span, frozenset(name for item in items for name in item.names))
    if not isinstance(value, Scalar) or value.value is None:
        expected = "one value" if single else "a number, an expression or a list"
        findings.mismatch(f"{what} must be {expected}", value)
        return Argument(1, value.span)
    if not isinstance(value.value, str) or value.value in WORDS:
        return Argument(value.value, value.span)
    try:
        parsed = expression.parse(value.value)
    except SyntaxProblem as error:
        findings.add(error.problems[0].message, value.span.within(value.value, error.offset, error.length))
        return Argument(1, value.span)
    if words and value.value in parsed.names and scope is not None and value.value not in scope.names:
        hint = suggestion(value.value, words)
        choice = " or ".join(f"'{word}'" for word in words)
        findings.add(f"{what} must be {choice}, got '{clipped(value.value)}'{hint}", value.span)
    else:
        report_unknown_names(value, parsed, scope, findings)
    return Argument(parsed, value.span, frozenset(parsed.names))


def literal(value: Value, what: str, _scope: Scope | None, findings: Findings) -> Argument:
    """Words as they are, or a list of them: a pattern, the names of axes."""
    if isinstance(value, Items):
        return Argument(tuple(literal(item, what, None, findings) for item in value.items), value.span)
    if isinstance(value, Scalar) and value.value is not None:
        return Argument(value.value, value.span)
    findings.mismatch(f"{what} must be a text or a list of texts", value)
    return Argument("", value.span)


def axis_name(value: Value, what: str, scope: Scope | None, findings: Findings) -> Argument:
    """An axis by its name, unless that is the name of an argument; by its index otherwise."""
    text = value.value if isinstance(value, Scalar) else None
    if isinstance(text, str) and scope is not None and text in {*scope.axes, GROUPS} - scope.names:
        return Argument(text, value.span)
    return argument(value, what, scope, findings, single=True)


def report_unknown_names(value: Scalar, parsed: Expression, scope: Scope | None, findings: Findings) -> None:
    """Report the names of an expression that nothing gives a value to."""
    if scope is None:
        return
    for name, offset in parsed.names.items():
        if name in scope.names or name in scope.axes:
            continue
        span = value.span.within(parsed.text, offset, len(name))
        if name in WORDS:
            findings.add(f"'{name}' cannot be part of an expression", span)
        elif name in TENSOR_NAMES:
            findings.add(f"'{name}' is a size of the incoming tensor, which a default cannot use", span)
        elif name.lower() in SWITCHES:
            findings.add(f"unknown name '{clipped(name)}'; write {SWITCHES[name.lower()]}", span)
        else:
            hint = suggestion(name, {*scope.names, *scope.axes, *WORDS})
            axes = [f"the incoming tensor's {', '.join(scope.axes)}"] if scope.axes else []
            names = ", and ".join([listing(sorted(scope.names))] * bool(scope.names) + axes)
            findings.add(f"unknown name '{clipped(name)}'{hint}", span, f"in scope: {names}" if names else "")


def parameters(value: Value | None, names: frozenset[str] | None, findings: Findings) -> dict[str, Parameter]:
    """The arguments that a file or block takes; a default may use those before it, and `names` (None: every name)."""
    found: dict[str, Parameter] = {}
    for key, given in parameter_items(value, findings):
        known = None if names is None else Scope(names.union(found))
        name = findings.name(key, "an argument")
        default = argument(given, f"the default of '{clipped(name)}'", known, findings) if given else None
        if name in FUNCTIONS or name in KEYWORDS or name in WORDS:
            findings.add(f"'{name}' is a word of the language and cannot name an argument", key.span)
        elif name in found:
            findings.add(f"argument '{clipped(name)}' is given twice", key.span, f"first at {found[name].span}")
        else:
            found[name] = Parameter(key.span, default)
    return found


def parameter_items(value: Value | None, findings: Findings) -> Iterator[tuple[Scalar, Value | None]]:
    """The names of arguments with their defaults, read as far as possible where the form is wrong."""
    if isinstance(value, Entries):
        yield from value.entries
    for item in findings.items(value, "args must be a list such as [width, stride: 1]"):
        if isinstance(item, Scalar) and isinstance(item.value, str):
            yield item, None
            continue
        if not isinstance(item, Entries) or len(item.entries) != 1:
            findings.mismatch("an argument must be a name, or a name with a default", item)
        if isinstance(item, Entries):
            yield from item.entries


def reference(value: Value, what: str, findings: Findings) -> Reference:
    """The name of an earlier step; an empty one where a file gives none, which is reported."""
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return Reference(value.value, value.span)
    findings.mismatch(f"{what} must be the name of a step", value)
    return Reference("", value.span)


def step_name(value: Value, what: str, scope: Scope | None, findings: Findings) -> Argument:
    """The name of an earlier step as the value of a field."""
    return Argument(*reference(value, what, findings))
