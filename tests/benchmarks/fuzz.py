"""Break files many times, and print the time of the slowest case and the most memory.

    python -m tests.benchmarks.fuzz [CASES [SEED]]

Every case must end in a report or in errors that point into the file, within a second and 200 MB.
"""

from __future__ import annotations

import resource
import sys
import time

from tests.test_robustness import broken, check, error_of, texts

SECONDS = 1.0
MEGABYTES = 200


def main() -> None:
    """Run the cases; status 1 beyond a limit."""
    cases, seed = (int(text) for text in (*sys.argv[1:], *("200000", "0")[len(sys.argv) - 1 :]))
    documents = texts()
    slowest, errors = (0.0, 0), 0
    for case in range(cases):
        text = broken(documents, seed, case)
        begin = time.process_time()
        error = error_of(text)
        slowest = max(slowest, (time.process_time() - begin, case))
        if error is not None:
            check(error)
            errors += 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cases:,} cases, {errors:,} errors, {cases - errors:,} reports, seed {seed}")  # noqa: T201
    print(f"slowest {slowest[0]:.3f} s (case {slowest[1]}), memory {memory:.0f} MB")  # noqa: T201
    sys.exit(slowest[0] > SECONDS or memory > MEGABYTES)


if __name__ == "__main__":
    main()
