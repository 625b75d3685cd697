"""Keep the README's examples true: run each `$ command` of its console blocks and put the real output below it.

`python .ci/readme.py` rewrites README.md; with `--check` it only compares, and exits with 1 on a difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)


def output(command: str) -> str:
    """What a command prints on a page of 80 columns, standard error included."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(  # noqa: S602 - the README's own commands
        command,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment,
        cwd=README.parent / "tests" / "data",
    )
    if "Traceback (most recent call last)" in done.stdout:
        sys.exit(f"{command} fails:\n{done.stdout}")
    return done.stdout


def renewed(block: str) -> str:
    """A console block with the outputs of its commands."""
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{output(command)}" for command in commands)


def main() -> None:
    """Rewrite or compare."""
    old = README.read_text(encoding="utf-8")
    new = BLOCK.sub(lambda match: renewed(match[0]), old)
    if "--check" not in sys.argv:
        README.write_text(new, encoding="utf-8")
    elif new != old:
        sys.exit("README.md does not show what the commands print; run `python .ci/readme.py`")


if __name__ == "__main__":
    main()
