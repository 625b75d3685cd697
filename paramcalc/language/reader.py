"""Reads a tree into a `File`, and finds every problem that can be known without numbers.

This is the top of a file: its name, inputs and arguments, the files that it refers to, its blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from paramcalc.algebra.tensor import Axes
from paramcalc.errors import ParamcalcError, Source, clipped, in_order, listing
from paramcalc.language.claims import read_claims
from paramcalc.language.document import Argument, Block, File, InputSpec, Step
from paramcalc.language.faults import wrong_constants
from paramcalc.language.findings import NAME, Enough, Findings
from paramcalc.language.keys import BLOCK_KEYS, FILE_KEYS, INPUT_KEYS, STEP_KEYS, VARIANT_KEYS
from paramcalc.language.source import Entries, Items, Scalar, Value, kind, parse
from paramcalc.language.steps import Blocks, StepReader, every_step
from paramcalc.language.values import TENSOR_NAMES, Scope, argument, parameters
from paramcalc.layers import MODULES

Resolve = Callable[[str], File]


def read(source: Source, resolve: Resolve) -> File:
    """The file that a text describes; `resolve` gives the files that it includes or is based on.

    Raises ParamcalcError with all the problems of the text, in the order in which they stand, after
    those of the files that it refers to.
    """
    tree, problems = parse(source)
    reader = _Reader(resolve, Findings(problems))
    file = File(source)
    findings = reader.findings
    with suppress(Enough):
        reader.read(tree, file)
        if findings.problems:
            for step in reader.filled:
                wrong_constants(step, findings)
    if findings.problems or findings.elsewhere or reader.unreadable:
        raise ParamcalcError(*findings.elsewhere, *in_order(findings.problems))
    return file


class _Reader:
    """The state of reading one file."""

    def __init__(self, resolve: Resolve, findings: Findings) -> None:
        self.resolve = resolve
        self.findings = findings
        self.blocks = Blocks()
        self.filled: list[Step] = []
        self.unreadable = False

    def read(self, tree: Value, file: File) -> None:
        """Fill `file` with what the tree says."""
        if not isinstance(tree, Entries):
            self.findings.add(f"a file must be a mapping with name, input and layers, got {kind(tree)}", tree.span)
            return
        based = tree.get("base") is not None
        meant = self.top_keys(tree, based)
        file.name = self.findings.text(tree.get("name"), "name")
        file.origin = self.findings.text(tree.given("source"), "source")
        base = self.base(tree, file)
        for included in self.includes(tree):
            self.take_blocks(included, tree)
        self.arguments(tree, file, base)
        known = self.inputs(tree, file) and "args" not in meant
        if not based:
            names = file.symbols.union(parameter.name for parameter in file.parameters)
            axes = tuple(dict.fromkeys([*TENSOR_NAMES, *named_axes(tree)]))
            scope = Scope(names, axes) if known else None
            steps = StepReader(self.findings, self.blocks, scope, self.filled)
            self.blocks.complete &= not meant & {"blocks", "include", "base"}
            self.own_blocks(tree, file, steps)
            file.blocks = self.blocks.known
            layers = tree.get("layers")
            file.steps = steps.steps(layers, "layers") if layers else []
            file.heads = steps.branches(tree.given("heads"), "heads")
        file.claims = tuple(read_claims(tree.given("claims"), self.findings))

    def top_keys(self, tree: Entries, based: bool) -> frozenset[str]:
        """Check the keys of the file; those that unknown ones were probably meant to be."""
        what = "a file with 'base'" if based else "a file"
        meant = self.findings.keys(tree, VARIANT_KEYS if based else FILE_KEYS, what)
        required = ("name",) if based else ("name", "input", "layers")
        missing = [key for key in required if tree.get(key) is None and key not in meant]
        self.findings.needs(what, missing, tree.span)
        return meant

    # -- other files --------------------------------------------------------------------------

    def base(self, tree: Entries, file: File) -> File | None:
        """The file that this one is a variant of; what it says, this one says too."""
        value = tree.get("base")
        base = None if value is None else self.other_file(value, "base must be the name of a file")
        if base is not None:
            file.inputs, file.steps, file.heads = base.inputs, base.steps, base.heads
            file.blocks, file.symbols, file.base = base.blocks, base.symbols, base
        return base

    def includes(self, tree: Entries) -> Iterator[File]:
        """The files whose blocks this one uses."""
        value = tree.given("include")
        if value is None:
            return
        if not isinstance(value, Items):
            self.findings.add(f"include must be a list of files, got {kind(value)}", value.span)
            self.blocks.complete = False
            return
        for item in value.items:
            found = self.other_file(item, "include must be a list of files")
            if found is not None:
                yield found
            else:
                self.blocks.complete = False

    def other_file(self, name: Value, expected: str) -> File | None:
        """A file that this one names; None after a problem."""
        if not isinstance(name, Scalar) or not isinstance(name.value, str):
            self.findings.add(f"{expected}, got {kind(name)}", name.span)
            return None
        try:
            return self.resolve(name.value)
        except ParamcalcError as error:
            self.unreadable = True
            for problem in error.problems:
                if problem.span is None:
                    self.findings.add(problem.message, name.span, *problem.notes)
                else:
                    self.findings.elsewhere.append(
                        problem._replace(notes=(*problem.notes, f"reached from {name.span}"))
                    )
            return None

    def take_blocks(self, included: File, tree: Entries) -> None:
        """The blocks of another file become this one's too."""
        for name, block in included.blocks.items():
            known = self.blocks.known.setdefault(name, block)
            if known is not block:
                self.findings.add(
                    f"two included files have a block '{name}'", tree.key("include"), f"{known.span} and {block.span}"
                )

    # -- arguments and inputs -----------------------------------------------------------------

    def arguments(self, tree: Entries, file: File, base: File | None) -> None:
        """The arguments of the file; a variant gives those of its base other defaults."""
        own = parameters(tree.given("args"), frozenset(), self.findings)
        if base is None:
            file.parameters = own
            return
        known = [parameter.name for parameter in base.parameters]
        for parameter in own:
            if parameter.name not in known:
                word = Scalar(parameter.name, parameter.span)
                self.findings.unknown([word], known, "the base has no argument", "the base")
        given = {parameter.name: parameter for parameter in own}
        file.parameters = [given.get(parameter.name, parameter) for parameter in base.parameters]

    def inputs(self, tree: Entries, file: File) -> bool:
        """The inputs of the file, whose names are symbols; whether these are known."""
        value = tree.get("input")
        if value is None:
            return False
        before = len(self.findings.problems)
        file.inputs = list(self.input_specs(value))
        names = {name for spec in file.inputs for name in names_of(spec)}
        if len(self.findings.problems) > before:
            names |= set(words_of(value))
        file.symbols |= names - {parameter.name for parameter in file.parameters}
        return bool(names) or value.items != () if isinstance(value, Items) else bool(names or file.inputs)

    def input_specs(self, value: Value) -> Iterator[InputSpec]:
        """The one input, or the named ones."""
        if (
            isinstance(value, Entries)
            and value.get("shape")
            and all(key.value in INPUT_KEYS for key, _ in value.entries)
        ):
            value = Entries(((Scalar("input", value.span), value),), value.span)
        if isinstance(value, Items):
            yield InputSpec("input", value.span, self.shape(value, "input"), None)
            return
        if not isinstance(value, Entries) or not value.entries:
            expected = "a shape such as [3, 224, 224], or a mapping of named inputs"
            self.findings.add(f"input must be {expected}, got {kind(value)}", value.span)
            return
        for key, spec in value.entries:
            name = self.findings.name(key, "an input")
            what = f"input '{clipped(name)}'"
            shape: Value | None = spec
            count = None
            if isinstance(spec, Entries):
                meant = self.findings.keys(spec, INPUT_KEYS, "an input")
                shape, times = spec.get("shape"), spec.get("count")
                count = None if times is None else argument(times, f"count of {what}", None, self.findings, single=True)
                if shape is None:
                    self.findings.needs(what, {"shape"} - meant, key.span)
                    continue
            assert shape is not None
            sizes = self.shape(shape, what)
            axes = spec.get("axes") if isinstance(spec, Entries) else None
            yield InputSpec(name, key.span, sizes, count, axes and self.axes(axes, len(sizes), what))

    def shape(self, value: Value, what: str) -> list[Argument]:
        """The sizes of an input."""
        if not isinstance(value, Items) or not 1 <= len(value.items) <= 4:
            got = f"{len(value.items)} sizes" if isinstance(value, Items) else kind(value)
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
        if value is None:
            return
        if not isinstance(value, Entries):
            self.findings.add(f"blocks must be a mapping of names to blocks, got {kind(value)}", value.span)
            self.blocks.complete = False
            return
        bodies: list[tuple[Block, Entries, StepReader]] = []
        for key, body in value.entries:
            name = self.findings.name(key, "a block")
            if not self.free_name(name, key):
                continue
            if not isinstance(body, Entries):
                self.findings.add(f"block '{name}' must be a mapping with args and layers, got {kind(body)}", body.span)
                self.blocks.broken.add(name)
                continue
            meant = self.findings.keys(body, BLOCK_KEYS, "a block")
            if body.get("layers") is None:
                self.findings.needs(f"block '{name}'", {"layers"} - meant, key.span)
            names = steps.scope.names if steps.scope else None
            block = Block(name, key.span, parameters(body.given("args"), names, self.findings), file)
            if "args" in meant:
                self.blocks.broken.add(name)
                continue
            self.blocks.known[name] = block
            bodies.append((block, body, steps.inside(block)))
        for block, body, reader in bodies:
            layers = body.get("layers")
            block.steps = reader.steps(layers, f"layers of block '{block.name}'") if layers else []
        self.no_cycles([block for block, _, _ in bodies])

    def free_name(self, name: str, key: Scalar) -> bool:
        """Whether a block may have this name; one that is taken is reported."""
        if name in MODULES:
            self.findings.add(f"a block cannot take the name of the layer '{name}'", key.span)
        elif name in STEP_KEYS:
            self.findings.add(f"'{name}' is a key of a step and cannot name a block", key.span)
        elif name in self.blocks.known:
            other = self.blocks.known[name].span
            self.findings.add(f"an included file has a block '{name}' too", key.span, f"it stands at {other}")
        else:
            return True
        return False

    def no_cycles(self, blocks: Iterable[Block]) -> None:
        """Report every block that calls itself, directly or through others, where the circle closes."""
        finished: set[str] = set()
        for root in blocks:
            if root.name in finished:
                continue
            path = [root.name]
            active = {root.name}
            calls = [every_step(root.steps)]
            while calls:
                step = next(calls[-1], None)
                if step is None:
                    calls.pop()
                    active.remove(path[-1])
                    finished.add(path.pop())
                elif step.kind in active:
                    through = path[path.index(step.kind) + 1 :]
                    way = f", through {listing(through)}" if through else ""
                    self.findings.add(f"block '{step.kind}' calls itself{way}", step.span)
                elif step.kind in self.blocks.known and step.kind not in finished:
                    path.append(step.kind)
                    active.add(step.kind)
                    calls.append(every_step(self.blocks.known[step.kind].steps))


def named_axes(value: Value) -> Iterator[str]:
    """Every name that a file gives to an axis, wherever it has a key `axes`."""
    if isinstance(value, Items):
        for item in value.items:
            yield from named_axes(item)
    elif isinstance(value, Entries):
        for key, item in value.entries:
            yield from words_of(item) if key.value == "axes" else named_axes(item)


def words_of(value: Value) -> Iterator[str]:
    """Everything in a value that may be meant as a name."""
    if isinstance(value, Scalar):
        yield from NAME.findall(value.value) if isinstance(value.value, str) else ()
    elif isinstance(value, Items):
        for item in value.items:
            yield from words_of(item)
    else:
        for _, item in value.entries:
            yield from words_of(item)


def names_of(spec: InputSpec) -> Iterator[str]:
    """The names that an input uses."""
    for size in spec.shape:
        yield from size.names
    if spec.count is not None:
        yield from spec.count.names
