"""What is wrong with a text that is no YAML, in plain words: the parser's own are for those who write parsers."""

from __future__ import annotations

import re

import yaml

from paramcalc import limits
from paramcalc.errors import Problem, Source, Span, lines_of

FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that YAML does not allow anywhere: control characters and lone surrogates."""

TAB = "a tab cannot indent; use spaces"
INDENTATION = "check the indentation of this line and of those before"
PLAIN = {
    "mapping values are not allowed in this context": (
        "unexpected ':'; check the indentation, and put a text that holds ': ' in quotes"
    ),
    "block sequence entries are not allowed in this context": f"a list cannot begin here; {INDENTATION}",
    "did not find expected key": f"expected a key; {INDENTATION}",
    "did not find expected '-' indicator": f"expected '-'; {INDENTATION}",
    "did not find expected ',' or ']'": "expected ',' or ']'",
    "did not find expected ',' or '}'": "expected ',' or '}'",
    "did not find expected node content": "expected a value",
    "could not find expected ':'": "expected ':' after a key",
    "found a tab character that violates indentation": TAB,
    "found unexpected end of stream": "the quotes that open here are not closed",
    "found unknown escape character": "no escape that YAML knows; in single quotes, '\\' is an ordinary character",
    "did not find expected alphabetic or numeric character": "expected a name after '&' or '*'",
    "found unknown directive name": "a line must not begin with '%'",
    "found incompatible YAML document": "a line must not begin with '%'",
    "did not find expected comment or line break": "expected the end of the line",
    "did not find expected <document start>": "expected nothing more after the end of the document",
}
"""The parser's messages, and what they mean for the one who wrote the text."""

AT_START = frozenset(("found unexpected end of stream", "could not find expected ':'", "found unknown directive name"))
"""Messages about what began at the parser's other mark."""

TOO_DEEP = f"nested deeper than {limits.NESTING} levels"

OPENED = {
    "while parsing a flow sequence": "the list",
    "while parsing a flow mapping": "the mapping",
    "while parsing a block mapping": "the mapping",
    "while parsing a block collection": "the list",
}
"""What the parser was reading."""


def forbidden_character(source: Source) -> Problem | None:
    """The first character that YAML does not allow, if there is one."""
    found = FORBIDDEN.search(source.text)
    if found is None:
        return None
    before = lines_of(source.text[: found.start()])
    span = Span(source, len(before), len(before[-1]) + 1)
    return Problem(f"not YAML: the character '{found[0]}' is not allowed", span)


def explain(error: yaml.YAMLError, source: Source) -> Problem:
    """The problem that the parser has with a text, at the position that it names."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(f"not YAML: {error}", Span(source))
    problem = str(error.problem)
    mark = (error.context_mark if problem in AT_START else None) or error.problem_mark or error.context_mark
    span = span_of(source, mark)
    if problem == "exceeded maximum nesting depth":  # the parser looks ahead, and has a limit of its own
        return Problem(TOO_DEEP, span)
    message = PLAIN.get(problem, problem)
    if problem == "found character that cannot start any token":
        character = source.line(span.line)[span.column - 1 : span.column]
        message = TAB if character == "\t" else f"'{character}' cannot begin a value; put the text in quotes"
    opened = OPENED.get(str(error.context))
    start = span_of(source, error.context_mark) if opened and error.context_mark else span
    notes = () if start == span else (f"in {opened} that begins at {start}",)
    return Problem(f"not YAML: {message}", span, notes)


def span_of(source: Source, mark: yaml.Mark | None) -> Span:
    """The position of a mark of the parser; behind the text before it where its own line is blank."""
    if mark is None:
        return Span(source)
    lines = lines_of(source.text)
    line = min(mark.line, len(lines) - 1)
    column = min(mark.column, len(lines[line])) if line == mark.line else len(lines[line])
    while line > 0 and not lines[line].strip():
        line -= 1
        column = len(lines[line].rstrip())
    return Span(source, line + 1, column + 1)
