"""Executes steps: lists, layers, joins and calls of blocks, with repeats expanded.

A problem is reported where it is found, and `Reported` is raised to leave the step. `execute` is what catches it: the
step has no node then. So None in place of a node means one thing: it is not known, because of a reported error. What
follows gets None for its incoming node and is still executed as far as that goes, so that all independent problems are
found in one go:

    - conv: {out: 8, kernel: 99}     # reported: the window is larger than the input; the node is None
    - linear: 2*channels             # needs the size of what comes in: Reported, without a message of its own
    - max_pool: {kernel: 2 - 2}      # reported: a kernel of 0 is wrong for any tensor
    - {conv: {out: 8, kernel: 3}, from: input}     # known again
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from pydantic import ValidationError

from paramcalc import limits
from paramcalc.errors import ExpressionError, LayerError, listing, suggestion
from paramcalc.language.arithmetic import Constant, spell
from paramcalc.language.binding import Binder
from paramcalc.language.document import Argument, Block, File, Reference, Step
from paramcalc.language.faults import faults
from paramcalc.language.findings import Enough, Findings, Reported
from paramcalc.language.scopes import CallContext, Environment, StepScope
from paramcalc.layers import layer_class
from paramcalc.layers.base import Layer
from paramcalc.network import Network, Node

T = TypeVar("T")


class Executor:
    """Executes the steps of a file, and adds what they give to a network.

    Steps with equal arguments have one layer, or one environment of a block, found in `layers` and `environments` by
    step and values; None there is one whose arguments have an error, which is reported. `failed` are the paths of
    steps without a node.
    """

    def __init__(self, file: File, network: Network, binder: Binder, findings: Findings) -> None:
        self.blocks = file.blocks
        self.network = network
        self.binder = binder
        self.findings = findings
        self.layers: dict[object, Layer | None] = {}
        self.environments: dict[object, Environment | None] = {}
        self.failed: set[str] = set()
        self.layers_executed = 0
        self.blocks_called = 0
        self.fewest: dict[Step, int] = {}

    # -- lists --------------------------------------------------------------------------------

    def run(self, steps: Sequence[Step], incoming: Node | None, scope: StepScope) -> Node | None:
        """Execute a list from a node on; the node that it ends in."""
        for step in steps:
            incoming = self.run_step(step, incoming, scope)
        return incoming

    def run_step(self, step: Step, incoming: Node | None, scope: StepScope) -> Node | None:
        """Execute a step as often as it says; the node after it."""
        context = scope.context
        self.count_step(step, context)
        try:
            if step.when is not None and not self.evaluate_key("when", step.when, truth, incoming, context):
                return incoming
            if step.start is not None:
                incoming = self.resolve(step.start, scope)
            if not step.callee:
                return incoming
            if step.repeat is None:
                name = step.fixed_name or scope.next_name(step.callee)
                return self.execute(step, name, incoming, scope)
            copies = self.evaluate_key("repeat", step.repeat, number_of_times, incoming, context)
        except Reported:
            return None
        if copies * self.fewest_layers(step) > limits.STEPS:
            self.stop(step, "layers", context)
        for copy in range(copies):
            if copy:
                self.count_step(step, context)
            name = scope.next_name(step.callee) if step.label is None else f"{step.label}{copy + 1}"
            incoming = self.execute(step, name, incoming, scope)
            if incoming is None:
                break
            if step.label is not None:
                scope.names[step.label] = scope.names[name]
        return incoming

    def execute(self, step: Step, name: str, incoming: Node | None, scope: StepScope) -> Node | None:
        """Execute a step once, and make its node known by its name."""
        path, context = scope.prefix + name, scope.context
        if name in scope.names:
            message = f"two steps would be called '{name}'; give one of them a name of its own"
            self.findings.add(message, step.span, trail=context.trail)
        node: Node | None = None
        try:
            if step.frozen or step.share:
                context = self.context_inside(step, path, incoming, scope)
            if step.is_join:
                node = self.join(step, path, incoming, context, scope)
            elif step.is_layer:
                node = self.layer(step, path, incoming, context, scope)
            else:
                node = self.call(step, path, incoming, context)
        except Reported:
            pass
        except (LayerError, ExpressionError) as error:
            for problem in error.problems:
                self.findings.add(problem.message, step.span, *problem.notes, trail=context.trail)
        scope.names[name] = (node, path, step.is_unique)
        if node is None:
            self.failed.add(path)
        elif node.path != path:
            self.network.ends[path] = node
        return node

    # -- limits -------------------------------------------------------------------------------

    def count_step(self, step: Step, context: CallContext) -> None:
        """Count a step: a layer or join, or a call of a block. Raises Enough beyond the limit."""
        if step.is_layer:
            self.layers_executed += 1
        else:
            self.blocks_called += 1
        if self.layers_executed > limits.STEPS or self.blocks_called > limits.STEPS:
            self.stop(step, "layers" if step.is_layer else "calls of blocks", context)

    def stop(self, step: Step, what: str, context: CallContext) -> NoReturn:
        """Report that the limit is exceeded. Raises Enough."""
        message = f"more than {limits.STEPS:,} {what}, with repeats and blocks expanded"
        self.findings.add(message, step.span, trail=context.trail)
        raise Enough

    def fewest_layers(self, step: Step, depth: int = 0) -> int:
        """How many layers one copy of a step executes at least, whatever its arguments and its input."""
        if step not in self.fewest and depth <= limits.CALL_DEPTH:
            block = self.blocks.get(step.callee)
            inside = block.steps if block else [inner for steps in step.branches.values() for inner in steps]
            always = [(inner, 1 if inner.repeat is None else inner.repeat.value) for inner in inside if not inner.when]
            known = [times * self.fewest_layers(inner, depth + 1) for inner, times in always if isinstance(times, int)]
            self.fewest[step] = sum(known) + step.is_layer
        return self.fewest.get(step, 0)

    # -- values and names ---------------------------------------------------------------------

    def evaluate_key(
        self,
        key: str,
        argument: Argument,
        check: Callable[[str, Constant], T],
        incoming: Node | None,
        context: CallContext,
    ) -> T:
        """The value of a key beside a step, as `check` wants it. Raises Reported where it has none."""
        try:
            names = context.names_for(argument.names, incoming)
            return check(key, self.findings.evaluate(argument, names, context.trail))
        except (LayerError, ExpressionError) as error:
            self.findings.fail(error.problems[0].message, argument.span, trail=context.trail)

    def resolve(self, reference: Reference, scope: StepScope) -> Node | None:
        """The node of an earlier step: `pool3`, or `stage2.conv1` for a step inside it; None where it is not known."""
        first, _, rest = reference.name.partition(".")
        found = scope.find(first)
        if found is not None:
            node, path, _ = found
            if not rest:
                return node
            inner = self.network.step(f"{path}.{rest}")
            if inner is not None or node is None or f"{path}.{rest}" in self.failed:
                return inner
        names = scope.all_names()
        message = f"no earlier step is called '{reference.name}'{suggestion(reference.name, names)}"
        self.findings.add(message, reference.span, f"in scope: {listing(names)}", trail=scope.context.trail)
        return None

    def context_inside(self, step: Step, path: str, incoming: Node | None, scope: StepScope) -> CallContext:
        """The context inside a step that is frozen or shares weights. Raises Reported where it is not known whose."""
        context = scope.context
        frozen, shared = context.frozen, context.shared
        if step.frozen is not None and not frozen:
            frozen = self.evaluate_key("frozen", step.frozen, truth, incoming, context)
        if step.share is not None:
            first, dot, rest = step.share.name.partition(".")
            owner = scope.find(first)
            if self.resolve(step.share, scope) is None or owner is None:
                raise Reported
            shared = (path, owner[1] + dot + rest)
        return CallContext(context.environment, frozen, shared, context.trail)

    # -- one step -----------------------------------------------------------------------------

    def layer(self, step: Step, path: str, incoming: Node | None, context: CallContext, scope: StepScope) -> Node:
        """The node of a layer."""
        inputs: tuple[Node | None, ...] = (incoming,)
        if step.references:
            inputs += tuple([self.resolve(reference, scope) for reference in step.references])
        return self.add_node(step, inputs, path, incoming, context)

    def join(self, step: Step, path: str, incoming: Node | None, context: CallContext, scope: StepScope) -> Node:
        """The node of a join, after those of its branches."""
        prefix = scope.prefix if step.is_only_join else f"{path}."
        ends: list[Node | None] = []
        for name, steps in step.branches.items():
            inside = StepScope(scope, f"{prefix}{name}.", context)
            ends.append(self.run(steps, incoming, inside) if steps else incoming)
        try:
            return self.add_node(step, tuple(ends), path, incoming, context)
        except LayerError as error:
            branches = [f"{name}: {node.output}" for name, node in zip(step.branches, ends, strict=True) if node]
            raise LayerError(error.problems[0].message, *branches) from None

    def call(self, step: Step, path: str, incoming: Node | None, context: CallContext) -> Node | None:
        """The node that a block ends in, executed with names and a list of its own."""
        block = self.blocks[step.callee]
        if len(context.trail) >= limits.CALL_DEPTH:
            self.findings.add(f"blocks nested deeper than {limits.CALL_DEPTH} levels", step.span)
            raise Enough
        names = context.names_for(step.names, incoming) if step.names else context.environment
        key = memory_key(step, names) if step.names else step
        if key not in self.environments:
            self.environments[key] = None
            self.environments[key] = self.block_environment(step, block, names, context)
        environment = self.environments[key]
        if environment is None:
            raise Reported
        self.network.blocks[path] = block.name
        trail = ((block.name, step.span), *context.trail)
        inside = CallContext(environment, context.frozen, context.shared, trail)
        outside = StepScope(None, "", inside, {"input": (incoming, "input", False)})
        return self.run(block.steps, incoming, StepScope(outside, f"{path}.", inside))

    def block_environment(self, step: Step, block: Block, names: Environment, context: CallContext) -> Environment:
        """What the steps of a block see when it is called with these arguments. Raises Reported."""
        environment = dict(self.binder.environment(block.home))
        for name, parameter in block.parameters.items():
            if name in step.arguments:
                environment[name] = self.findings.evaluate(step.arguments[name], names, context.trail)
            else:
                assert parameter.default is not None
                environment[name] = self.findings.evaluate(parameter.default, environment, context.trail)
        return environment

    def add_node(
        self, step: Step, inputs: tuple[Node | None, ...], path: str, incoming: Node | None, context: CallContext
    ) -> Node:
        """Add the node of a layer or join. Raises Reported where its layer or an input is not known."""
        names = context.names_for(step.names, incoming) if step.names else context.environment
        key = memory_key(step, names) if step.names else step
        if key not in self.layers:
            self.layers[key] = None
            self.layers[key] = self.configure(step, names, context)
        layer = self.layers[key]
        if layer is None or None in inputs:
            raise Reported
        owner = self.owner_of_weights(path, context.shared) if context.shared else None
        node = self.network.add(layer, inputs, path, frozen=context.frozen, shared_with=owner)  # type: ignore[arg-type]
        if owner is None and step.share is not None:
            raise LayerError(f"{layer.type} has no weights to share")
        return node

    def owner_of_weights(self, path: str, shared: tuple[str, str]) -> Node | None:
        """The node whose weights the node of a path uses; None where it has none, such as a relu of a shared block."""
        own, other = shared
        target = other + path[len(own) :]
        node = self.network.step(target)
        if node is None:
            raise LayerError(f"there is no step '{target}' whose weights could be shared")
        owner = node.shared_with or node
        return owner if any(owner.counts[:3]) else None

    def configure(self, step: Step, names: Environment, context: CallContext) -> Layer:
        """The layer of a step with its arguments. Raises Reported where they do not fit."""
        values = {
            name: self.findings.evaluate(argument, names, context.trail) for name, argument in step.arguments.items()
        }
        try:
            return layer_class(step.callee)(**values)
        except ValidationError as error:
            for message, span in faults(step, error):
                self.findings.add(message, span, trail=context.trail)
            raise Reported from None


def memory_key(step: Step, environment: Environment) -> object:
    """A key that is equal for executions of a step with equal arguments: of equal types too, for 1 is not `true`."""
    values = [environment[name] for name in step.names]
    return (step, *values, *map(types_of, values))


def types_of(value: Constant) -> object:
    """The types that a value is made of."""
    return tuple(map(types_of, value)) if isinstance(value, tuple) else type(value)


def truth(key: str, value: Constant) -> bool:
    """A truth value. Raises ExpressionError for any other."""
    if not isinstance(value, bool):
        raise ExpressionError(f"{key} must be true or false, got {spell(value)}")
    return value


def number_of_times(key: str, value: Constant) -> int:
    """A number of times. Raises ExpressionError for any other value."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ExpressionError(f"{key} must be a whole number, 0 or more, got {spell(value)}")
    if value > limits.STEPS:
        raise ExpressionError(f"{key} must be at most {limits.STEPS:,}, got {value:,}")
    return value
