"""Reads a tree into a `File`, and finds every problem that can be known without numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from paramcalc.errors import ParamcalcError, Problem, Source, Span, listing, suggestion
from paramcalc.language import expression
from paramcalc.language.document import (
    Argument,
    Block,
    Branch,
    Claim,
    File,
    InputSpec,
    Parameter,
    Reference,
    Step,
)
from paramcalc.language.expression import FUNCTIONS, KEYWORDS, Expression, SyntaxProblem
from paramcalc.language.source import Entries, Items, Scalar, Value, kind, parse
from paramcalc.layers import JOINS, MODULES, WORDS, layer_class
from paramcalc.shape import AXIS_NAMES

FILE_KEYS = ("name", "source", "input", "args", "blocks", "layers", "heads", "claims", "include", "base")
VARIANT_KEYS = ("name", "source", "input", "args", "claims", "base")
BLOCK_KEYS = ("args", "layers")
STEP_KEYS = ("name", "repeat", "when", "from", "share", "frozen")
CLAIM_KEYS = ("at", "source", "disputed")
QUANTITIES = (
    "layers",
    "weights",
    "biases",
    "params",
    "trainable",
    "buffers",
    "macs",
    "flops",
    "activations",
    "peak_activations",
    "receptive_field",
    "effective_stride",
    "effective_padding",
    "output",
)
"""What a claim may be about; the first ten are counted, the rest are sizes."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TENSOR_NAMES = frozenset(name for names in AXIS_NAMES.values() for name in names)

Resolve = Callable[[str], File]


@cache
def fields_of(layer: str) -> Mapping[str, bool]:
    """The fields of a layer in order, and whether each must be given."""
    return {name: info.is_required() for name, info in layer_class(layer).model_fields.items()}


def read(source: Source, resolve: Resolve) -> File:
    """The file that a text describes; `resolve` gives the files that it includes or is based on.

    Raises ParamcalcError with all the problems of the text, in the order in which they stand.
    """
    tree = parse(source)
    reader = _Reader(source, resolve)
    file = reader.file(tree)
    if reader.problems:
        raise ParamcalcError(*sorted(reader.problems, key=place))
    return file


def place(problem: Problem) -> tuple[int, int]:
    """Where a problem stands, for sorting."""
    return (problem.span.line, problem.span.column) if problem.span else (0, 0)


@dataclass(slots=True)
class _Reader:
    """The state of reading one file: its problems, and the names in scope."""

    source: Source
    resolve: Resolve
    problems: list[Problem] = field(default_factory=list)
    scope: set[str] = field(default_factory=set)
    blocks: dict[str, Block] = field(default_factory=dict)

    def problem(self, message: str, span: Span, *notes: str) -> None:
        self.problems.append(Problem(message, span, notes))

    # -- the file ---------------------------------------------------------------------------

    def file(self, tree: Value) -> File:
        file = File(self.source)
        if not isinstance(tree, Entries):
            self.problem(f"a file is a mapping with name, input and layers, got {kind(tree)}", tree.span)
            return file
        based = tree.get("base") is not None
        allowed = VARIANT_KEYS if based else FILE_KEYS
        what = "a file with 'base'" if based else "a file"
        self.known_keys(tree, allowed, what)
        required = ("name",) if based else ("name", "input", "layers")
        for key in required:
            if tree.get(key) is None:
                self.problem(f"{what} needs '{key}'", Span(self.source))
        file.name = self.text(tree.get("name"), "name")
        file.origin = self.text(tree.get("source"), "source")
        base = self.base(tree) if based else None
        if base:
            file.inputs, file.steps, file.heads = base.inputs, base.steps, base.heads
            file.blocks, file.symbols, file.base = base.blocks, base.symbols, base
        for included in self.includes(tree):
            self.take_blocks(included, tree)
        self.arguments_of_file(tree, file, base)
        self.inputs(tree, file)
        if not based:
            self.scope = {parameter.name for parameter in file.parameters} | file.symbols
            self.own_blocks(tree, file)
            file.blocks = self.blocks
            layers = tree.get("layers")
            file.steps = self.steps(layers, "layers") if layers else []
            file.heads = self.branches(tree.get("heads"), "heads")
            self.no_cycles()
        file.claims = list(self.claims(tree.get("claims")))
        return file

    def base(self, tree: Entries) -> File | None:
        value = tree.get("base")
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            self.problem(
                f"base is the name of a file, got {kind(value)}" if value else "base is empty", tree.key("base")
            )
            return None
        return self.other_file(value)

    def includes(self, tree: Entries) -> Iterator[File]:
        value = tree.get("include")
        if value is None:
            return
        if not isinstance(value, Items):
            self.problem(f"include is a list of files, got {kind(value)}", value.span)
            return
        for item in value.items:
            if isinstance(item, Scalar) and isinstance(item.value, str):
                found = self.other_file(item)
                if found:
                    yield found
            else:
                self.problem(f"include is a list of files, got {kind(item)}", item.span)

    def other_file(self, name: Scalar) -> File | None:
        try:
            return self.resolve(str(name.value))
        except ParamcalcError as error:
            for problem in error.problems:
                self.problems.append(problem if problem.span else Problem(problem.message, name.span, problem.notes))
            return None

    def take_blocks(self, included: File, tree: Entries) -> None:
        for name, block in included.blocks.items():
            known = self.blocks.get(name)
            if known is not None and known is not block:
                self.problem(
                    f"two included files have a block '{name}'",
                    tree.key("include"),
                    f"{known.span} and {block.span}",
                )
            self.blocks[name] = block

    def arguments_of_file(self, tree: Entries, file: File, base: File | None) -> None:
        own = self.parameters(tree.get("args"), set())
        if base is None:
            file.parameters = own
            return
        known = [parameter.name for parameter in base.parameters]
        for parameter in own:
            if parameter.name not in known:
                hint = suggestion(parameter.name, known)
                self.problem(
                    f"the base has no argument '{parameter.name}'{hint}", parameter.span, takes("the base", known)
                )
        given = {parameter.name: parameter for parameter in own}
        file.parameters = [given.get(parameter.name, parameter) for parameter in base.parameters]

    def inputs(self, tree: Entries, file: File) -> None:
        value = tree.get("input")
        if value is None:
            return
        bound = {parameter.name for parameter in file.parameters}
        file.inputs = list(self.input_specs(value))
        used = {
            name
            for spec in file.inputs
            for argument in (*spec.shape, *([spec.count] if spec.count else ()))
            for name in argument.names
        }
        file.symbols |= frozenset(used - bound)

    def input_specs(self, value: Value) -> Iterator[InputSpec]:
        if isinstance(value, Items):
            shape = self.input_shape(value, "input")
            if shape:
                yield InputSpec("input", value.span, shape, None)
            return
        if not isinstance(value, Entries) or not value.entries:
            self.problem(
                f"input is a shape such as [3, 224, 224], or a mapping of named inputs, got {kind(value)}", value.span
            )
            return
        for key, spec in value.entries:
            name = self.name(key, "an input")
            count = None
            shape_value: Value | None = spec
            if isinstance(spec, Entries):
                self.known_keys(spec, ("shape", "count"), "an input")
                shape_value = spec.get("shape")
                if shape_value is None:
                    self.problem(f"input '{name}' needs 'shape'", key.span)
                    continue
                if (given := spec.get("count")) is not None:
                    count = self.argument(given, None)
            assert shape_value is not None
            shape = self.input_shape(shape_value, f"input '{name}'")
            if shape:
                yield InputSpec(name, key.span, shape, count)

    def input_shape(self, value: Value, what: str) -> list[Argument]:
        if not isinstance(value, Items) or not 1 <= len(value.items) <= 4:
            got = f"{len(value.items)} sizes" if isinstance(value, Items) else kind(value)
            self.problem(f"the shape of {what} has 1 to 4 sizes, channels first, got {got}", value.span)
            return []
        return [self.argument(item, None) for item in value.items]

    # -- arguments and expressions ------------------------------------------------------------

    def parameters(self, value: Value | None, scope: Collection[str]) -> list[Parameter]:
        if value is None or (isinstance(value, Scalar) and value.value is None):
            return []
        found: list[Parameter] = []
        if not isinstance(value, Items):
            self.problem(f"args is a list such as [width, stride: 1], got {kind(value)}", value.span)
            return []
        for item in value.items:
            default: Argument | None = None
            if isinstance(item, Entries) and len(item.entries) == 1:
                key, given = item.entries[0]
                known = {parameter.name for parameter in found} | set(scope)
                default = self.argument(given, known)
            elif isinstance(item, Scalar) and isinstance(item.value, str):
                key = item
            else:
                self.problem(f"an argument is a name, or a name with a default, got {kind(item)}", item.span)
                continue
            name = self.name(key, "an argument")
            if name in TENSOR_NAMES or name in FUNCTIONS or name in KEYWORDS or name in WORDS:
                self.problem(f"'{name}' has a meaning of its own and cannot be an argument", key.span)
            elif any(parameter.name == name for parameter in found):
                self.problem(f"argument '{name}' is given twice", key.span)
            else:
                found.append(Parameter(name, key.span, default))
        return found

    def argument(self, value: Value, scope: Collection[str] | None) -> Argument:
        """A value; its names must be in `scope`, where None stands for any name."""
        if isinstance(value, Items):
            items = tuple(self.argument(item, scope) for item in value.items)
            names = frozenset(name for item in items for name in item.names)
            return Argument(items, value.span, names)
        if isinstance(value, Entries):
            self.problem("expected a number, an expression or a list, got a mapping", value.span)
            return Argument(1, value.span)
        if value.value is None:
            self.problem("expected a number, an expression or a list, got nothing", value.span)
            return Argument(1, value.span)
        if not isinstance(value.value, str):
            return Argument(value.value, value.span)
        if value.value in WORDS:
            return Argument(value.value, value.span)
        try:
            parsed = expression.parse(value.value)
        except SyntaxProblem as error:
            self.problem(error.problems[0].message, within(value, error.offset, error.length))
            return Argument(1, value.span)
        self.in_scope(value, parsed, scope)
        return Argument(parsed, value.span, frozenset(parsed.names))

    def in_scope(self, value: Scalar, parsed: Expression, scope: Collection[str] | None) -> None:
        if scope is None:
            return
        known = set(scope) | TENSOR_NAMES
        for name, offset in parsed.names.items():
            if name in known:
                continue
            switch = {"no": "false", "off": "false", "yes": "true", "on": "true", "False": "false", "True": "true"}
            hint = f"; write {switch[name]}" if name in switch else suggestion(name, known | WORDS)
            names = listing(sorted(scope))
            notes = (f"in scope: {names}",) if names else ()
            self.problem(f"unknown name '{name}'{hint}", within(value, offset, len(name)), *notes)

    def text(self, value: Value | None, what: str) -> str:
        if value is None:
            return ""
        if isinstance(value, Scalar) and value.value is not None and not isinstance(value.value, bool):
            return str(value.value)
        self.problem(f"{what} is a text, got {kind(value)}", value.span)
        return ""

    def name(self, key: Scalar, what: str) -> str:
        text = str(key.value)
        if not NAME.fullmatch(text):
            self.problem(f"the name of {what} has letters, digits and '_' only, got '{text}'", key.span)
        return text

    def known_keys(self, tree: Entries, allowed: Iterable[str], what: str) -> None:
        names = list(allowed)
        for key, _ in tree.entries:
            if key.value not in names:
                hint = suggestion(str(key.value), names)
                self.problem(f"{what} has no key '{key.value}'{hint}", key.span, takes(what, names))

    # -- blocks -------------------------------------------------------------------------------

    def own_blocks(self, tree: Entries, file: File) -> None:
        value = tree.get("blocks")
        if value is None:
            return
        if not isinstance(value, Entries):
            self.problem(f"blocks is a mapping of names to blocks, got {kind(value)}", value.span)
            return
        bodies: list[tuple[Block, Entries]] = []
        for key, body in value.entries:
            name = self.name(key, "a block")
            if name in MODULES:
                self.problem(f"a block cannot take the name of the layer '{name}'", key.span)
                continue
            if name in STEP_KEYS:
                self.problem(f"'{name}' is a key of a step and cannot name a block", key.span)
                continue
            if name in self.blocks:
                self.problem(f"an included file has a block '{name}' too", key.span, str(self.blocks[name].span))
                continue
            if not isinstance(body, Entries):
                self.problem(f"block '{name}' is a mapping with args and layers, got {kind(body)}", body.span)
                continue
            self.known_keys(body, BLOCK_KEYS, "a block")
            if body.get("layers") is None:
                self.problem(f"block '{name}' needs 'layers'", key.span)
            block = Block(name, key.span, self.parameters(body.get("args"), self.scope), [], file)
            self.blocks[name] = block
            bodies.append((block, body))
        outer = self.scope
        for block, body in bodies:
            self.scope = outer | {parameter.name for parameter in block.parameters}
            layers = body.get("layers")
            block.steps = self.steps(layers, f"the layers of block '{block.name}'") if layers else []
        self.scope = outer

    def no_cycles(self) -> None:
        """Report a block that calls itself, directly or through others."""
        state: dict[str, bool] = {}

        def visit(block: Block) -> None:
            state[block.name] = False
            for step in every_step(block.steps):
                called = self.blocks.get(step.kind)
                if called is None:
                    continue
                if state.get(called.name) is False:
                    self.problem(f"block '{called.name}' calls itself", step.span)
                elif called.name not in state:
                    visit(called)
            state[block.name] = True

        for block in self.blocks.values():
            if block.name not in state:
                visit(block)

    # -- steps --------------------------------------------------------------------------------

    def steps(self, value: Value, what: str) -> list[Step]:
        if not isinstance(value, Items):
            self.problem(f"{what} is a list of steps, got {kind(value)}", value.span)
            return []
        steps = [step for item in value.items if (step := self.step(item)) is not None]
        labels: dict[str, Span] = {}
        for step in steps:
            if step.label is not None and step.label in labels:
                self.problem(
                    f"two steps have the name '{step.label}'",
                    step.keys["name"],
                    f"first on line {labels[step.label].line}",
                )
            elif step.label is not None:
                labels[step.label] = step.keys["name"]
        kinds = [step.kind for step in steps if step.label is None]
        joins = sum(step.kind in JOINS for step in steps)
        for step in steps:
            step.alone = step.repeat is None and step.label is None and kinds.count(step.kind) == 1
            step.only_join = step.repeat is None and step.label is None and joins == 1
        return steps

    def step(self, value: Value) -> Step | None:
        if isinstance(value, Scalar) and isinstance(value.value, str):
            step = Step(value.value, value.span)
            return step if self.kind_is_known(step) and self.complete(step, None) else None
        if not isinstance(value, Entries) or not value.entries:
            self.problem(f"a step is a layer or block, alone or with its arguments, got {kind(value)}", value.span)
            return None
        kinds = [(key, given) for key, given in value.entries if key.value not in STEP_KEYS]
        if len(kinds) > 1:
            names = [str(key.value) for key, _ in kinds]
            known = [name for name in names if self.is_kind(name)]
            wrong = next((key for key, _ in kinds if key.value not in known[:1]), kinds[1][0])
            hint = suggestion(str(wrong.value), STEP_KEYS)
            self.problem(
                f"a step has one layer or block, but here stands '{wrong.value}' beside '{(known or names)[0]}'{hint}",
                wrong.span,
                takes("a step", STEP_KEYS),
            )
            return None
        step = Step(str(kinds[0][0].value), kinds[0][0].span) if kinds else Step("", value.entries[0][0].span)
        self.step_keys(step, value)
        if not kinds:
            if step.start is None or len(step.keys) > 1:
                self.problem("a step needs a layer or block, or 'from' alone", step.span)
                return None
            return step
        if not self.kind_is_known(step):
            return None
        return step if self.complete(step, kinds[0][1]) else None

    def step_keys(self, step: Step, value: Entries) -> None:
        for key, given in value.entries:
            word = str(key.value)
            if word not in STEP_KEYS:
                continue
            step.keys[word] = key.span
            if word == "name":
                if isinstance(given, Scalar) and isinstance(given.value, str):
                    step.label = self.name(given, "a step")
                    step.keys[word] = given.span
                else:
                    self.problem(f"name is a text, got {kind(given)}", given.span)
            elif word == "from":
                step.start = self.reference(given, "from")
            elif word == "share":
                step.share = self.reference(given, "share")
            else:
                setattr(step, word, self.argument(given, self.scope))

    def reference(self, value: Value, what: str) -> Reference | None:
        if isinstance(value, Scalar) and isinstance(value.value, str):
            return Reference(value.value, value.span)
        self.problem(f"{what} is the name of an earlier step, got {kind(value)}", value.span)
        return None

    def is_kind(self, name: str) -> bool:
        return name in MODULES or name in self.blocks

    def kind_is_known(self, step: Step) -> bool:
        if self.is_kind(step.kind):
            return True
        known = [*MODULES, *self.blocks]
        hint = suggestion(step.kind, known)
        blocks = f"blocks here: {listing(sorted(self.blocks))}" if self.blocks else ""
        notes = [note for note in (f"layers: {listing(sorted(MODULES), 100)}" if not hint else "", blocks) if note]
        self.problem(f"there is no layer or block '{step.kind}'{hint}", step.span, *notes)
        return False

    def complete(self, step: Step, value: Value | None) -> bool:
        """Read the arguments of a step whose kind is known; False when they cannot be used."""
        before = len(self.problems)
        if isinstance(value, Scalar) and value.value is None:
            value = None
        if step.kind in JOINS:
            self.join(step, value)
        elif step.kind in MODULES:
            layer = layer_class(step.kind)
            self.fill(step, value, fields_of(step.kind), layer.references)
        else:
            parameters = self.blocks[step.kind].parameters
            self.fill(step, value, {p.name: p.default is None for p in parameters}, ())
        used = {name for argument in step.arguments.values() for name in argument.names}
        step.names = tuple(sorted(used))
        return len(self.problems) == before

    def fill(self, step: Step, value: Value | None, slots: Mapping[str, bool], references: Collection[str]) -> None:
        """The arguments of a layer or block; a bare value is the first of its slots."""
        given: list[tuple[str, Span, Value]] = []
        names = list(slots)
        if isinstance(value, Entries):
            for key, item in value.entries:
                if key.value in slots:
                    given.append((str(key.value), key.span, item))
                    continue
                what = "field" if step.kind in MODULES else "argument"
                hint = suggestion(str(key.value), names)
                moved = f"; '{key.value}' stands beside {step.kind}" if key.value in STEP_KEYS else hint
                self.problem(f"{step.kind} has no {what} '{key.value}'{moved}", key.span, takes(step.kind, names))
        elif value is not None:
            if not names:
                self.problem(f"{step.kind} takes no arguments, got {kind(value)}", value.span)
                return
            given.append((names[0], value.span, value))
        for name, span, item in given:
            step.keys.setdefault(f".{name}", span)
            if name in references:
                found = self.reference(item, name)
                if found:
                    step.references[name] = found
            else:
                step.arguments[name] = self.argument(item, self.scope)
        missing = [name for name, required in slots.items() if required and not any(name == got for got, _, _ in given)]
        if missing:
            named = " and ".join(f"'{name}'" for name in missing)
            self.problem(f"{step.kind} needs {named}", step.span, takes(step.kind, names))

    def join(self, step: Step, value: Value | None) -> None:
        slots = fields_of(step.kind)
        if not isinstance(value, Entries):
            got = kind(value) if value is not None else "nothing"
            self.problem(f"{step.kind} takes named branches, each a list of steps, got {got}", step.span)
            return
        for key, item in value.entries:
            if key.value in slots and not isinstance(item, Items):
                step.keys[f".{key.value}"] = key.span
                step.arguments[str(key.value)] = self.argument(item, self.scope)
        step.branches = {b.name: b for b in self.branches(value, step.kind, slots)}
        if len(step.branches) < 2:
            self.problem(f"{step.kind} needs at least two branches", step.span)

    def branches(self, value: Value | None, what: str, slots: Collection[str] = ()) -> list[Branch]:
        """Named lists of steps; `slots` are the keys that are no branches."""
        if value is None:
            return []
        if not isinstance(value, Entries):
            self.problem(f"{what} is a mapping of names to lists of steps, got {kind(value)}", value.span)
            return []
        found: list[Branch] = []
        for key, item in value.entries:
            if key.value in slots and not isinstance(item, Items):
                continue
            name = self.name(key, "a branch" if what != "heads" else "a head")
            if not isinstance(item, Items):
                self.problem(f"branch '{name}' of {what} is a list of steps, got {kind(item)}", item.span)
                continue
            found.append(Branch(name, key.span, self.steps(item, name)))
        return found

    # -- claims -------------------------------------------------------------------------------

    def claims(self, value: Value | None) -> Iterator[Claim]:
        if value is None:
            return
        if not isinstance(value, Items):
            self.problem(f"claims is a list of published figures, got {kind(value)}", value.span)
            return
        for item in value.items:
            if not isinstance(item, Entries):
                self.problem(f"a claim is a mapping such as {{at: conv1, weights: 35k}}, got {kind(item)}", item.span)
                continue
            self.known_keys(item, (*CLAIM_KEYS, *QUANTITIES), "a claim")
            figures = [(key, figure) for key, figure in item.entries if key.value in QUANTITIES]
            if not figures:
                self.problem("a claim needs a figure", item.span, f"a claim may be about: {listing(QUANTITIES)}")
            at = item.get("at")
            reference = self.reference(at, "at") if at is not None else None
            for key, figure in figures:
                if not isinstance(figure, Scalar) or figure.value is None or isinstance(figure.value, bool):
                    if not isinstance(figure, Items):
                        self.problem(
                            f"a claimed figure is a number such as 34848 or 35k, got {kind(figure)}", figure.span
                        )
                        continue
                yield Claim(
                    str(key.value),
                    figure,
                    key.span,
                    reference,
                    self.text(item.get("source"), "source"),
                    self.text(item.get("disputed"), "disputed"),
                )


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps of a list, also those inside branches."""
    for step in steps:
        yield step
        for branch in step.branches.values():
            yield from every_step(branch.steps)


def takes(what: str, names: Collection[str]) -> str:
    """What something takes, for the note of an error."""
    return f"{what} takes: {', '.join(names)}" if names else f"{what} takes nothing"


def within(value: Scalar, offset: int, length: int) -> Span:
    """The part of a scalar's text that an error is about."""
    span = value.span
    text = str(value.value)
    start = span.column - 1 + int(value.quoted)
    line = span.source.line(span.line)
    if line[start : start + len(text)] != text:
        return span
    return span.part(offset + int(value.quoted), length)
