"""The language as a JSON Schema (draft 2020-12), for the completion and checks of editors.

The schema knows keys, layers and fields. What needs names in scope (blocks, references, shapes) is
for `paramcalc` itself to find.
"""

from __future__ import annotations

from typing import Any

from paramcalc.language.keys import BLOCK_KEYS, CLAIM_KEYS, FILE_KEYS, STEP_KEYS, VARIANT_KEYS
from paramcalc.layers import JOINS, MODULES, layer_class
from paramcalc.layers.base import Layer
from paramcalc.layers.fields import EXPRESSION, SCHEMA_NATURAL, SCHEMA_POSITIVE
from paramcalc.report.quantities import CLAIMED

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NAME = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
TEXT = {"type": ["string", "number"]}
TRUTH = {"anyOf": [{"type": "boolean"}, EXPRESSION]}
VALUE = {"anyOf": [{"type": ["number", "boolean"]}, EXPRESSION, {"type": "array", "items": {"$ref": "#/$defs/value"}}]}
STEPS = {"$ref": "#/$defs/steps"}
AXES = {"type": "array", "items": NAME, "minItems": 1}
SHAPE = {"type": "array", "items": SCHEMA_POSITIVE, "minItems": 1, "maxItems": 4}
FIGURE = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}
ARGUMENTS = {
    "description": "arguments: names, or names with a default",
    "type": "array",
    "items": {
        "anyOf": [
            NAME,
            {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/value"},
                "propertyNames": NAME,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ]
    },
}
DESCRIPTIONS = {
    "name": "what the architecture is called",
    "source": "where it is published",
    "input": "the shape of the input, channels first, or named inputs",
    "args": "arguments of the architecture, which --set gives values to",
    "blocks": "lists of steps with arguments, by name",
    "layers": "the steps, from the first input on",
    "heads": "named outputs, each a list of steps from the end of the layers on",
    "claims": "published figures",
    "include": "files whose blocks this one uses",
    "base": "the file that this one is a variant of",
}


def schema() -> dict[str, Any]:
    """The schema of a file."""
    return {
        "$schema": DRAFT,
        "title": "paramcalc architecture",
        "description": "A neural network, for paramcalc",
        "anyOf": [
            whole(FILE_KEYS, ("name", "input", "layers"), without=("base",)),
            whole(VARIANT_KEYS, ("name", "base")),
        ],
        "$defs": {
            "value": VALUE,
            "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
            "step": step(),
            "block": mapping(dict(zip(BLOCK_KEYS, (ARGUMENTS, STEPS), strict=True)), ["layers"]),
            "claim": mapping({**dict.fromkeys(CLAIM_KEYS, TEXT), **dict.fromkeys(CLAIMED, FIGURE)}),
            **{name: layer(name) for name in sorted(MODULES)},
        },
    }


def whole(keys: tuple[str, ...], required: tuple[str, ...], without: tuple[str, ...] = ()) -> dict[str, Any]:
    """A file with these keys."""
    one = mapping({"shape": SHAPE, "axes": AXES, "count": SCHEMA_POSITIVE}, ["shape"])
    values: dict[str, dict[str, Any]] = {
        "name": TEXT,
        "source": TEXT,
        "input": {
            "anyOf": [
                SHAPE,
                one,
                {"type": "object", "additionalProperties": {"anyOf": [SHAPE, one]}, "minProperties": 1},
            ]
        },
        "args": ARGUMENTS,
        "blocks": named({"$ref": "#/$defs/block"}),
        "layers": STEPS,
        "heads": named(STEPS),
        "claims": {"type": "array", "items": {"$ref": "#/$defs/claim"}},
        "include": {"type": "array", "items": {"type": "string"}},
        "base": {"type": "string"},
    }
    properties = {key: {**values[key], "description": DESCRIPTIONS[key]} for key in keys if key not in without}
    return mapping(properties, list(required))


def mapping(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    """A mapping with these keys and no others."""
    needs = {} if required is None else {"required": required}
    return {"type": "object", "properties": properties, **needs, "additionalProperties": False}


def named(values: dict[str, Any]) -> dict[str, Any]:
    """A mapping of names to values of one form."""
    return {"type": "object", "additionalProperties": values, "propertyNames": NAME}


def step() -> dict[str, Any]:
    """A layer or block by name, alone or with its arguments, and the keys beside it."""
    beside: dict[str, Any] = {
        "name": NAME,
        "repeat": SCHEMA_NATURAL,
        "when": TRUTH,
        "from": {"type": "string", "description": "an earlier step that this one starts from"},
        "share": {"type": "string", "description": "an earlier step whose weights this one uses"},
        "frozen": TRUTH,
    }
    block_call = {"anyOf": [{"$ref": "#/$defs/value"}, {"type": "null"}, {"type": "object"}]}
    return {
        "anyOf": [
            {"type": "string", "anyOf": [{"enum": sorted(set(MODULES) - JOINS)}, NAME]},
            {
                "type": "object",
                "properties": {
                    **{key: beside[key] for key in STEP_KEYS},
                    **{name: {"$ref": f"#/$defs/{name}"} for name in sorted(MODULES)},
                },
                "additionalProperties": block_call,
                "propertyNames": NAME,
                "minProperties": 1,
            },
        ]
    }


def layer(name: str) -> dict[str, Any]:
    """The arguments of a layer: its fields, or a bare value for the first of them."""
    model = layer_class(name)
    properties, required = fields(model)
    if name in JOINS:
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": STEPS,
            "minProperties": 2,
            "description": description(model),
        }
    allowed = [mapping(properties, required)]
    if model.model_config.get("extra") == "allow":
        allowed[0]["additionalProperties"] = SCHEMA_POSITIVE
    names = list(properties)
    if names and set(required) <= set(names[:1]):
        allowed.append(properties[names[0]])
    if not required:
        allowed.append({"type": "null"})
    return {"anyOf": allowed, "description": description(model)}


def fields(model: type[Layer]) -> tuple[dict[str, Any], list[str]]:
    """The fields of a layer as pydantic describes them, and which of them are required."""
    found = model.model_json_schema(mode="validation")
    properties = found.get("properties", {})
    for entry in properties.values():
        entry.pop("title", None)
        entry.pop("default", None)
    return properties, found.get("required", [])


def description(model: type[Layer]) -> str:
    """The first line of a layer's docstring."""
    return (model.__doc__ or "").strip().split("\n")[0]
