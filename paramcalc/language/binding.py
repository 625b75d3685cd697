"""Gives values to names: the arguments of a file, the symbols of its input, and the sizes of its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from paramcalc.algebra.expr import Expr, Size, symbol
from paramcalc.algebra.tensor import Shape
from paramcalc.errors import Span, listing, suggestion
from paramcalc.language.arithmetic import Constant, spell
from paramcalc.language.document import Argument, File, InputSpec
from paramcalc.language.expression import Expression
from paramcalc.language.findings import Findings, Reported
from paramcalc.language.scopes import Environment
from paramcalc.language.source import Scalar


class Binder:
    """Binds the names of a file, for the shapes and settings that a caller gives instead of the file's own.

    A shape without a name is that of the first input.
    """

    def __init__(
        self, file: File, shapes: Mapping[str, Argument], settings: Mapping[str, Argument], findings: Findings
    ) -> None:
        self.file = file
        self.shapes = shapes
        self.settings = settings
        self.findings = findings
        self.inputs = [
            (spec, shapes.get(spec.name) or (shapes.get("") if index == 0 else None))
            for index, spec in enumerate(file.inputs)
        ]
        self.environments: dict[int, Environment] = {}

    def environment(self, home: File) -> Environment:
        """The names that the steps and blocks of a file see; a file whose blocks are included has its own defaults."""
        found = self.environments.get(id(home))
        if found is None:
            found = self.environments[id(home)] = self.bind(home, {}, {})
        return found

    def bind_file(self) -> Environment:
        """The values of the file's arguments and symbols, which are also those of the files that it is based on."""
        environment = self.bind(self.file, self.settings, self.sizes_of_symbols())
        base: File | None = self.file
        while base is not None:
            self.environments[id(base)] = environment
            base = base.base
        return environment

    def bind(self, file: File, settings: Mapping[str, Argument], sizes: Mapping[str, Constant]) -> Environment:
        """The values of a file's arguments and of the symbols of its input, of which `sizes` are some."""
        environment: Environment = {**{name: symbol(name) for name in file.symbols}, **sizes}
        names = [*file.parameters, *sorted(file.symbols)]
        for name, setting in settings.items():
            if name not in names:
                word = Scalar(name, Span(setting.span.source, 1, 1, len(name)))
                self.findings.unknown([word], names, f"{file.name} has no argument", file.name)
            elif name in file.symbols:
                with suppress(Reported):
                    value = self.findings.evaluate(setting, symbols(setting.names))
                    self.need_one_size(name, sizes.get(name, value), value, setting.span)
                    environment[name] = value
        for name, parameter in file.parameters.items():
            chosen = settings.get(name, parameter.default)
            if chosen is None:
                environment[name] = symbol(name)
                continue
            own = symbols(chosen.names) if name in settings else {}
            try:
                environment[name] = self.findings.evaluate(chosen, {**own, **environment})
            except Reported:
                environment[name] = 1
        return environment

    def sizes_of_symbols(self) -> Environment:
        """What other shapes give to the symbols of the input: `[3, 300, W]` for `[3, H, W]` makes H 300."""
        found: Environment = {}
        arguments = self.file.parameters.keys()
        for spec, given in self.inputs:
            sizes = given.value if given and isinstance(given.value, tuple) else ()
            for declared, size in zip(spec.shape, sizes if len(sizes) == len(spec.shape) else (), strict=False):
                name = declared.value.text.strip() if isinstance(declared.value, Expression) else ""
                if name not in self.file.symbols or not isinstance(size, Argument) or size.names & arguments:
                    continue
                with suppress(Reported):
                    value = self.findings.evaluate(size, symbols(size.names))
                    if value != symbol(name):
                        self.need_one_size(name, found.setdefault(name, value), value, size.span)
        return found

    def need_one_size(self, name: str, before: Constant, value: Constant, span: Span) -> None:
        """Report a symbol of the input that gets two sizes."""
        if before != value:
            message = f"{name} cannot be both {spell(before)} and {spell(value)}"
            self.findings.add(message, span, f"{name} is one size, in the input and wherever the file uses it")

    # -- inputs -------------------------------------------------------------------------------

    def input_sizes(self, environment: Environment) -> Iterator[tuple[InputSpec, Shape | None, Size]]:
        """The inputs of the file with their shapes and counts; a shape with an error, which is reported, is None."""
        names = [spec.name for spec in self.file.inputs]
        for name, sizes in self.shapes.items():
            if name and name not in names:
                hint = suggestion(name, names)
                self.findings.add(f"there is no input '{name}'{hint}", sizes.span, f"inputs: {listing(names)}")
        for spec, given in self.inputs:
            shape = self.shape(spec, given, environment)
            count: Size = 1
            with suppress(Reported):
                count = self.positive("count", spec.count, environment) if spec.count else 1
            yield spec, shape, count

    def shape(self, spec: InputSpec, given: Argument | None, environment: Environment) -> Shape | None:
        """The sizes of an input; None where one has an error."""
        arguments: Sequence[Argument] = spec.shape
        if given is not None:
            assert isinstance(given.value, tuple)
            if spec.axes and len(given.value) != len(spec.axes):
                axes = f"{listing(spec.axes)}: {len(spec.axes)} sizes, got {len(given.value)}"
                self.findings.add(f"'{spec.name}' has the axes {axes}", given.span)
                return None
            arguments = [item for item in given.value if isinstance(item, Argument)]
            # the caller's H is H, even where the file's H has got another size
            unset = self.file.symbols - self.settings.keys()
            environment = {**symbols(given.names), **environment, **symbols(given.names & unset)}
        sizes: list[Size] = []
        for argument in arguments:
            with suppress(Reported):
                sizes.append(self.positive("a size", argument, environment))
        return tuple(sizes) if sizes and len(sizes) == len(arguments) else None

    def positive(self, what: str, argument: Argument, environment: Environment) -> Size:
        """A whole number of at least 1, or a symbolic size. Raises Reported for any other value."""
        value = self.findings.evaluate(argument, environment)
        if isinstance(value, bool) or not isinstance(value, (int, Expr)) or (isinstance(value, int) and value < 1):
            self.findings.fail(f"{what} must be a whole number of at least 1, got {spell(value)}", argument.span)
        return value


def symbols(names: frozenset[str]) -> Environment:
    """Each name as a symbol of its own."""
    return {name: symbol(name) for name in names}
