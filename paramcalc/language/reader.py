"""Reads a tree into a `File`, and finds every problem that can be known without numbers.

This is the top of a file: its name, inputs and arguments, the files that it refers to, its blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from paramcalc.algebra.tensor import Axes
from paramcalc.errors import ParamcalcError, Source, clipped, in_order
from paramcalc.language.blocks import Blocks
from paramcalc.language.claims import read_claims
from paramcalc.language.document import Argument, Block, File, InputSpec, Step
from paramcalc.language.faults import report_wrong_constants
from paramcalc.language.findings import NAME, Enough, Findings
from paramcalc.language.keys import BLOCK_KEYS, FILE_KEYS, INPUT_KEYS, VARIANT_KEYS
from paramcalc.language.source import Entries, Items, Scalar, Value, describe, parse
from paramcalc.language.steps import StepReader
from paramcalc.language.values import TENSOR_NAMES, Scope, argument, parameters

Resolve = Callable[[str], File]


def read(source: Source, resolve: Resolve) -> File:
    """The file that a text describes; `resolve` gives the files that it includes or is based on.

    Raises ParamcalcError with all the problems of the text, in order, after those of the files that it refers to.
    """
    tree, problems = parse(source)
    reader = _Reader(resolve, Findings(problems))
    file = File()
    findings = reader.findings
    with suppress(Enough):
        reader.read(tree, file)
        if findings.problems:
            for step in reader.steps_read:
                report_wrong_constants(step, findings)
    if findings.problems or findings.elsewhere or reader.unreadable:
        raise ParamcalcError(*findings.elsewhere, *in_order(findings.problems))
    return file


class _Reader:
    """The state of reading one file; `steps_read` are all steps whose arguments have been read."""

    def __init__(self, resolve: Resolve, findings: Findings) -> None:
        self.resolve = resolve
        self.findings = findings
        self.blocks = Blocks()
        self.steps_read: list[Step] = []
        self.unreadable = False

    def read(self, tree: Value, file: File) -> None:
        """Fill `file` with what the tree says."""
        if not isinstance(tree, Entries):
            self.findings.mismatch("a file must be a mapping with name, input and layers", tree)
            return
        based = tree.get("base") is not None
        likely = self.top_keys(tree, based)
        file.name = self.findings.text(tree.get("name"), "name")
        file.origin = self.findings.text(tree.given("source"), "source")
        base = self.base(tree, file)
        for included in self.includes(tree):
            self.blocks.include(included, tree.key_span("include"), self.findings)
        self.arguments(tree, file, base)
        known = self.inputs(tree, file) and "args" not in likely
        if not based:
            axes = tuple(dict.fromkeys([*TENSOR_NAMES, *words_of(tree, of_axes=True)]))
            scope = Scope(file.symbols.union(file.parameters), axes) if known else None
            steps = StepReader(self.findings, self.blocks, scope, self.steps_read)
            self.blocks.complete &= not likely & {"blocks", "include", "base"}
            self.own_blocks(tree, file, steps)
            file.blocks = self.blocks.known
            layers = tree.get("layers")
            file.steps = steps.steps(layers, "layers") if layers else []
            heads = self.findings.entries(tree.given("heads"), "heads must be a mapping of names to lists of steps")
            file.heads = {str(key.value): steps.branch(key, item, "head") for key, item in heads}
        file.claims = tuple(read_claims(tree.given("claims"), self.findings))

    def top_keys(self, tree: Entries, based: bool) -> frozenset[str]:
        """Check the keys of the file. Returns the keys that unknown ones probably should be."""
        what = "a file with 'base'" if based else "a file"
        likely = self.findings.keys(tree, VARIANT_KEYS if based else FILE_KEYS, what)
        required = ("name",) if based else ("name", "input", "layers")
        missing = [key for key in required if tree.get(key) is None and key not in likely]
        self.findings.needs(what, missing, tree.span)
        return likely

    # -- other files --------------------------------------------------------------------------

    def base(self, tree: Entries, file: File) -> File | None:
        """The file that this one is a variant of, whose content this one has too."""
        value = tree.get("base")
        base = None if value is None else self.other_file(value, "base must be the name of a file")
        if base is not None:
            file.inputs, file.steps, file.heads = base.inputs, base.steps, base.heads
            file.blocks, file.symbols, file.base = base.blocks, base.symbols, base
        return base

    def includes(self, tree: Entries) -> Iterator[File]:
        """The files whose blocks this one uses."""
        value = tree.given("include")
        expected = "include must be a list of files"
        self.blocks.complete &= value is None or isinstance(value, Items)
        for item in self.findings.items(value, expected):
            found = self.other_file(item, expected)
            if found is not None:
                yield found
            else:
                self.blocks.complete = False

    def other_file(self, name: Value, expected: str) -> File | None:
        """A file that this one names; None where it cannot be read, which is reported."""
        if not isinstance(name, Scalar) or not isinstance(name.value, str):
            self.findings.mismatch(expected, name)
            return None
        try:
            return self.resolve(name.value)
        except ParamcalcError as error:
            self.unreadable = True
            for problem in error.problems:
                if problem.span is None:
                    self.findings.add(problem.message, name.span, *problem.notes)
                else:
                    notes = (*problem.notes, f"referenced from {name.span}")
                    self.findings.elsewhere.append(problem._replace(notes=notes))
            return None

    # -- arguments and inputs -----------------------------------------------------------------

    def arguments(self, tree: Entries, file: File, base: File | None) -> None:
        """The arguments of the file; a variant gives those of its base other defaults."""
        own = parameters(tree.given("args"), frozenset(), self.findings)
        if base is None:
            file.parameters = own
            return
        unknown = [Scalar(name, parameter.span) for name, parameter in own.items() if name not in base.parameters]
        self.findings.unknown(unknown, base.parameters, "the base has no argument", "the base")
        file.parameters = {name: own.get(name, parameter) for name, parameter in base.parameters.items()}

    def inputs(self, tree: Entries, file: File) -> bool:
        """The inputs of the file, whose names are symbols; whether these are known."""
        value = tree.get("input")
        if value is None:
            return False
        before = self.findings.added
        file.inputs = list(self.input_specs(value))
        names = {name for spec in file.inputs for name in names_of(spec)}
        if self.findings.added > before:
            names |= set(words_of(value))
        file.symbols |= names - file.parameters.keys()
        return bool(names or (value.items if isinstance(value, Items) else file.inputs))

    def input_specs(self, value: Value) -> Iterator[InputSpec]:
        """The one input, or the named ones."""
        keys = {key.value for key, _ in value.entries} if isinstance(value, Entries) else set()
        if "shape" in keys and keys <= {*INPUT_KEYS}:
            value = Entries(((Scalar("input", value.span), value),), value.span)
        if isinstance(value, Items):
            yield InputSpec("input", value.span, self.shape(value, "input"))
        elif not isinstance(value, Entries) or not value.entries:
            expected = "a shape such as [3, 224, 224], or a mapping of named inputs"
            self.findings.mismatch(f"input must be {expected}", value)
        for key, spec in value.entries if isinstance(value, Entries) else ():
            name = self.findings.name(key, "an input")
            what = f"input '{clipped(name)}'"
            if not isinstance(spec, Entries):
                yield InputSpec(name, key.span, self.shape(spec, what))
                continue
            likely = self.findings.keys(spec, INPUT_KEYS, "an input")
            shape, times = spec.get("shape"), spec.get("count")
            count = argument(times, f"count of {what}", None, self.findings, single=True) if times else None
            if shape is None:
                self.findings.needs(what, {"shape"} - likely, key.span)
            else:
                sizes, axes = self.shape(shape, what), spec.get("axes")
                yield InputSpec(name, key.span, sizes, count, axes and self.axes(axes, len(sizes), what))

    def shape(self, value: Value, what: str) -> list[Argument]:
        """The sizes of an input."""
        if not isinstance(value, Items) or not 1 <= len(value.items) <= 4:
            got = f"{len(value.items)} sizes" if isinstance(value, Items) else describe(value)
            self.findings.add(f"the shape of {what} must be a list of 1 to 4 sizes, got {got}", value.span)
        items = value.items if isinstance(value, Items) else ()
        return [argument(item, "a size", None, self.findings, single=True) for item in items]

    def axes(self, value: Value, rank: int, what: str) -> Axes | None:
        """The names of an input's axes, each once; None after a problem."""
        items = value.items if isinstance(value, Items) else ()
        names = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        if not names or len(names) < len(items) or len(set(names)) < len(names) or not all(map(NAME.fullmatch, names)):
            self.findings.add(f"axes of {what} must be a list of names such as [tokens, channels]", value.span)
        elif rank and len(names) != rank:
            self.findings.add(f"{what} has {rank} sizes, but names for {len(names)} axes", value.span)
        else:
            return tuple(names)
        return None

    # -- blocks -------------------------------------------------------------------------------

    def own_blocks(self, tree: Entries, file: File, steps: StepReader) -> None:
        """The blocks that the file itself describes: first what they take, then their steps, which may call any."""
        value = tree.given("blocks")
        self.blocks.complete &= value is None or isinstance(value, Entries)
        bodies: list[tuple[Block, Entries, StepReader]] = []
        for key, body in self.findings.entries(value, "blocks must be a mapping of names to blocks"):
            name = self.findings.name(key, "a block")
            if not self.blocks.is_free(name, key.span, self.findings):
                continue
            if not isinstance(body, Entries):
                self.findings.mismatch(f"block '{name}' must be a mapping with args and layers", body)
                self.blocks.broken.add(name)
                continue
            likely = self.findings.keys(body, BLOCK_KEYS, "a block")
            if body.get("layers") is None:
                self.findings.needs(f"block '{name}'", {"layers"} - likely, key.span)
            names = steps.scope.names if steps.scope else None
            block = Block(name, key.span, parameters(body.given("args"), names, self.findings), file)
            if "args" in likely:
                self.blocks.broken.add(name)
                continue
            self.blocks.known[name] = block
            bodies.append((block, body, steps.inside(block)))
        for block, body, reader in bodies:
            layers = body.get("layers")
            block.steps = reader.steps(layers, f"layers of block '{block.name}'") if layers else []
        self.blocks.report_cycles(self.findings)


def words_of(value: Value, *, of_axes: bool = False) -> Iterator[str]:
    """Everything in a value that may be a name, or only what a key `axes` has."""
    if isinstance(value, Scalar):
        yield from NAME.findall(value.value) if isinstance(value.value, str) and not of_axes else ()
    elif isinstance(value, Items):
        for item in value.items:
            yield from words_of(item, of_axes=of_axes)
    else:
        for key, item in value.entries:
            yield from words_of(item, of_axes=of_axes and key.value != "axes")


def names_of(spec: InputSpec) -> Iterator[str]:
    """The names that an input uses."""
    for size in spec.shape:
        yield from size.names
    if spec.count is not None:
        yield from spec.count.names
