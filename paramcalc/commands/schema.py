"""`paramcalc schema`: the language as a JSON Schema."""

from __future__ import annotations

from paramcalc.render.page import Page


def schema() -> None:
    """Print a JSON Schema of the language, for editors."""
    from paramcalc.language.schema import schema as language_schema
    from paramcalc.render import json

    Page().write(json.render(language_schema()))
