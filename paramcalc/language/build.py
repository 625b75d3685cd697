"""From a file to a network: arguments are bound, blocks and repeats written out, each step executed.

A step that fails leaves no node behind. What depends on it is still looked through for problems of
its own, so that one run reports all that are independent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeAlias, TypeVar

from pydantic import ValidationError

from paramcalc import limits
from paramcalc.algebra.expr import Expr, Size, symbol
from paramcalc.collector import paused
from paramcalc.errors import ExpressionError, LayerError, ParamcalcError, Problem, Span, listing, suggestion
from paramcalc.language.document import Argument, Block, File, InputSpec, Reference, Step
from paramcalc.language.expression import Constant, Expression, SyntaxProblem, show
from paramcalc.language.faults import faults
from paramcalc.layers import JOINS, MODULES, layer_class
from paramcalc.layers.base import Layer, axis_of
from paramcalc.network import Network, Node

Environment = dict[str, Constant]
T = TypeVar("T")


def build(
    file: File,
    input_shapes: Mapping[str, Argument] | None = None,
    settings: Mapping[str, Argument] | None = None,
) -> Network:
    """The network of a file, with other input shapes and arguments where they are given.

    Raises ParamcalcError with every independent problem.
    """
    with paused():
        return _Builder(file).network(input_shapes or {}, settings or {})


Earlier: TypeAlias = tuple[Node | None, str, bool]
"""An earlier step: its node, its full path, and whether it is alone of its kind in its list."""


class StepScope:
    """A list that is executed: the prefix of its paths, the names of earlier steps in it, and the list around it.

    `numbers` are those of the last steps that have a number in their names.
    """

    __slots__ = ("around", "names", "numbers", "prefix")

    def __init__(self, around: StepScope | None, prefix: str, names: dict[str, Earlier] | None = None) -> None:
        self.around = around
        self.prefix = prefix
        self.names = {} if names is None else names
        self.numbers: dict[str, int] = {}

    def find(self, name: str) -> Earlier | None:
        """The step of a name, nearest list first; a step alone of its kind may be called by the number 1."""
        earlier: StepScope | None = self
        while earlier is not None:
            found = earlier.names.get(name)
            if found is None and name.endswith("1"):
                lone = earlier.names.get(name[:-1])
                found = lone if lone and lone[2] else None
            if found is not None:
                return found
            earlier = earlier.around
        return None

    def listed(self) -> list[str]:
        """All names in scope, nearest list first."""
        names: list[str] = []
        earlier: StepScope | None = self
        while earlier is not None:
            names += [name for name in earlier.names if name not in names]
            earlier = earlier.around
        return names


class CallContext:
    """Where steps are executed: the names in scope, and what holds for all of them."""

    __slots__ = ("frozen", "scope", "shared", "trail")

    def __init__(
        self, scope: Environment, frozen: bool, shared: tuple[str, str] | None, trail: tuple[tuple[str, Span], ...]
    ) -> None:
        self.scope = scope
        self.frozen = frozen
        self.shared = shared
        self.trail = trail


class _Stop(Exception):
    """Nothing further can be looked at."""


class _Builder:
    def __init__(self, file: File) -> None:
        self.file = file
        self.result = Network(file.name, file.origin)
        self.problems: dict[tuple[str, str], Problem] = {}
        self.environments: dict[int, Environment] = {}
        self.layers: dict[object, Layer | None] = {}
        self.scopes: dict[object, Environment | None] = {}
        self.failed: set[str] = set()
        self.unset: frozenset[str] = frozenset()
        self.layers_run = 0
        self.calls_run = 0
        self.leasts: dict[Step, int] = {}

    def network(self, input_shapes: Mapping[str, Argument], settings: Mapping[str, Argument]) -> Network:
        try:
            self.unset = self.file.symbols - settings.keys()
            scope = self.bind(self.file, settings, self.given(input_shapes))
            base: File | None = self.file
            while base is not None:
                self.environments[id(base)] = scope
                base = base.base
            earlier = self.inputs(input_shapes, scope)
            if not self.problems:
                self.execute(earlier, scope)
        except _Stop:
            pass
        if self.problems:
            raise ParamcalcError(*self.problems.values())
        self.result.claims = self.file.claims
        self.result.place = self.file.inputs[0].span
        return self.result

    def execute(self, earlier: StepScope, scope: Environment) -> None:
        context = CallContext(scope, False, None, ())
        first = self.result.inputs[0]
        end = self.run(self.file.steps, first, context, earlier)
        heads: dict[str, Node | None] = {}
        for head in self.file.heads:
            inside = StepScope(earlier, f"{head.name}.")
            node = self.run(head.steps, end, context, inside)
            if head.steps and not inside.names and node is end:
                continue
            heads[head.name] = node
            earlier.names.setdefault(head.name, (node, head.name, False))
            if node is not None:
                self.result.ends.setdefault(head.name, node)
        if end is not None and end not in heads.values() and not (heads and self.is_read(end)):
            self.result.outputs["output"] = end
        self.result.outputs.update({name: node for name, node in heads.items() if node is not None})

    def is_read(self, node: Node) -> bool:
        """Whether a step reads a node."""
        return any(source is node for other in self.result.nodes for source in other.inputs)

    # -- arguments and inputs -----------------------------------------------------------------

    def overridden(self, shapes: Mapping[str, Argument]) -> list[tuple[InputSpec, Argument | None]]:
        """Each input with its other shape, if it has one; a shape without a name is that of the first input."""
        inputs = enumerate(self.file.inputs)
        return [(spec, shapes.get(spec.name) or (shapes.get("") if index == 0 else None)) for index, spec in inputs]

    def given(self, shapes: Mapping[str, Argument]) -> Environment:
        """The values of the symbols of the input, where other shapes have sizes in their places."""
        found: Environment = {}
        arguments = {parameter.name for parameter in self.file.parameters}
        for spec, override in self.overridden(shapes):
            sizes = override.value if override and isinstance(override.value, tuple) else ()
            for declared, size in zip(spec.shape, sizes if len(sizes) == len(spec.shape) else (), strict=False):
                name = declared.value.text.strip() if isinstance(declared.value, Expression) else ""
                if name not in self.file.symbols or not isinstance(size, Argument) or size.names & arguments:
                    continue
                value = self.evaluate(size, {each: symbol(each) for each in size.names})
                if value is None or value == symbol(name):
                    continue
                self.one_size(name, found.setdefault(name, value), value, size.span)
        return found

    def one_size(self, name: str, before: Constant, value: Constant, span: Span) -> None:
        """Require that a symbol of the input gets one size only."""
        if before != value:
            message = f"{name} cannot be both {show(before)} and {show(value)}"
            self.problem(message, span, f"{name} stands for one size, in the input and wherever the file uses it")

    def bind(self, file: File, settings: Mapping[str, Argument], given: Mapping[str, Constant]) -> Environment:
        """The values of a file's arguments and of the symbols of its input; `given` are some of these."""
        scope: Environment = {**{name: symbol(name) for name in file.symbols}, **given}
        names = [*(parameter.name for parameter in file.parameters), *sorted(file.symbols)]
        for name, given_value in settings.items():
            if name not in names:
                hint = suggestion(name, names)
                takes = f"{file.name} takes: {', '.join(names)}" if names else f"{file.name} takes no arguments"
                where = Span(given_value.span.source, 1, 1, len(name))
                self.problem(f"{file.name} has no argument '{name}'{hint}", where, takes)
            elif name in file.symbols:
                value = self.evaluate(given_value, {each: symbol(each) for each in given_value.names})
                if value is not None:
                    self.one_size(name, given.get(name, value), value, given_value.span)
                    scope[name] = value
        for parameter in file.parameters:
            chosen = settings.get(parameter.name, parameter.default)
            if chosen is None:
                scope[parameter.name] = symbol(parameter.name)
                continue
            free = {name: symbol(name) for name in chosen.names} if parameter.name in settings else {}
            value = self.evaluate(chosen, {**free, **scope})
            scope[parameter.name] = 1 if value is None else value
        return scope

    def inputs(self, shapes: Mapping[str, Argument], scope: Environment) -> StepScope:
        """The inputs as nodes, in a list of names around that of the layers."""
        earlier = StepScope(None, "")
        names = [spec.name for spec in self.file.inputs]
        for name, given in shapes.items():
            if name and name not in names:
                self.problem(
                    f"there is no input '{name}'{suggestion(name, names)}", given.span, f"inputs: {', '.join(names)}"
                )
        for spec, override in self.overridden(shapes):
            shape = self.sizes(spec, override, scope)
            count = self.evaluate(spec.count, scope) if spec.count else 1
            if isinstance(count, bool) or not isinstance(count, (int, Expr)) or (isinstance(count, int) and count < 1):
                if count is not None and spec.count is not None:
                    self.problem(f"count must be a whole number of at least 1, got {show(count)}", spec.count.span)
                count = 1
            try:
                if shape:
                    earlier.names[spec.name] = (
                        self.result.add_input(spec.name, tuple(shape), count, spec.axes),
                        spec.name,
                        False,
                    )
            except ExpressionError as error:
                self.problem(f"in the elements of the input, {error.problems[0].message}", spec.span)
        return StepScope(earlier, "")

    def sizes(self, spec: InputSpec, override: Argument | None, scope: Environment) -> list[Size]:
        arguments: Sequence[Argument] = spec.shape
        if override is not None:
            assert isinstance(override.value, tuple)
            if spec.axes and len(override.value) != len(spec.axes):
                axes = listing(spec.axes)
                message = f"'{spec.name}' has the axes {axes}: {len(spec.axes)} sizes, got {len(override.value)}"
                self.problem(message, override.span)
                return []
            arguments = [item for item in override.value if isinstance(item, Argument)]
            # what it calls H is no other symbol that takes H's place in the file
            own = {name: symbol(name) for name in override.names & self.unset}
            scope = {**{name: symbol(name) for name in override.names}, **scope, **own}
        sizes: list[Size] = []
        for argument in arguments:
            value = self.evaluate(argument, scope)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, Expr)) or (isinstance(value, int) and value < 1):
                self.problem(f"a size must be a whole number of at least 1, got {show(value)}", argument.span)
                continue
            sizes.append(value)
        return sizes if len(sizes) == len(arguments) else []

    # -- problems -----------------------------------------------------------------------------

    def problem(self, message: str, span: Span, *notes: str, trail: tuple[tuple[str, Span], ...] = ()) -> None:
        self.problems.setdefault((message, str(span)), Problem(message, span, notes, trail))
        if len(self.problems) > 4 * limits.PROBLEMS_SHOWN:
            raise _Stop

    def evaluate(
        self, argument: Argument, names: Mapping[str, Constant], trail: tuple[tuple[str, Span], ...] = ()
    ) -> Constant | None:
        """The value of an argument; None after a problem."""
        try:
            return argument.evaluate(names)
        except SyntaxProblem as error:
            self.problem(error.problems[0].message, argument.blame(error), trail=trail)
            return None

    # -- lists --------------------------------------------------------------------------------

    def run(
        self, steps: Sequence[Step], incoming: Node | None, context: CallContext, earlier: StepScope
    ) -> Node | None:
        """Execute a list from a node on; the last node, or None where that is not known."""
        for step in steps:
            incoming = self.step(step, incoming, context, earlier)
        return incoming

    def step(self, step: Step, incoming: Node | None, context: CallContext, earlier: StepScope) -> Node | None:
        """Execute a step as often as it says; the node after it."""
        self.count(step, context)
        if step.when is not None:
            wanted = self.key(step.when, "when", incoming, context, truth)
            if not wanted:
                return None if wanted is None else incoming
        if step.start is not None:
            incoming = self.refer(step.start, earlier, context)
        if not step.kind:
            return incoming
        if step.repeat is None:
            return self.named(step, step.known_as or self.numbered(step, earlier), incoming, context, earlier)
        copies = self.key(step.repeat, "repeat", incoming, context, whole)
        if copies and copies * self.least(step) > limits.STEPS:
            self.too_many("layers", step, context)
        for copy in range(copies or 0):
            if copy:
                self.count(step, context)
            name = self.numbered(step, earlier) if step.label is None else f"{step.label}{copy + 1}"
            incoming = self.named(step, name, incoming, context, earlier)
            if incoming is None:
                break
            if step.label is not None:
                earlier.names[step.label] = earlier.names[name]
        return None if copies is None else incoming

    def numbered(self, step: Step, earlier: StepScope) -> str:
        """The kind of a step with its number in the list."""
        number = earlier.numbers[step.kind] = earlier.numbers.get(step.kind, 0) + 1
        return f"{step.kind}{number}"

    def named(
        self, step: Step, name: str, incoming: Node | None, context: CallContext, earlier: StepScope
    ) -> Node | None:
        """Execute a step once, and make what it gives known by its name."""
        path = earlier.prefix + name
        if name in earlier.names:
            self.problem(
                f"two steps would be called '{name}'; give one of them a name of its own",
                step.span,
                trail=context.trail,
            )
        node: Node | None = None
        try:
            inside = self.marked(step, path, incoming, context, earlier) if step.frozen or step.share else context
            if inside is None:
                pass
            elif step.kind in JOINS:
                node = self.join(step, path, incoming, inside, earlier)
            elif step.kind in MODULES:
                node = self.layer(step, path, incoming, inside, earlier)
            else:
                node = self.call(step, path, incoming, inside)
        except (LayerError, ExpressionError) as error:
            for problem in error.problems:
                self.problem(problem.message, step.span, *problem.notes, trail=context.trail)
        earlier.names[name] = (node, path, step.alone)
        if node is None:
            self.failed.add(path)
        elif node.path != path:
            self.result.ends[path] = node
        return node

    def count(self, step: Step, context: CallContext) -> None:
        """Count a step, layers apart from the others; stop beyond the limit."""
        if step.kind in MODULES:
            self.layers_run += 1
        else:
            self.calls_run += 1
        if self.layers_run > limits.STEPS or self.calls_run > limits.STEPS:
            self.too_many("layers" if step.kind in MODULES else "calls of blocks", step, context)

    def too_many(self, what: str, step: Step, context: CallContext) -> NoReturn:
        """Stop beyond the limit."""
        message = f"more than {limits.STEPS:,} {what}, with repeats and blocks written out"
        self.problem(message, step.span, trail=context.trail)
        raise _Stop

    def least(self, step: Step, depth: int = 0) -> int:
        """So many layers, or more, one copy of a step executes, whatever its arguments and its input."""
        if step not in self.leasts and depth <= limits.CALL_DEPTH:
            block = self.file.blocks.get(step.kind)
            inside = block.steps if block else [inner for branch in step.branches.values() for inner in branch.steps]
            always = [(inner, 1 if inner.repeat is None else inner.repeat.value) for inner in inside if not inner.when]
            known = [times * self.least(inner, depth + 1) for inner, times in always if isinstance(times, int)]
            self.leasts[step] = sum(known) + (step.kind in MODULES)
        return self.leasts.get(step, 0)

    def key(
        self,
        argument: Argument,
        key: str,
        incoming: Node | None,
        context: CallContext,
        check: Callable[[str, Constant], T],
    ) -> T | None:
        """The value of a key beside a step, as `check` wants it; None after a problem."""
        names = self.names(argument.names, incoming, context)
        value = None if names is None else self.evaluate(argument, names, context.trail)
        if value is None:
            return None
        try:
            return check(key, value)
        except ExpressionError as error:
            self.problem(error.problems[0].message, argument.span, trail=context.trail)
            return None

    def names(
        self, used: Sequence[str] | frozenset[str], incoming: Node | None, context: CallContext
    ) -> Environment | None:
        """The values of names: those in scope, and the sizes of the incoming tensor. None where these are not known."""
        scope = context.scope
        missing = [name for name in used if name not in scope]
        if not missing:
            return scope
        if incoming is None:
            return None
        x = incoming.output
        return {**scope, **{name: x.shape[axis_of(name, x)] for name in missing}}

    def refer(self, reference: Reference, earlier: StepScope, context: CallContext) -> Node | None:
        """The node of an earlier step; None where it is not known."""
        first, _, rest = reference.name.partition(".")
        found = earlier.find(first)
        if found is not None and not rest:
            return found[0]
        path = f"{found[1]}.{rest}" if found else ""
        node = self.result.step(path) if found else None
        if node is not None:
            return node
        if found is None or (found[0] is not None and path not in self.failed):
            names = earlier.listed()
            self.problem(
                f"no earlier step is called '{reference.name}'{suggestion(reference.name, names)}",
                reference.span,
                f"in scope: {listing(names)}",
                trail=context.trail,
            )
        return None

    # -- one step -----------------------------------------------------------------------------

    def marked(
        self, step: Step, path: str, incoming: Node | None, context: CallContext, earlier: StepScope
    ) -> CallContext | None:
        """The place of a step that is frozen or shares weights; None where it is not known whose."""
        frozen, shared = context.frozen, context.shared
        if step.frozen is not None and not frozen:
            frozen = bool(self.key(step.frozen, "frozen", incoming, context, truth))
        if step.share is not None:
            first, _, rest = step.share.name.partition(".")
            found = earlier.find(first)
            self.refer(step.share, earlier, context)
            if found is None:
                return None
            shared = (path, f"{found[1]}.{rest}" if rest else found[1])
        return CallContext(context.scope, frozen, shared, context.trail)

    def call(self, step: Step, path: str, incoming: Node | None, context: CallContext) -> Node | None:
        """Execute a block: its own names, which are the same for equal arguments, and its own list."""
        block = self.file.blocks[step.kind]
        if len(context.trail) >= limits.CALL_DEPTH:
            self.problem(f"blocks inside one another deeper than {limits.CALL_DEPTH} levels", step.span)
            raise _Stop
        names = self.names(step.names, incoming, context) if step.names else context.scope
        if names is None:
            return None
        key = execution(step, names) if step.names else step
        if key not in self.scopes:
            self.scopes[key] = self.scope(step, block, names, context)
        scope = self.scopes[key]
        if scope is None:
            return None
        self.result.blocks[path] = block.name
        trail = ((block.name, step.span), *context.trail)
        earlier = StepScope(StepScope(None, "", {"input": (incoming, "input", False)}), f"{path}.")
        return self.run(block.steps, incoming, CallContext(scope, context.frozen, context.shared, trail), earlier)

    def scope(self, step: Step, block: Block, names: Environment, context: CallContext) -> Environment | None:
        """What the steps of a block see when it is called with these arguments; None after a problem."""
        home = self.environments.get(id(block.home))
        if home is None:
            home = self.environments[id(block.home)] = self.bind(block.home, {}, {})
        scope = dict(home)
        for parameter in block.parameters:
            if parameter.name in step.arguments:
                value = self.evaluate(step.arguments[parameter.name], names, context.trail)
            else:
                assert parameter.default is not None
                value = self.evaluate(parameter.default, scope, context.trail)
            if value is None:
                return None
            scope[parameter.name] = value
        return scope

    def join(
        self, step: Step, path: str, incoming: Node | None, context: CallContext, earlier: StepScope
    ) -> Node | None:
        """Execute every branch, then join their ends."""
        prefix = earlier.prefix if step.only_join else f"{path}."
        ends: list[Node | None] = []
        for branch in step.branches.values():
            end = incoming
            if branch.steps:
                end = self.run(branch.steps, incoming, context, StepScope(earlier, f"{prefix}{branch.name}."))
            ends.append(end)
        try:
            return self.add(step, tuple(ends), path, incoming, context)
        except LayerError as error:
            branches = [f"{name}: {node.output}" for name, node in zip(step.branches, ends, strict=True) if node]
            raise LayerError(error.problems[0].message, *branches) from None

    def layer(
        self, step: Step, path: str, incoming: Node | None, context: CallContext, earlier: StepScope
    ) -> Node | None:
        """Execute a layer."""
        inputs: tuple[Node | None, ...] = (incoming,)
        if step.references:
            inputs += tuple([self.refer(reference, earlier, context) for reference in step.references])
        return self.add(step, inputs, path, incoming, context)

    def add(
        self, step: Step, inputs: tuple[Node | None, ...], path: str, incoming: Node | None, context: CallContext
    ) -> Node | None:
        """The node of a layer, which is made once for equal arguments; None where it or an input is not known."""
        names = self.names(step.names, incoming, context) if step.names else context.scope
        if names is None:
            return None
        key = execution(step, names) if step.names else step
        if key not in self.layers:
            self.layers[key] = self.configure(step, names, context)
        layer = self.layers[key]
        if layer is None or None in inputs:
            return None
        owner = self.owner(path, context.shared) if context.shared else None
        node = self.result.add(layer, inputs, path, frozen=context.frozen, shared_with=owner)  # type: ignore[arg-type]
        if owner is None and step.share is not None:
            raise LayerError(f"{layer.type} has no weights to share")
        return node

    def owner(self, path: str, shared: tuple[str, str]) -> Node | None:
        """The node whose weights a new node uses, inside of a step that shares those of another."""
        own, other = shared
        target = other + path[len(own) :]
        node = self.result.step(target)
        if node is None:
            raise LayerError(f"there is no step '{target}' to share the weights of")
        owner = node.shared_with or node
        return owner if any(owner.counts[:3]) else None

    def configure(self, step: Step, names: Environment, context: CallContext) -> Layer | None:
        """The layer of a step with its arguments; None after a problem."""
        values: dict[str, object] = {}
        for name, argument in step.arguments.items():
            value = self.evaluate(argument, names, context.trail)
            if value is None:
                return None
            values[name] = value
        try:
            return layer_class(step.kind)(**values)
        except ValidationError as error:
            for message, span in faults(step, error):
                self.problem(message, span, trail=context.trail)
            return None


def execution(step: Step, names: Environment) -> object:
    """What is equal for executions of a step whose arguments are: those of equal names, of which 1 is not `true`."""
    values = [names[name] for name in step.names]
    return (step, *values, *map(kinds, values))


def kinds(value: Constant) -> object:
    """The types that a value is made of."""
    return tuple(map(kinds, value)) if isinstance(value, tuple) else type(value)


def truth(key: str, value: Constant) -> bool:
    """A truth value. Raises ExpressionError for any other."""
    if not isinstance(value, bool):
        raise ExpressionError(f"{key} must be true or false, got {show(value)}")
    return value


def whole(key: str, value: Constant) -> int:
    """A number of times. Raises ExpressionError for any other value."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ExpressionError(f"{key} must be a whole number, 0 or more, got {show(value)}")
    if value > limits.STEPS:
        raise ExpressionError(f"{key} must be at most {limits.STEPS:,}, got {value:,}")
    return value
