"""YAML with positions: a text becomes a tree of scalars, lists and mappings, each with its span.

PyYAML's C parser gives events; the tree is built from them here, so that the limits on nesting and
aliases hold while reading, duplicate keys are found, and plain scalars mean what they look like:
`12` and `0.75` are numbers, `true`, `false` and `null` are themselves, and everything else, such as
`010`, `no` and `7:30`, is text.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml

from paramcalc import limits
from paramcalc.errors import ParamcalcError, Problem, Source, Span, clipped, in_order, lines_of
from paramcalc.language.arithmetic import spell
from paramcalc.language.syntax import TOO_DEEP, explain, forbidden_character

Plain: TypeAlias = int | Fraction | bool | str | None

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(NamedTuple):
    """A number, a truth value, nothing, or text (an expression, a name, or quoted words)."""

    value: Plain
    span: Span


class Items(NamedTuple):
    """A list."""

    items: tuple[Value, ...]
    span: Span


class Entries(NamedTuple):
    """A mapping, in its order; keys are text and occur once."""

    entries: tuple[tuple[Scalar, Value], ...]
    span: Span

    def get(self, key: str) -> Value | None:
        """The value of a key, or None."""
        return next((value for name, value in self.entries if name.value == key), None)

    def given(self, key: str) -> Value | None:
        """The value of a key that may be left empty, or None."""
        value = self.get(key)
        return None if isinstance(value, Scalar) and value.value is None else value

    def key_span(self, key: str) -> Span:
        """The span of a key."""
        return next(name.span for name, _ in self.entries if name.value == key)


Value: TypeAlias = Scalar | Items | Entries


def describe(value: Value) -> str:
    """What a value is, for errors: `a list`, `a mapping`, `nothing`, `the number 3`, `'text'`."""
    if isinstance(value, Items):
        return "a list" if value.items else "an empty list"
    if isinstance(value, Entries):
        return "a mapping" if value.entries else "an empty mapping"
    number = isinstance(value.value, (int, Fraction)) and not isinstance(value.value, bool)
    return f"the number {spell(value.value)}" if number else spell(value.value)


def read_file(path: Path, name: str) -> Source:
    """The text of a file that errors call `name`.

    Raises ParamcalcError for one that is missing, too large, binary or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.FILE_BYTES + 1)
    except FileNotFoundError:
        raise ParamcalcError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise ParamcalcError(f"{name} is a folder, not a file") from None
    except (OSError, ValueError) as error:
        raise ParamcalcError(f"{name} cannot be read: {reason(error)}") from None
    if len(data) > limits.FILE_BYTES:
        raise ParamcalcError(f"{name} is larger than {limits.FILE_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ParamcalcError(f"{name} is not a text in UTF-8: byte {error.start + 1} does not fit") from None
    if "\0" in text:
        raise ParamcalcError(f"{name} is not a text: it holds a NUL byte")
    return Source(name, text)


def reason(error: OSError | ValueError) -> str:
    """Why the system refuses a file."""
    return getattr(error, "strerror", None) or str(error)


def parse(source: Source) -> tuple[Value, list[Problem]]:
    """The tree of a YAML text, and the problems that leave it readable: tags, and keys that are given twice.

    Raises ParamcalcError for wrong syntax, keys that are no names, and exceeded limits.
    """
    builder = _TreeBuilder(source)
    return builder.document(), builder.problems


class _TreeBuilder:
    """Builds the tree from parser events, with a stack of its own; `size` is how many values there are so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = lines_of(source.text)
        self.stack: list[_Open] = []
        self.root: Value | None = None
        self.anchors: dict[str, tuple[Value, int]] = {}
        self.problems: list[Problem] = []
        self.unreadable = False
        self.size = 0

    def document(self) -> Value:
        problem = forbidden_character(self.source)
        if problem:
            raise ParamcalcError(problem)
        try:
            for event in yaml.parse(self.source.text, Loader=PARSER):
                self.take(event)
        except yaml.YAMLError as error:
            raise self.error(explain(error, self.source)) from None
        if self.unreadable:
            raise self.error()
        if self.root is None or (isinstance(self.root, Scalar) and self.root.value is None):
            raise ParamcalcError(Problem("the file is empty", Span(self.source)))
        return self.root

    def take(self, event: Any) -> None:
        """One event: a list or mapping begins or ends, or there is a value."""
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self.error(self.problem("a file holds one document; a second one begins here", event))
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            if len(self.stack) >= limits.NESTING:
                raise self.error(self.problem(TOO_DEEP, event))
            self.report_tag(event)
            self.stack.append(_Open(event, self.span(event), self.size, []))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            opened = self.stack.pop()
            self.put(self.close(opened), opened.event, opened.size_before)
        elif isinstance(event, yaml.ScalarEvent):
            self.put(self.scalar(event), event, self.size)
        elif isinstance(event, yaml.AliasEvent):
            self.put(self.alias(event), event, self.size)

    def put(self, value: Value, event: Any, before: int) -> None:
        """A value is complete; `before` is how many there were when it began."""
        self.size += 1
        if self.size > limits.YAML_VALUES:
            message = f"more than {limits.YAML_VALUES:,} values, with aliases expanded"
            raise self.error(self.problem(message, event))
        if event.anchor and not isinstance(event, yaml.AliasEvent):
            self.anchors[event.anchor] = (value, self.size - before)
        if self.stack:
            self.stack[-1].values.append(value)
        else:
            self.root = value

    def scalar(self, event: Any) -> Scalar:
        text: str = event.value
        span = self.span(event)
        self.report_tag(event)
        if event.style not in (None, ""):  # the C parser says "" for plain
            return Scalar(text, span)
        if text in WORDS:
            return Scalar(WORDS[text], span)
        if NUMBER.fullmatch(text) and sum(character.isdigit() for character in text) <= limits.DIGITS:
            return Scalar(Fraction(text) if "." in text else int(text), span)
        return Scalar(text, span)

    def alias(self, event: Any) -> Value:
        if event.anchor not in self.anchors:
            inside = any(opened.event.anchor == event.anchor for opened in self.stack)
            what = "is inside the value that it refers to" if inside else "refers to no anchor before it"
            raise self.error(self.problem(f"'*{clipped(event.anchor)}' {what}", event))
        value, size = self.anchors[event.anchor]
        self.size += size
        return value

    def close(self, opened: _Open) -> Value:
        if isinstance(opened.event, yaml.SequenceStartEvent):
            return Items(tuple(opened.values), opened.span)
        entries: list[tuple[Scalar, Value]] = []
        seen: dict[Plain, Span] = {}
        for key, value in zip(opened.values[::2], opened.values[1::2], strict=True):
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                self.unreadable = True
                self.problems.append(Problem(f"a key must be a name, got {describe(key)}", key.span))
                continue
            if key.value in seen:
                note = f"first at {seen[key.value]}"
                self.problems.append(Problem(f"'{clipped(key.value)}' is given twice", key.span, (note,)))
                continue
            seen[key.value] = key.span
            entries.append((key, value))
        return Entries(tuple(entries), opened.span)

    def report_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.append(self.problem(f"tags such as '{clipped(tag)}' are not supported", event))

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if end.line == start.line else 1
        if isinstance(event, yaml.ScalarEvent) and end.line != start.line and start.line < len(self.lines):
            length = len(self.lines[start.line].rstrip()) - start.column
        return Span(self.source, start.line + 1, start.column + 1, max(1, length))

    def problem(self, message: str, event: Any) -> Problem:
        return Problem(message, self.span(event))

    def error(self, *last: Problem) -> ParamcalcError:
        """All problems so far and the last one."""
        return ParamcalcError(*in_order([*self.problems, *last]))


class _Open(NamedTuple):
    """A list or mapping whose end is not read yet, and how many values there were before it."""

    event: Any
    span: Span
    size_before: int
    values: list[Value]
