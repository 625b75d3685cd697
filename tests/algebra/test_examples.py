"""The examples in the docstrings of the algebra."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from paramcalc.algebra.expr import symbol
from paramcalc.algebra.tap_map import Taps

NAMES = {"H": symbol("H"), "W": symbol("W"), "Taps": Taps}


@pytest.mark.parametrize("name", ["window", "tap_map", "interval_map", "solve", "conditions"])
def test_the_examples_of_a_module_give_what_they_show(name: str) -> None:
    found = doctest.testmod(import_module(f"paramcalc.algebra.{name}"), extraglobs=NAMES)
    assert found.attempted > 0
    assert found.failed == 0
