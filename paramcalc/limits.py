"""Every limit on what a file may ask for, in one place.

The limits are far above any real network. They exist so that a wrong or hostile file ends in a
clear error, quickly, instead of filling the memory.
"""

FILE_BYTES = 1_000_000
"""Size of one file."""

NESTING = 60
"""Levels of lists and mappings inside one file."""

YAML_VALUES = 100_000
"""Scalars, lists and mappings of one file, with every alias written out."""

INCLUDED_FILES = 50
"""Files reached through `include` and `base`."""

EXPRESSION_LENGTH = 500
"""Characters of one expression."""

EXPRESSION_NESTING = 40
"""Parentheses and signs inside one another in an expression."""

DIGITS = 18
"""Digits of one number, written or computed."""

TERMS = 2_000
"""Terms of one symbolic size."""

TERMS_IN_ALL = 250_000
"""Terms of the symbolic sizes of all layers that are executed."""

DEGREE = 64
"""Factors of one product of symbols."""

FLOOR_TERMS = 2_000
"""Terms inside one rounded division, with those of the divisions inside it."""

FLOOR_NESTING = 64
"""Rounded divisions inside one another that do not become one."""

CALL_DEPTH = 40
"""Blocks inside one another."""

STEPS = 100_000
"""Layers that are executed, with every repeat and block written out, and as many calls of blocks."""

SYMBOLIC = 5_000
"""Layers whose sizes with symbols are worked out; one of a repeated block is worked out once."""

COMBINATIONS = 100_000
"""Combinations of one sweep."""

LINED_UP = 1_000_000_000
"""Steps of one network times steps of another that a comparison lines up: as many bits are held."""

PERIOD = 1_024
"""Residues that are looked at one by one: periods of a condition, neighbouring units that read differently."""

BINS = 128
"""Bins of an adaptive pooling of a size with symbols: their intervals hold divisions, which take long to compare."""

INTERVALS = 50_000
"""Intervals that neighbouring units read in all nodes of a network; beyond, receptive fields are not followed."""

PROBLEMS_SHOWN = 20
"""Errors that one message shows in full."""
