"""YAML with positions: a text becomes a tree of scalars, lists and mappings, each with its place.

PyYAML's C parser gives events; the tree is built from them here, so that the limits on nesting and
aliases hold while reading, duplicate keys are found, and plain scalars mean what they look like:
`12` and `0.75` are numbers, `true`, `false` and `null` are themselves, and everything else, such as
`010`, `no` and `7:30`, is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from paramcalc import limits
from paramcalc.errors import ParamcalcError, Problem, Source, Span

Plain: TypeAlias = int | Fraction | bool | str | None

INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number, a truth value, nothing, or text (an expression, a name, or quoted words)."""

    value: Plain
    span: Span
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping, in its order; keys are text and occur once."""

    entries: tuple[tuple[Scalar, Value], ...]
    span: Span

    def get(self, key: str) -> Value | None:
        """The value of a key, or None."""
        return next((value for name, value in self.entries if name.value == key), None)

    def key(self, key: str) -> Span:
        """Where a key stands."""
        return next(name.span for name, _ in self.entries if name.value == key)


Value: TypeAlias = Scalar | Items | Entries

KINDS = {Scalar: "one value", Items: "a list", Entries: "a mapping"}


def kind(value: Value) -> str:
    """What a value is, for errors: `a list`, `a mapping`, `nothing`, `the number 3`, `'text'`."""
    if not isinstance(value, Scalar):
        return KINDS[type(value)]
    if value.value is None:
        return "nothing"
    if isinstance(value.value, bool):
        return "true" if value.value else "false"
    return f"'{value.value}'" if isinstance(value.value, str) else f"the number {value.value}"


def read_file(path: Path) -> Source:
    """The text of a file. Raises ParamcalcError for one that is missing, too large, binary or not UTF-8."""
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(limits.FILE_BYTES + 1)
    except FileNotFoundError:
        raise ParamcalcError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise ParamcalcError(f"{name} is a folder, not a file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ParamcalcError(f"{name} cannot be read: {reason}") from None
    if len(data) > limits.FILE_BYTES:
        raise ParamcalcError(f"{name} is larger than {limits.FILE_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParamcalcError(f"{name} is not a text in UTF-8: byte {error.start + 1} does not fit") from None
    if "\0" in text:
        raise ParamcalcError(f"{name} is not a text: it holds a NUL byte")
    return Source(name, text)


def parse(source: Source) -> Value:
    """The tree of a YAML text. Raises ParamcalcError for wrong syntax, duplicate keys and exceeded limits."""
    return _Builder(source).document()


class _Builder:
    """Builds the tree from parser events, with a stack of its own."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = source.text.split("\n")
        self.anchors: dict[str, tuple[Value, int]] = {}
        self.problems: list[Problem] = []
        self.size = 0

    def document(self) -> Value:
        stack: list[_Open] = []
        root: Value | None = None
        try:
            for event in yaml.parse(self.source.text, Loader=PARSER):
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        raise self.error("a file holds one document; a second one begins here", event)
                elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                    if len(stack) >= limits.NESTING:
                        raise self.error(f"nested deeper than {limits.NESTING} levels", event)
                    self.plain_tag(event)
                    stack.append(
                        _Open(event, isinstance(event, yaml.MappingStartEvent), self.span(event), [], self.size)
                    )
                elif isinstance(
                    event, (yaml.SequenceEndEvent, yaml.MappingEndEvent, yaml.ScalarEvent, yaml.AliasEvent)
                ):
                    before = self.size
                    if isinstance(event, yaml.ScalarEvent):
                        value: Value = self.scalar(event)
                    elif isinstance(event, yaml.AliasEvent):
                        value = self.alias(event)
                    else:
                        opened = stack.pop()
                        before = opened.size_before
                        value = self.close(opened)
                        event = opened.event
                    self.count(event)
                    anchor = getattr(event, "anchor", None)
                    if anchor and not isinstance(event, yaml.AliasEvent):
                        self.anchors[anchor] = (value, self.size - before)
                    if stack:
                        stack[-1].values.append(value)
                    else:
                        root = value
        except yaml.MarkedYAMLError as error:
            raise ParamcalcError(*self.problems, self.syntax(error)) from None
        except yaml.YAMLError as error:
            raise ParamcalcError(*self.problems, Problem(f"not YAML: {error}", Span(self.source))) from None
        if self.problems:
            raise ParamcalcError(*self.problems)
        if root is None or (isinstance(root, Scalar) and root.value is None):
            raise ParamcalcError(Problem("the file is empty", Span(self.source)))
        return root

    def scalar(self, event: Any) -> Scalar:
        text: str = event.value
        span = self.span(event)
        quoted = event.style is not None
        self.plain_tag(event)
        if quoted:
            return Scalar(text, span, True)
        if text in WORDS:
            return Scalar(WORDS[text], span)
        integer, decimal = INTEGER.fullmatch(text), DECIMAL.fullmatch(text)
        if integer or decimal:
            if sum(character.isdigit() for character in text) > limits.DIGITS:
                self.problems.append(Problem(f"a number of more than {limits.DIGITS} digits", span))
                return Scalar(1, span)
            return Scalar(int(text) if integer else Fraction(text), span)
        return Scalar(text, span)

    def alias(self, event: Any) -> Value:
        if event.anchor not in self.anchors:
            raise self.error(f"'*{event.anchor}' refers to no anchor that ends before it", event)
        value, size = self.anchors[event.anchor]
        self.size += size
        return value

    def close(self, opened: _Open) -> Value:
        if not opened.mapping:
            return Items(tuple(opened.values), opened.span)
        entries: list[tuple[Scalar, Value]] = []
        seen: dict[Plain, Span] = {}
        for key, value in zip(opened.values[::2], opened.values[1::2], strict=True):
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                self.problems.append(Problem(f"a key must be a name, got {kind(key)}", key.span))
                continue
            if key.value in seen:
                note = f"first on line {seen[key.value].line}"
                self.problems.append(Problem(f"'{key.value}' is given twice", key.span, (note,)))
                continue
            seen[key.value] = key.span
            entries.append((key, value))
        return Entries(tuple(entries), opened.span)

    def count(self, event: Any) -> None:
        self.size += 1
        if self.size > limits.YAML_VALUES:
            raise self.error(f"more than {limits.YAML_VALUES:,} values, with aliases written out", event)

    def plain_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            self.problems.append(Problem(f"tags such as '{event.tag}' have no meaning here", self.span(event)))

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        if isinstance(event, yaml.ScalarEvent) and end.line != start.line and start.line < len(self.lines):
            length = len(self.lines[start.line].rstrip()) - start.column
        return Span(self.source, start.line + 1, start.column + 1, max(1, length))

    def error(self, message: str, event: Any) -> ParamcalcError:
        return ParamcalcError(*self.problems, Problem(message, self.span(event)))

    def syntax(self, error: yaml.MarkedYAMLError) -> Problem:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if line > len(self.lines):
            line, column = len(self.lines), len(self.lines[-1]) + 1
        context = f"{error.context}: " if error.context else ""
        return Problem(f"not YAML: {context}{error.problem}", Span(self.source, line, column))


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is not read yet."""

    event: Any
    mapping: bool
    span: Span
    values: list[Value]
    size_before: int
