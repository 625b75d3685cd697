"""Whole processes side by side: paramcalc, what it stands on, and a peer, alternating, as medians.

    python -m tests.benchmarks.speed [--peer PYTHON] [--rounds N]

The floor is a Python process that imports typer, rich, yaml and pydantic, with one model class. The
peer is torchinfo's summary of torchvision's resnet152, in an environment of its own, whose Python is
PYTHON. Peak memory is that of the largest process of each command.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import sysconfig
import time
from pathlib import Path

PROGRAM = str(Path(sysconfig.get_path("scripts")) / "paramcalc")
FLOOR = "import typer, rich, yaml, pydantic\nclass Model(pydantic.BaseModel):\n    size: int\nModel(size=1)"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
PEER = (
    "import torchinfo, torchvision\n"
    "print(torchinfo.summary(torchvision.models.resnet152(), (1, 3, 224, 224), depth=9, verbose=0))"
)


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


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    commands = {
        "floor: typer, rich, yaml, pydantic": [sys.executable, "-c", FLOOR],
        "paramcalc --help": [PROGRAM, "--help"],
        "paramcalc show lenet5": [PROGRAM, "show", "lenet5"],
        "paramcalc show resnet152 --depth all": [PROGRAM, "show", "resnet152", "--depth", "all"],
    }
    if arguments.peer:
        commands["torchinfo, resnet152"] = [arguments.peer, "-c", PEER]
    for command in commands.values():
        run(command)  # once, so that files are read and compiled
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(arguments.rounds):
        for name, command in commands.items():
            found[name].append(run(command))
    floor = statistics.median(seconds for seconds, _ in next(iter(found.values())))
    print("| process | seconds | to the floor | peak MB |\n|---|---:|---:|---:|")  # noqa: T201
    for name, results in found.items():
        seconds = statistics.median(one for one, _ in results)
        print(f"| {name} | {seconds:.3f} | {seconds / floor:.2f} | {max(one for _, one in results):.0f} |")  # noqa: T201


if __name__ == "__main__":
    main()
