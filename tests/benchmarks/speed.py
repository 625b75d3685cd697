"""Processes side by side: paramcalc, the imports it needs, and a peer, alternating, as medians.

    python -m tests.benchmarks.speed [--peer PYTHON] [--rounds N]

The import baseline is a Python process that imports typer, rich, yaml and pydantic, with one model class. The
peer is torchinfo's summary of torchvision's resnet152, in an environment of its own, whose Python is
PYTHON. Peak memory is that of the largest process of each command. The exponent is that of a power of
the number of layers, fitted to the times of networks of 1,000 to 100,000.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path

from tests.growing import UNITS

PROGRAM = str(Path(sysconfig.get_path("scripts")) / "paramcalc")
BASELINE = "import typer, rich, yaml, pydantic\nclass Model(pydantic.BaseModel):\n    size: int\nModel(size=1)"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
PEER = (
    "import torchinfo, torchvision\n"
    "print(torchinfo.summary(torchvision.models.resnet152(), (1, 3, 224, 224), depth=9, verbose=0))"
)
LAYERS = (1_000, 10_000, 100_000)


def run(command: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of one process."""
    begin = time.perf_counter()
    nothing = os.open(os.devnull, os.O_WRONLY)
    process = os.posix_spawn(command[0], command, ENVIRONMENT, file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 1)])
    _, status, usage = os.wait4(process, 0)
    os.close(nothing)
    if status:
        sys.exit(f"{' '.join(command)} ends with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def inside(*arguments: object) -> dict[str, float]:
    """What `inside` measures, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.inside", *map(str, arguments)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=-1, env=ENVIRONMENT).stdout)
    return found


def medians(results: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: statistics.median(result[name] for result in results) for name in results[0]}


def show(*rows: Sequence[object]) -> None:
    """Print a table; the first row is its head."""
    head, *others = [[str(cell) for cell in row] for row in rows]
    for cells in (head, ["---", *["---:"] * (len(head) - 1)], *others):
        print(f"| {' | '.join(cells)} |")  # noqa: T201
    print(flush=True)  # noqa: T201


def processes(peer: str | None, rounds: int) -> None:
    """Whole commands against the import baseline."""
    commands = {
        "import baseline: typer, rich, yaml, pydantic": [sys.executable, "-c", BASELINE],
        "`paramcalc --help`": [PROGRAM, "--help"],
        "`paramcalc show lenet5`": [PROGRAM, "show", "lenet5"],
        "`paramcalc show resnet152 --depth all`": [PROGRAM, "show", "resnet152", "--depth", "all"],
    }
    if peer:
        commands["torchinfo, resnet152"] = [peer, "-c", PEER]
    for command in commands.values():
        run(command)  # once, so that files are read and compiled
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(run(command))
    middle = {name: statistics.median(seconds for seconds, _ in results) for name, results in found.items()}
    baseline = next(iter(middle.values()))
    show(
        ("process", "seconds", "relative to import baseline", "peak MB"),
        *(
            (
                name,
                f"{seconds:.3f}",
                f"{seconds / baseline:.2f}",
                f"{max(size for _, size in found[name]):.0f}",
            )
            for name, seconds in middle.items()
        ),
    )


def analyses(rounds: int) -> None:
    """Loading, building and analysing one architecture, with numbers and with symbols."""
    inputs = {"resnet152": (), "resnet152, input 3,H,W": ("3,H,W",)}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in inputs}
    for _ in range(rounds):
        for name, sizes in inputs.items():
            found[name].append(inside("analysis", "resnet152", *sizes))
    show(
        ("milliseconds", "read the file", "make the network", "analyze"),
        *((name, *(f"{value:.1f}" for value in medians(results).values())) for name, results in found.items()),
    )


def growths(rounds: int) -> None:
    """Networks of more and more layers."""
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for _ in range(rounds):
        for shape in UNITS:
            for layers in LAYERS:
                found.setdefault((shape, layers), []).append(inside("growth", shape, layers))
    rows = []
    for shape in UNITS:
        sizes = [medians(found[shape, layers]) for layers in LAYERS]
        each = [f"{1e6 * size['seconds'] / size['layers']:.1f}" for size in sizes]
        rows.append((shape, *each, f"{exponent(sizes):.2f}", f"{sizes[-1]['bytes']:,.0f}"))
    show(("µs a layer, of", *(f"{layers:,}" for layers in LAYERS), "exponent", "bytes a layer"), *rows)
    symbolic = medians([inside("growth", "sequential", 1000, "S") for _ in range(rounds)])
    print(f"1,000 layers with a symbol: {1000 * symbolic['seconds']:.0f} ms")  # noqa: T201


def exponent(sizes: Sequence[Mapping[str, float]]) -> float:
    """The slope of a line through the logarithms of layers and seconds, by least squares."""
    points = [(log(size["layers"]), log(size["seconds"])) for size in sizes]
    x, y = (statistics.mean(point[axis] for point in points) for axis in (0, 1))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    processes(arguments.peer, arguments.rounds)
    analyses(arguments.rounds)
    growths(arguments.rounds)


if __name__ == "__main__":
    main()
