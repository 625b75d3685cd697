"""What is measured inside one process; `speed` runs each in several, and takes medians.

    python -m tests.benchmarks.inside analysis ARCHITECTURE [SIZES]
    python -m tests.benchmarks.inside growth SHAPE LAYERS

Prints figures as JSON: milliseconds of loading, building and analysing an architecture; microseconds
and bytes a layer of a network of many layers, fields and peak activations included.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable

import paramcalc
from paramcalc.commands import values
from paramcalc.language.library import load_file
from tests.growing import growing

TIMES = 9


def milliseconds(work: Callable[[], object]) -> float:
    """The median time of some calls, after one."""
    work()
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return 1000 * statistics.median(taken)


def analysis(architecture: str, sizes: str = "") -> dict[str, float]:
    """Milliseconds to read an architecture, to make the network, and to analyse it."""
    request = values.request(architecture, [sizes] if sizes else [], [])
    network = request.network()
    return {
        "load": milliseconds(lambda: load_file(architecture)),
        "build": milliseconds(request.network),
        "analyze": milliseconds(lambda: paramcalc.analyze(network)),
    }


def growth(shape: str, layers: str, size: str = "56") -> dict[str, float]:
    """Microseconds and bytes a layer to load and analyse a network, and its layers."""
    paramcalc.analyze(paramcalc.loads(growing(shape, 100, size)))  # everything is imported
    text = growing(shape, int(layers), size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    report = paramcalc.analyze(paramcalc.loads(text))
    seconds = time.perf_counter() - begin
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"layers": len(report.layers), "seconds": seconds, "bytes": 1024 * grown / len(report.layers)}


TASKS: dict[str, Callable[..., dict[str, float]]] = {"analysis": analysis, "growth": growth}

if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    print(json.dumps(TASKS[task](*arguments)))  # noqa: T201
