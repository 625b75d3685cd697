"""From a file to a network: names are bound, the inputs added, the steps and heads executed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from paramcalc.collector import paused
from paramcalc.errors import ExpressionError, ParamcalcError
from paramcalc.language.binding import Binder
from paramcalc.language.document import Argument, File
from paramcalc.language.execution import Executor
from paramcalc.language.findings import Enough, Findings
from paramcalc.language.scopes import CallContext, StepScope
from paramcalc.network import Network, Node


def build(
    file: File,
    input_shapes: Mapping[str, Argument] | None = None,
    settings: Mapping[str, Argument] | None = None,
) -> Network:
    """The network of a file, with other input shapes and arguments where they are given.

    Raises ParamcalcError with every independent problem.
    """
    findings = Findings()
    network = Network(file.name, file.origin)
    with paused(), suppress(Enough):
        binder = Binder(file, input_shapes or {}, settings or {}, findings)
        environment = binder.bind_file()
        context = CallContext(environment, frozen=False, shared=None, trail=())
        inputs = StepScope(None, "", context)
        add_inputs(network, binder, findings, inputs)
        if not findings.problems:
            add_steps(network, file, Executor(file, network, binder, findings), StepScope(inputs, "", context))
    if findings.problems:
        raise ParamcalcError(*findings.problems)
    network.claims = file.claims
    network.place = file.inputs[0].span
    return network


def add_inputs(network: Network, binder: Binder, findings: Findings, scope: StepScope) -> None:
    """Add the inputs of the file to the network, and their names to the scope."""
    for spec, shape, count in binder.input_sizes(scope.context.environment):
        if shape is None:
            continue
        try:
            node = network.add_input(spec.name, shape, count, spec.axes)
        except ExpressionError as error:
            findings.add(f"in the elements of the input, {error.problems[0].message}", spec.span)
        else:
            scope.names[spec.name] = (node, spec.name, False)


def add_steps(network: Network, file: File, executor: Executor, scope: StepScope) -> None:
    """Execute the layers of the file, then each head from their end on, and name the outputs.

    The end of the layers is an output too, unless it is the end of a head or is read by one.
    """
    end = executor.run(file.steps, network.inputs[0], scope)
    heads: dict[str, Node | None] = {}
    for name, steps in file.heads.items():
        inside = StepScope(scope, f"{name}.", scope.context)
        node = executor.run(steps, end, inside)
        if steps and not inside.names and node is end:
            continue  # every step of the head is left out by its `when`
        heads[name] = node
        scope.names.setdefault(name, (node, name, False))
        if node is not None:
            network.ends.setdefault(name, node)
    is_read = heads and any(source is end for node in network.nodes for source in node.inputs)
    if end is not None and end not in heads.values() and not is_read:
        network.outputs["output"] = end
    network.outputs.update({name: node for name, node in heads.items() if node is not None})
