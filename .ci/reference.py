"""The sections of the documents that are made of the code: layers, commands, keys of the language, limits."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import typer
import yaml
from json_keys import json_section

import paramcalc
from paramcalc import limits
from paramcalc.cli import COMMANDS, application
from paramcalc.language.keys import SYNONYMS
from paramcalc.language.library import bundled_names
from paramcalc.language.schema import fields, schema
from paramcalc.layers import FAMILIES, JOINS, layer_class
from paramcalc.layers.base import Layer
from paramcalc.layers.fields import spell_value
from paramcalc.report.quantities import CLAIMED, Use

EXAMPLES: dict[str, str] = yaml.safe_load((Path(__file__).parent / "examples.yaml").read_text(encoding="utf-8"))
"""An example of each layer that has a required field, or that says more on another input than [64, 28, 28]."""

IN_TORCH = re.compile(r"\s*\((torch\.[^()]*)\)")
TITLES = {
    "sliding": "Convolution and pooling by windows",
    "pooling": "Pooling to a given size",
    "dense": "Fully connected",
    "norm": "Normalisation",
    "activation": "Activations and identities",
    "arrange": "Reshaping and permuting",
    "rearrange": "Rearranging by a pattern",
    "resize": "Resizing, padding, cropping",
    "region": "Regions of interest",
    "join": "Joins",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def unwrapped(text: str) -> str:
    """Paragraphs on one line each, as Markdown would show them."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))


# -- layers -------------------------------------------------------------------------------------


def layer_index() -> str:
    """Every layer by family, each a link to its entry."""
    return table(
        ("family", "layers"),
        (
            (f"[{title(family)}](#{anchor(title(family))})", " ".join(f"[`{name}`](#{name})" for name in names))
            for family, names in FAMILIES.items()
        ),
    )


def title(family: str) -> str:
    """The heading of a family of layers."""
    return TITLES.get(family, family.capitalize())


def anchor(heading: str) -> str:
    """The name that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def layers() -> str:
    """An entry for each layer: what it does, its fields, its rules, an example with numbers."""
    return "\n".join(
        part
        for family, names in FAMILIES.items()
        for part in (f"## {title(family)}\n", *(layer_entry(name, layer_class(name)) for name in names))
    )


def layer_entry(name: str, model: type[Layer]) -> str:
    """The entry of one layer."""
    described = unwrapped(model.__doc__ or "")
    torch = IN_TORCH.search(described)
    parts = [f"### {name}\n", f"{IN_TORCH.sub('', described)}\n"]
    if torch:
        parts.append(f"In torch: {torch[1]}.\n")
    if name in JOINS:
        parts.append("Takes named branches, each a list of steps; a list is never a field.\n")
    rows = [*field_rows(name, model)]
    parts.append(table(("field", "value", "default"), rows) if rows else "No fields.\n")
    if model.rules:
        rules = ((quantity, f"`{rule}`") for quantity, rule in model.rules.items())
        parts.append(table(("quantity", "rule"), rules))
    return "\n".join([*parts, example(name)])


def field_rows(name: str, model: type[Layer]) -> Iterable[tuple[str, str, str]]:
    """The fields of a layer in order: name, what it may hold, default."""
    properties, required = fields(model)
    for field, values in properties.items():
        default = model.model_fields[field].default
        shown = "required" if field in required else "–" if default is None else f"`{spelled_default(default)}`"
        yield f"`{field}`", spelled_values(values), shown


def spelled_default(value: Any) -> str:
    """A default as YAML would write it."""
    return f"{float(value):g}" if isinstance(value, Fraction) else spell_value(value).strip("'")


def spelled_values(values: Mapping[str, Any]) -> str:
    """What a field may hold, from its JSON schema: `whole number from 1, or one per axis`."""
    found = [word for each in values.get("anyOf", [values]) if (word := spelled_value(each))]
    if len(found) > 1:
        found = ["one per axis" if word.startswith("list of whole") else word for word in found]
    return ", or ".join(dict.fromkeys(found))


def spelled_value(values: Mapping[str, Any]) -> str:
    """One kind of value; an expression is left out, which any number may be, and so is nothing."""
    if "const" in values or "enum" in values:
        return " or ".join(f"`{word}`" for word in values.get("enum", [values.get("const")]))
    kind = values.get("type")
    if "anyOf" in values:
        return " or ".join(filter(None, [values.get("description", ""), *map(spelled_value, values["anyOf"])]))
    if kind == "array":
        items = values["items"]
        if items.get("type") == "array" or items.get("minItems") == 2:
            return "`[lo, hi]` per axis"
        inside = spelled_values(items)
        return f"list of {inside.replace('number', 'numbers', 1)}"
    if kind == "string":
        return "" if values.get("description") == "an expression" else values.get("description", "a word")
    if kind in ("integer", "number"):
        least, most = values.get("minimum"), values.get("maximum")
        bounds = "" if least is None else f" from {least}" if most is None else f" from {least} to {most}"
        return f"{'whole number' if kind == 'integer' else 'number'}{bounds}"
    return {"boolean": "`true` or `false`", "null": ""}.get(str(kind), str(kind))


def example(name: str) -> str:
    """A network with the layer, and the figures of the layer in it. Raises where the layer needs one and has none."""
    text = EXAMPLES.get(name, f"input: [64, 28, 28]\nlayers:\n  - {name}\n")
    try:
        network = paramcalc.loads(f"name: example\n{text}", name=f"examples.yaml: {name}")
    except paramcalc.ParamcalcError as error:
        raise SystemExit(f".ci/examples.yaml needs an example of {name} that can be read:\n{error}") from None
    row = next(row for row in reversed(paramcalc.analyze(network).layers) if row.type == name)
    count = "" if row.count == 1 else f", {paramcalc.pretty(row.count)} of them"
    figures = [f"output `[{', '.join(map(paramcalc.plain, row.output))}]`{count}"]
    counted = (("parameter", row.params), ("buffer", row.buffers), ("MAC", row.macs))
    figures += [f"{paramcalc.pretty(n)} {what}{'s' * (n != 1)}" for what, n in counted if n != 0]
    field = row.receptive_field
    sizes = "×".join("–" if size is None else paramcalc.pretty(size) for size in field or ())
    figures.append(f"receptive field {sizes}" if sizes else "receptive field unknown" if field is None else "")
    conditions = [f"if `{condition.text}`" for condition in network.conditions]
    lines = [f"- {', '.join(filter(None, figures + conditions))}"]
    lines += [f"- {part.partition(': ')[0]}: `{part.partition(': ')[2]}`" for part in row.formula.split("; ") if part]
    return f"```yaml\n{text}```\n\n" + "\n".join(lines) + "\n"


# -- the language -------------------------------------------------------------------------------


def file_keys() -> str:
    """The keys of a file, as the schema describes them."""
    whole, variant = schema()["anyOf"]
    described = {**whole["properties"], **variant["properties"]}

    def needed(key: str) -> str:
        forms = [name for name, form in (("whole file", whole), ("variant", variant)) if key in form["required"]]
        return " and ".join(forms) or "–"

    def allowed(key: str) -> str:
        forms = [name for name, form in (("whole file", whole), ("variant", variant)) if key in form["properties"]]
        return " and ".join(forms)

    return table(
        ("key", "holds", "allowed in", "required in"),
        ((f"`{key}`", value["description"], allowed(key), needed(key)) for key, value in described.items()),
    )


def quantities() -> str:
    """What a claim may be about."""
    return table(
        ("quantity", "unit", "of"),
        (
            (
                f"`{quantity.key}`",
                f"{quantity.unit}, one value or one per axis" if quantity.per_axis else quantity.unit,
                "a step or the whole" if Use.STEP in quantity.use else "the whole",
            )
            for quantity in CLAIMED.values()
        ),
    )


def synonyms() -> str:
    """What other programs call layers and fields, and what they are called here."""
    found: dict[str, list[str]] = {}
    for word, ours in SYNONYMS.items():
        found.setdefault(ours, []).append(word)
    rows = ((f"`{ours}`", " ".join(f"`{word}`" for word in words)) for ours, words in sorted(found.items()))
    return table(("in paramcalc", "elsewhere"), rows)


def limits_table() -> str:
    """Every limit with its value, and the text below it in the code."""
    body = ast.parse(inspect.getsource(limits)).body
    rows = []
    for assigned, below in pairwise(body):
        if isinstance(assigned, ast.Assign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            (name,) = [target.id for target in assigned.targets if isinstance(target, ast.Name)]
            rows.append((" ".join(str(below.value.value).split()).rstrip("."), f"{getattr(limits, name):,}"))
    return table(("what", "at most"), rows)


# -- commands -----------------------------------------------------------------------------------


def commands() -> str:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(application(*COMMANDS))
    return "\n".join(command_entry(name, command) for name, command in group.commands.items())


def command_entry(name: str, command: Any) -> str:
    """The entry of one command."""
    annotations = inspect.signature(command.callback, eval_str=True).parameters
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    usage = ["paramcalc", name, *(word(parameter) for parameter in parameters if is_argument(parameter))]
    if not all(map(is_argument, parameters)):
        usage.append("[OPTIONS]")
    parts = [f"## {name}\n", f"```\n{' '.join(usage)}\n```\n", f"{unwrapped(command.help or '')}\n"]
    if parameters:
        rows = [parameter_row(parameter, annotations) for parameter in parameters]
        parts.append(table(("argument or option", "meaning", "default"), rows))
    return "\n".join(parts)


def word(parameter: Any) -> str:
    """What help calls an argument."""
    return str(parameter.metavar or parameter.name.upper())


def is_argument(parameter: Any) -> bool:
    """Whether a parameter is given by its position."""
    return bool(parameter.param_type_name == "argument")


def parameter_row(parameter: Any, annotations: Mapping[str, inspect.Parameter]) -> tuple[str, str, str]:
    """One argument or option: how it is written, what it means, its default."""
    words = [word(parameter)] if is_argument(parameter) else parameter.opts
    values = choices(annotations.get(parameter.name))
    takes = "" if is_argument(parameter) else values or parameter.metavar or ""
    written = ", ".join(f"`{word}`" for word in words) + (f" `{takes}`" if takes else "")
    several = " May be given several times." if parameter.multiple and not is_argument(parameter) else ""
    default = parameter.default
    plain = default in (None, False, "", [], ()) or callable(default)
    shown = "required" if parameter.required else "–" if plain else f"`{default}`"
    return written, f"{parameter.help or ''}{several}", shown


def choices(parameter: inspect.Parameter | None) -> str:
    """The words that an option takes, of an enumeration."""
    found = [] if parameter is None else [*leaves(parameter.annotation)]
    words = [each.value for kind in found if isinstance(kind, type) and issubclass(kind, Enum) for each in kind]
    return "|".join(words)


def leaves(annotation: Any) -> Iterable[Any]:
    """The types inside an annotation."""
    inside = get_args(annotation)
    return [leaf for each in inside for leaf in leaves(each)] if inside else [annotation]


def architectures() -> str:
    """The bundled architectures, each with its source."""
    rows = [(name, paramcalc.load(name)) for name in bundled_names()]
    return table(
        ("name", "parameters", "MACs", "source"),
        (
            (f"`{name}`", paramcalc.pretty(totals.params), paramcalc.pretty(totals.macs), network.source)
            for name, network in rows
            for totals in [paramcalc.analyze(network).totals]
        ),
    )


SECTIONS: dict[str, Callable[[], str]] = {
    "layer_index": layer_index,
    "layers": layers,
    "commands": commands,
    "file_keys": file_keys,
    "quantities": quantities,
    "synonyms": synonyms,
    "limits": limits_table,
    "architectures": architectures,
    "json": json_section,
}
"""What makes each section, by the name that a page calls it."""
