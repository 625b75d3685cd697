"""A broken file ends in a report, or in errors that point into it: never in any other exception.

Bundled files and small ones are broken letter by letter and value by value, and others want too
much, with a seed that a failure prints: `PARAMCALC_SEED=7 PARAMCALC_CASES=50000 pytest
tests/test_robustness.py` tries others.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

import pytest
import yaml

import paramcalc
from paramcalc import ParamcalcError
from paramcalc.errors import printable
from paramcalc.language.library import bundled_folder
from tests.wild import wild

SEED = int(os.environ.get("PARAMCALC_SEED", "0"))
CASES = int(os.environ.get("PARAMCALC_CASES", "2000"))
BATCHES = 8

SMALL = (
    "name: Net\ninput: [3, 8, 8]\nlayers: [conv: {out: 8, kernel: 3}, relu, flatten, linear: 10]\n",
    """\
name: Net
source: "nowhere: at all"
input: {image: [3, H, W], rois: {shape: [5], count: R}}
args: [classes: 10, wide: false, width]
blocks:
  unit:
    args: [out, kernel: 1, "stride": 1]
    layers:
      - {conv: {out: out, kernel: kernel, stride: stride, padding: kernel // 2}, name: inner}
      - batch_norm
      - add:
          main: [{relu: , when: wide}, {from: inner}]
          shortcut: []
layers:
  - unit: {out: width, kernel: 3}
    name: first
  - {unit: 2*width, repeat: 2, frozen: true}
  - {conv: {out: 8, kernel: [3, 3], padding: [[1, 1], [0, 2]]}, name: map}
  - max_pool: {kernel: 2, ceil: true}
  - concat: {axis: 0, a: [upsample: 2, {crop: {like: map, offset: 0}}], b: [{from: map}]}
  - roi_pool: {output: 7, rois: rois}
  - flatten
heads:
  scores: [linear: classes, softmax]
  boxes: [{linear: 4 * classes, share: scores.linear}]
claims: [{at: map, weights: 35k, source: me}, {params: [1, 2], disputed: yes}]
""",
    "base: alexnet\nname: Other\nargs: [classes: round_to(0.75 * 14, 8)]\ninput: [3, 300, W]\n",
    """\
name: Net
include: [vgg16.yaml]
input: &shape [3, 8, 8]
layers: &all
  - adaptive_avg_pool: [2, 2]
  - add: {a: &same [relu], b: *same}
heads: {h: *same}
""",
)

LETTERS = ": -[]{},\n\t#&*!|>'\"%@`?_./+=<>()0123456789aeiknotrx\r\x00\x07\x85\xa0é卷\u2028\u202e\ufeff\ud800\U0001f642"
"""What YAML, expressions and terminals treat in a way of their own."""

WORDS = (
    *("", "[]", "{}", "null", "~", "true", "no", "010", "7:30", "1_000", ".5", "-1", "0", "0.5", "1e9", "9" * 30),
    *(
        "H",
        "channels",
        "same",
        "relu",
        "conv",
        "add",
        "input",
        "from",
        "name",
        "layers",
        "args",
        "<<",
        "*a",
        "&a",
        "!!x",
    ),
    *("1 // 0", "9**9", "min(H, 3)", "H == W", "not true", "(" * 50, "a.b", "1000000000", "&a [*a]", "- - -", "? x"),
)
"""What a word is replaced by."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 0.5, -2.25, 10**6, 10**18, 10**40, "", "x", "H", "relu", "conv", "same"),
    *("H // 2", "channels", "H % 2 == 0", "min(H, W)", "1 // 0", "a b", "first.inner", "é", "1\n2", "\x1b[0m"),
    *([], {}, [[]], [{}], [None], ["relu"], [[1, 2], [3, 4]], {"a": []}, {"relu": None}, {"a": ["relu"], "b": []}),
)
"""What a value of the tree is replaced by."""


def texts() -> list[str]:
    """The documents that are broken: those of up to 6,000 bytes, in a fixed order."""
    bundled = [path.read_text(encoding="utf-8") for path in sorted(bundled_folder().glob("*.yaml"))]
    return [*SMALL, *(text for text in bundled if len(text) < 6_000)]


def entries(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a tree with every key or index in it."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield tree, key
        yield from entries(tree[key])


def break_letters(text: str, chance: random.Random) -> str:
    """A few letters deleted, put in, doubled or exchanged, words replaced, or the end cut off."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        first = chance.randrange(len(text) + 1)
        last = min(len(text), first + chance.choice((0, 1, 1, 1, 2, 5, 40)))
        piece = chance.choice(
            (
                "",
                chance.choice(LETTERS),
                chance.choice(LETTERS) * chance.choice((1, 2, 70)),
                text[first:last] * 2,
                chance.choice(WORDS),
                text[last:first:-1],
            )
        )
        text = text[:first] + piece + text[last:] if chance.random() < 0.95 else text[:first]
    return text


def break_words(text: str, chance: random.Random) -> str:
    """One or a few words of a text replaced."""
    words = text.replace("\n", " \n ").split(" ")
    for _ in range(chance.choice((1, 1, 2, 4))):
        words[chance.randrange(len(words))] = chance.choice((*WORDS, chance.choice(words)))
    return " ".join(words)


def break_values(text: str, chance: random.Random) -> str:
    """Values of the tree removed, replaced, moved, wrapped or given another key."""
    tree = yaml.safe_load(text)
    for _ in range(chance.choice((1, 1, 2, 5))):
        every = list(entries(tree))
        if not every:
            break
        container, key = chance.choice(every)
        other, other_key = chance.choice(every)
        what = chance.randrange(6)
        if what == 0:
            del container[key]
        elif what == 1:
            container[key] = deepcopy(chance.choice(VALUES))
        elif what == 2:
            container[key] = yaml.safe_load(yaml.safe_dump(other[other_key]))
        elif what == 3:
            container[key] = chance.choice(([container[key]], {"relu": container[key]}, {"name": container[key]}))
        elif isinstance(container, dict):
            value = container.pop(key)
            container[chance.choice((other_key, *VALUES[:19], "kernal", "when", "repeat", "share"))] = value
        else:
            container.insert(key, yaml.safe_load(yaml.safe_dump(other[other_key])))
    return str(
        yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, default_flow_style=chance.choice((None, True)))
    )


def replace(_text: str, chance: random.Random) -> str:
    """Another text, which wants too much."""
    return wild(chance)


BREAKS: tuple[Callable[[str, random.Random], str], ...] = (break_letters, break_words, break_values, replace)


def error_of(text: str) -> ParamcalcError | None:
    """What a text ends in: the error, or None for a report."""
    try:
        report = paramcalc.analyze(paramcalc.loads(text, name="net.yaml", folder=bundled_folder()))
    except ParamcalcError as error:
        return error
    assert report.totals.layers == len(report.layers)
    return None


def check(error: ParamcalcError) -> None:
    """Every problem points into a text, and can be printed."""
    assert error.problems
    for problem in error.problems:
        for span in (problem.span, *(span for _, span in problem.trail)):
            assert span is not None, f"{problem.message}: nowhere"
            line = span.source.line(span.line)
            assert 1 <= span.column <= len(line) + 1, f"{problem.message}: beyond the line"
            assert 1 <= span.length <= max(1, len(line) + 1 - span.column), f"{problem.message}: too long"
    shown = str(error)
    assert all(line == printable(line) for line in shown.split("\n"))
    assert len(shown) < 100_000


def broken(documents: Sequence[str], seed: int, case: int) -> str:
    """A broken document, always the same for a seed and a number."""
    chance = random.Random(f"{seed}:{case}")  # noqa: S311 - a seed, not a secret
    return chance.choice(BREAKS)(chance.choice(documents), chance)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_broken_file_ends_in_a_report_or_in_errors_that_point_into_it(batch: int) -> None:
    documents = texts()
    networks = errors = 0
    for case in range(batch, CASES, BATCHES):
        text = broken(documents, SEED, case)
        try:
            error = error_of(text)
            if error is not None:
                check(error)
        except Exception as crash:
            raise AssertionError(f"PARAMCALC_SEED={SEED}, case {case}: {crash!r}, after\n{text!r}") from crash
        networks += error is None
        errors += error is not None
    assert networks
    assert errors
