"""Reads steps: layers with their fields, blocks with their arguments, joins with their branches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from paramcalc.errors import Span, clipped, closest, conjoined, listing, suggestion
from paramcalc.language.document import Block, Branch, Reference, Step
from paramcalc.language.findings import Findings, takes
from paramcalc.language.keys import STEP_KEYS, SYNONYMS
from paramcalc.language.slots import Slot, slots_of, with_sizes
from paramcalc.language.source import Entries, Items, Scalar, Value, kind
from paramcalc.language.values import Scope, argument, reference
from paramcalc.layers import JOINS, MODULES, layer_class


class Blocks:
    """The blocks that steps may call.

    `broken` are the names of blocks that could not be read; `complete` is false where names may be
    missing, because a file could not be included. Calls of these are no further problem.
    """

    def __init__(self) -> None:
        self.known: dict[str, Block] = {}
        self.broken: set[str] = set()
        self.complete = True


class StepReader(NamedTuple):
    """Reads steps, with the blocks that they may call and the names that they may use.

    `filled` takes every step whose arguments have been read, also those that cannot be used.
    """

    findings: Findings
    blocks: Blocks
    scope: Scope | None
    filled: list[Step]

    def inside(self, block: Block) -> StepReader:
        """The reader of a block's steps, which see its arguments too."""
        if self.scope is None:
            return self
        return self._replace(scope=self.scope.including(parameter.name for parameter in block.parameters))

    # -- lists --------------------------------------------------------------------------------

    def steps(self, value: Value, what: str) -> list[Step]:
        """A list of steps, without those that cannot be used."""
        if not isinstance(value, Items):
            self.findings.add(f"{what} must be a list of steps, got {kind(value)}{instead(value)}", value.span)
            return []
        steps = [step for item in value.items if (step := self.step(item)) is not None]
        self.need_own_names(steps)
        kinds = Counter(step.kind for step in steps if step.label is None)
        joins = sum(step.kind in JOINS for step in steps)
        for step in steps:
            step.alone = step.repeat is None and step.label is None and kinds[step.kind] == 1
            step.only_join = step.repeat is None and step.label is None and joins == 1
            step.known_as = step.kind if step.alone else step.label
        return steps

    def need_own_names(self, steps: Iterable[Step]) -> None:
        """Report steps of one list that have the same name."""
        labels: dict[str, Span] = {}
        for step in steps:
            if step.label is None:
                continue
            place = step.keys["name"]
            first = labels.setdefault(step.label, place)
            if first is not place:
                self.findings.add(f"two steps have the name '{step.label}'", place, f"first at {first}")

    def branches(self, value: Value | None, what: str, slots: Collection[str] = ()) -> list[Branch]:
        """Named lists of steps; `slots` are keys that may hold something else."""
        if value is None:
            return []
        if not isinstance(value, Entries):
            self.findings.add(f"{what} must be a mapping of names to lists of steps, got {kind(value)}", value.span)
            return []
        found: list[Branch] = []
        of = what == "heads"
        for key, item in value.entries:
            if key.value in slots and not isinstance(item, Items):
                continue
            if slots and not isinstance(item, Items) and closest(str(key.value), slots):
                self.findings.unknown([key], slots, f"{what} has no field", what)
                continue
            name = self.findings.name(key, "a head" if of else "a branch")
            called = f"head '{clipped(name)}'" if of else f"branch '{clipped(name)}' of {what}"
            found.append(Branch(name, key.span, self.steps(item, called)))
        return found

    # -- one step -----------------------------------------------------------------------------

    def step(self, value: Value) -> Step | None:
        """A step; None where it cannot be used."""
        if isinstance(value, Scalar) and isinstance(value.value, str):
            step = Step(value.value, value.span)
            return step if self.kind_is_known(step) and self.complete(step, None) else None
        if not isinstance(value, Entries) or not value.entries:
            self.findings.add(
                f"a step must be a layer or block, alone or with its arguments, got {kind(value)}", value.span
            )
            return None
        kinds = [(key, given) for key, given in value.entries if key.value not in STEP_KEYS]
        if len(kinds) > 1:
            self.too_many([key for key, _ in kinds])
            return None
        step = Step(str(kinds[0][0].value), kinds[0][0].span) if kinds else Step("", value.entries[0][0].span)
        known = not kinds or self.kind_is_known(step)
        self.step_keys(step, value)
        if not kinds:
            if step.start is None or len(step.keys) > 1:
                self.findings.add("a step needs a layer or block, or 'from' alone", step.span)
                return None
            return step
        return step if known and self.complete(step, kinds[0][1]) else None

    def too_many(self, words: list[Scalar]) -> None:
        """Report a step with several words that are no keys of a step."""
        layers = [word for word in words if self.is_kind(word)]
        if len(layers) > 1:
            first, second = layers[:2]
            self.findings.add(
                f"a step has one layer or block, got '{first.value}' and '{second.value}'; begin each step with '-'",
                second.span,
            )
            return
        if not layers:
            likely = [word for word in words if not closest(str(word.value), STEP_KEYS)]
            word = (likely or words)[0]
            self.kind_is_known(Step(str(word.value), word.span))
            return
        kind = str(layers[0].value)
        slots = slots_of(kind, self.blocks.known)
        fields = [word for word in words if str(word.value) in slots]
        if fields:
            names = conjoined([f"'{word.value}'" for word in fields])
            one, several = self.nouns(kind)
            verb = f"is {one} of {kind} and belongs" if len(fields) == 1 else f"are {several} of {kind} and belong"
            self.findings.add(f"{names} {verb} inside it: indent deeper, or write {kind}: {{…}}", fields[0].span)
        for word in words:
            if word is layers[0] or word in fields:
                continue
            text = str(word.value)
            near = None if closest(text, STEP_KEYS) else closest(text, slots, SYNONYMS)
            if near:
                hint = f"; '{near}' is {self.nouns(kind)[0]} of {kind} and belongs inside it"
                self.findings.add(f"a step has no key '{clipped(text)}'{hint}", word.span)
            else:
                self.findings.unknown([word], STEP_KEYS, "a step has no key", "a step")

    def step_keys(self, step: Step, value: Entries) -> None:
        """What stands beside the layer or block."""
        for key, given in value.entries:
            word = str(key.value)
            if word not in STEP_KEYS:
                continue
            step.keys[word] = key.span
            if word == "name":
                step.keys[word] = given.span
                if isinstance(given, Scalar) and isinstance(given.value, str):
                    step.label = self.findings.name(given, "a step")
                else:
                    self.findings.add(f"name must be a text, got {kind(given)}", given.span)
            elif word == "from":
                step.start = reference(given, "from", self.findings)
            elif word == "share":
                step.share = reference(given, "share", self.findings)
            else:
                setattr(step, word, argument(given, word, self.scope, self.findings, single=True))

    def is_kind(self, word: Scalar) -> bool:
        """Whether a word names a layer or block, even one that could not be read."""
        return word.value in MODULES or word.value in self.blocks.known or word.value in self.blocks.broken

    def kind_is_known(self, step: Step) -> bool:
        """Whether a step's layer or block can be used; one that does not exist is reported."""
        if step.kind in MODULES or step.kind in self.blocks.known:
            return True
        if step.kind in self.blocks.broken or not self.blocks.complete:
            return False
        hint = suggestion(step.kind, [*MODULES, *self.blocks.known, "from"], SYNONYMS)
        notes: list[str] = []
        if not hint:
            notes += [self.findings.once(f"layers: {listing(sorted(MODULES), len(MODULES))}")]
            notes += [f"blocks here: {listing(sorted(self.blocks.known))}"] * bool(self.blocks.known)
        self.findings.add(f"there is no layer or block '{clipped(step.kind)}'{hint}", step.span, *notes)
        return False

    # -- arguments ----------------------------------------------------------------------------

    def nouns(self, kind: str) -> tuple[str, str]:
        """What one slot is called, and several."""
        return ("a field", "fields") if kind in MODULES else ("an argument", "arguments")

    def complete(self, step: Step, value: Value | None) -> bool:
        """Read the arguments of a step whose kind is known; False when they cannot be used."""
        before = len(self.findings.problems)
        if isinstance(value, Scalar) and value.value is None:
            value = None
        slots = slots_of(step.kind, self.blocks.known)
        if step.kind in JOINS:
            self.join(step, value, slots)
        else:
            self.fill(step, value, slots)
        self.filled.append(step)
        if step.kind in MODULES:
            given = [step.arguments.get(field) for field in layer_class(step.kind).references]
            step.references = [Reference(str(each.value), each.span) for each in given if each]
        step.names = tuple(sorted({name for given in step.arguments.values() for name in given.names}))
        return len(self.findings.problems) == before

    def fill(self, step: Step, value: Value | None, slots: Mapping[str, Slot]) -> None:
        """The arguments of a layer or block; a bare value is the first of its slots."""
        given: dict[str, tuple[Span, Value]] = {}
        meant: frozenset[str] = frozenset()
        if isinstance(value, Entries):
            slots = with_sizes(step.kind, slots, [str(key.value) for key, _ in value.entries])
            given = {str(key.value): (key.span, item) for key, item in value.entries if key.value in slots}
            meant = self.unknown_slots(step, [key for key, _ in value.entries if key.value not in slots], slots)
        elif value is not None and not slots:
            self.findings.add(f"{takes(step.kind, slots)}, got {kind(value)}", value.span)
        elif value is not None:
            given = {next(iter(slots)): (value.span, value)}
        for name, (span, item) in given.items():
            self.read_slot(step, name, span, item, slots[name])
        missing = [name for name, slot in slots.items() if slot.required and name not in given and name not in meant]
        told = isinstance(value, Entries) and len(given) < len(value.entries)
        self.findings.needs(step.kind, missing, step.span, "" if told else takes(step.kind, slots))

    def read_slot(self, step: Step, name: str, span: Span, value: Value, slot: Slot) -> None:
        """One field of a layer, or one argument of a block."""
        step.keys.setdefault(f".{name}", span)
        step.arguments[name] = slot.read(value, f"{name} of {step.kind}", self.scope, self.findings)

    def unknown_slots(self, step: Step, words: list[Scalar], slots: Mapping[str, Slot]) -> frozenset[str]:
        """Report words that are no slots; those that were probably meant."""
        for word in words:
            if word.value in STEP_KEYS:
                self.findings.add(f"'{word.value}' stands beside {step.kind}, not inside it", word.span)
        others = [word for word in words if word.value not in STEP_KEYS]
        noun = "field" if step.kind in MODULES else "argument"
        return self.findings.unknown(others, slots, f"{step.kind} has no {noun}", step.kind, SYNONYMS)

    def join(self, step: Step, value: Value | None, slots: Mapping[str, Slot]) -> None:
        """The branches of a join, and its fields."""
        if not isinstance(value, Entries):
            got = kind(value) if value is not None else "nothing"
            self.findings.add(f"{step.kind} takes named branches, each a list of steps, got {got}", step.span)
            return
        before = len(self.findings.problems)
        for key, item in value.entries:
            if key.value in slots and not isinstance(item, Items):
                self.read_slot(step, str(key.value), key.span, item, slots[str(key.value)])
        step.branches = {branch.name: branch for branch in self.branches(value, step.kind, slots)}
        if len(step.branches) < 2 and len(self.findings.problems) == before:
            self.findings.add(f"{step.kind} needs at least two branches, got {len(step.branches)}", step.span)


def instead(value: Value) -> str:
    """What to write in place of a value that is no list of steps."""
    if isinstance(value, Entries):
        return "; begin each step with '-'"
    if isinstance(value, Scalar) and value.value is None:
        return "; write [] for the identity"
    return f"; write [{clipped(value.value)}]" if isinstance(value, Scalar) and isinstance(value.value, str) else ""


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps of a list, also those inside branches."""
    for step in steps:
        yield step
        for branch in step.branches.values():
            yield from every_step(branch.steps)
