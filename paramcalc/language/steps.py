"""Reads steps: layers with their fields, blocks with their arguments, joins with their branches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from paramcalc.errors import Span, clipped, closest, conjoined, listing, suggestion
from paramcalc.language.blocks import Blocks
from paramcalc.language.document import Block, Reference, Step
from paramcalc.language.findings import Findings, takes
from paramcalc.language.keys import STEP_KEYS, SYNONYMS
from paramcalc.language.slots import Slot, slots_of, with_sizes
from paramcalc.language.source import Entries, Items, Scalar, Value
from paramcalc.language.values import Scope, argument, reference
from paramcalc.layers import MODULES, layer_class


class StepReader(NamedTuple):
    """Reads steps, with the blocks that they may call and the names that they may use.

    `read` takes every step whose arguments have been read, also those that cannot be used.
    """

    findings: Findings
    blocks: Blocks
    scope: Scope | None
    read: list[Step]

    def inside(self, block: Block) -> StepReader:
        """The reader of a block's steps, which see its arguments too."""
        if self.scope is None:
            return self
        return self._replace(scope=self.scope.including(block.parameters))

    # -- lists --------------------------------------------------------------------------------

    def steps(self, value: Value, what: str) -> list[Step]:
        """A list of steps, without those that cannot be used."""
        if not isinstance(value, Items):
            self.findings.mismatch(f"{what} must be a list of steps", value, hint_for_list(value))
            return []
        steps = [step for item in value.items if (step := self.step(item)) is not None]
        labels: dict[str | None, Span] = {}
        unlabelled = Counter(step.callee for step in steps if step.label is None)
        joins = sum(step.is_join for step in steps)
        for step in steps:
            first = labels.setdefault(step.label, step.label_span)
            if step.label and first is not step.label_span:
                self.findings.add(f"two steps have the name '{step.label}'", step.label_span, f"first at {first}")
            once = step.repeat is None and step.label is None
            step.is_unique = once and unlabelled[step.callee] == 1
            step.is_only_join = once and joins == 1
            step.fixed_name = step.callee if step.is_unique else step.label
        return steps

    def branch(self, key: Scalar, value: Value, what: str, of: str = "") -> list[Step]:
        """The steps of a name: a head, or a branch `of` a join."""
        return self.steps(value, f"{what} '{clipped(self.findings.name(key, f'a {what}'))}'{of}")

    # -- one step -----------------------------------------------------------------------------

    def step(self, value: Value) -> Step | None:
        """A step; None where it cannot be used, which is reported."""
        if isinstance(value, Scalar) and isinstance(value.value, str):
            step = Step(value.value, value.span)
            return step if self.callee_is_known(step) and self.read_arguments(step, None) else None
        if not isinstance(value, Entries) or not value.entries:
            self.findings.mismatch("a step must be a layer or block, alone or with its arguments", value)
            return None
        callees = [(key, given) for key, given in value.entries if key.value not in STEP_KEYS]
        if len(callees) > 1:
            self.report_several_words([key for key, _ in callees])
            return None
        step = Step(str(callees[0][0].value), callees[0][0].span) if callees else Step("", value.entries[0][0].span)
        known = not callees or self.callee_is_known(step)
        self.read_step_keys(step, value)
        if not callees:
            if step.start is None or len(value.entries) > 1:
                self.findings.add("a step needs a layer or block, or 'from' alone", step.span)
                return None
            return step
        return step if known and self.read_arguments(step, callees[0][1]) else None

    def report_several_words(self, words: list[Scalar]) -> None:
        """Report a step with several words that are no keys of a step."""
        known = {*MODULES, *self.blocks.known, *self.blocks.broken}
        callees = [word for word in words if word.value in known]
        if len(callees) > 1:
            first, second = callees[:2]
            self.findings.add(
                f"a step has one layer or block, got '{first.value}' and '{second.value}'; begin each step with '-'",
                second.span,
            )
            return
        if not callees:
            likely = [word for word in words if not closest(str(word.value), STEP_KEYS)]
            word = (likely or words)[0]
            self.callee_is_known(Step(str(word.value), word.span))
            return
        callee = str(callees[0].value)
        slots = slots_of(callee, self.blocks.known)
        one, several = ("a field", "fields") if callee in MODULES else ("an argument", "arguments")
        inside = [word for word in words if str(word.value) in slots]
        if inside:
            names = conjoined([f"'{word.value}'" for word in inside])
            verb = f"is {one} of {callee} and belongs" if len(inside) == 1 else f"are {several} of {callee} and belong"
            self.findings.add(f"{names} {verb} inside it: indent deeper, or write {callee}: {{…}}", inside[0].span)
        for word in words:
            if word is callees[0] or word in inside:
                continue
            text = str(word.value)
            near = None if closest(text, STEP_KEYS) else closest(text, slots, SYNONYMS)
            if near:
                hint = f"; '{near}' is {one} of {callee} and belongs inside it"
                self.findings.add(f"a step has no key '{clipped(text)}'{hint}", word.span)
            else:
                self.findings.unknown([word], STEP_KEYS, "a step has no key", "a step")

    def read_step_keys(self, step: Step, value: Entries) -> None:
        """What a file writes beside the layer or block."""
        for key, given in value.entries:
            word = str(key.value)
            if word == "name":
                step.label_span = given.span
                if isinstance(given, Scalar) and isinstance(given.value, str):
                    step.label = self.findings.name(given, "a step")
                else:
                    self.findings.mismatch("name must be text", given)
            elif word == "from":
                step.start = reference(given, "from", self.findings)
            elif word == "share":
                step.share = reference(given, "share", self.findings)
            elif word in STEP_KEYS:
                setattr(step, word, argument(given, word, self.scope, self.findings, single=True))

    def callee_is_known(self, step: Step) -> bool:
        """Whether a step's layer or block can be used; one that does not exist is reported."""
        if step.callee in MODULES or step.callee in self.blocks.known:
            return True
        if step.callee in self.blocks.broken or not self.blocks.complete:
            return False
        hint = suggestion(step.callee, [*MODULES, *self.blocks.known, "from"], SYNONYMS)
        notes: list[str] = []
        if not hint:
            notes += [self.findings.once(f"layers: {listing(sorted(MODULES), len(MODULES))}")]
            notes += [f"blocks: {listing(sorted(self.blocks.known))}"] * bool(self.blocks.known)
        self.findings.add(f"there is no layer or block '{clipped(step.callee)}'{hint}", step.span, *notes)
        return False

    # -- arguments ----------------------------------------------------------------------------

    def read_arguments(self, step: Step, value: Value | None) -> bool:
        """Read the arguments of a step whose callee is known. Returns whether they can be used."""
        before = self.findings.added
        if isinstance(value, Scalar) and value.value is None:
            value = None
        slots = slots_of(step.callee, self.blocks.known)
        if step.is_join:
            self.read_join(step, value, slots)
        else:
            self.read_slots(step, value, slots)
        self.read.append(step)
        if step.is_layer:
            names = [step.arguments.get(field) for field in layer_class(step.callee).references]
            step.references = [Reference(str(name.value), name.span) for name in names if name]
        step.names = tuple(sorted({name for given in step.arguments.values() for name in given.names}))
        return self.findings.added == before

    def read_slots(self, step: Step, value: Value | None, slots: Mapping[str, Slot]) -> None:
        """The arguments of a layer or block; a bare value is the first of its slots."""
        given: dict[str, Value] = {}
        likely: frozenset[str] = frozenset()
        unknown: list[Scalar] = []
        if isinstance(value, Entries):
            slots = with_sizes(step.callee, slots, [str(key.value) for key, _ in value.entries])
            given = {str(key.value): item for key, item in value.entries if key.value in slots}
            unknown = [key for key, _ in value.entries if key.value not in slots]
            likely = self.report_unknown(step, unknown, slots)
        elif value is not None and not slots:
            self.findings.mismatch(takes(step.callee, slots), value)
        elif value is not None:
            given = {next(iter(slots)): value}
        for name, item in given.items():
            self.read_slot(step, name, item, slots[name])
        missing = [name for name, slot in slots.items() if slot.required and name not in given and name not in likely]
        self.findings.needs(step.callee, missing, step.span, "" if unknown else takes(step.callee, slots))

    def read_slot(self, step: Step, name: str, value: Value, slot: Slot) -> None:
        """One field of a layer, or one argument of a block."""
        step.arguments[name] = slot.read(value, f"{name} of {step.callee}", self.scope, self.findings)

    def report_unknown(self, step: Step, words: list[Scalar], slots: Mapping[str, Slot]) -> frozenset[str]:
        """Report words that are no slots. Returns the slots that they probably should be."""
        others: list[Scalar] = []
        for word in words:
            if word.value in STEP_KEYS:
                self.findings.add(f"'{word.value}' belongs beside {step.callee}, not inside it", word.span)
            else:
                others.append(word)
        noun = "argument" if step.is_block else "field"
        return self.findings.unknown(others, slots, f"{step.callee} has no {noun}", step.callee, SYNONYMS)

    def read_join(self, step: Step, value: Value | None, slots: Mapping[str, Slot]) -> None:
        """The branches of a join, and its fields."""
        if not isinstance(value, Entries):
            value = value or Scalar(None, step.span)
            self.findings.mismatch(f"{step.callee} takes named branches, each a list of steps", value)
            return
        before = self.findings.added
        for key, item in value.entries:
            name = str(key.value)
            if name in slots and not isinstance(item, Items):
                self.read_slot(step, name, item, slots[name])
            elif not isinstance(item, Items) and closest(name, slots):
                self.findings.unknown([key], slots, f"{step.callee} has no field", step.callee)
            else:
                step.branches[name] = self.branch(key, item, "branch", f" of {step.callee}")
        if len(step.branches) < 2 and self.findings.added == before:
            self.findings.add(f"{step.callee} needs at least two branches, got {len(step.branches)}", step.span)


def hint_for_list(value: Value) -> str:
    """What to write for a value that is no list of steps."""
    if isinstance(value, Entries):
        return "; begin each step with '-'"
    if isinstance(value, Scalar) and value.value is None:
        return "; write [] for the identity"
    return f"; write [{clipped(value.value)}]" if isinstance(value, Scalar) and isinstance(value.value, str) else ""
