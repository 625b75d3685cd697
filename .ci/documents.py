"""Keep the documents true: what they show of commands, of Python and of the code is made by running it.

In README.md, CONTRIBUTING.md and every page of docs/,

- below each `$ command` of a `console` block stands what the command prints on a page of 80 columns;
- below each `>>>` of a `pycon` block stands what Python prints, all blocks of a page in one session;
- between `<!-- generated: NAME -->` and `<!-- end -->` stands what `reference.py` makes of the code.

A `yaml` or `python` block that begins with `# NAME.yaml` or `# NAME.py` is a file, which the commands of its page find
beside those of tests/data.
The commands of a block end with status 0, unless the block begins with "```console status=1" or 2.

`python .ci/documents.py` rewrites the pages; with `--check` it only compares, and exits with 1 on a difference.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from doctest import DocTestParser
from pathlib import Path

from reference import SECTIONS

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(console|pycon|python|yaml)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GENERATED = re.compile(r"^<!-- generated: (\w+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# ([\w-]+\.(?:yaml|py))\n")
SESSION = """
import contextlib, io, json, sys
names, printed = {"__name__": "__main__"}, []
for source in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as page:
        exec(compile(source, "<page>", "single"), names)
    printed.append(page.getvalue())
json.dump(printed, sys.stdout)
"""
"""Python that runs statements as its prompt would, and gives what each of them prints."""


class Broken(Exception):
    """A page whose commands do not end as it says."""


def pages() -> list[Path]:
    """The documents, those that take longest first."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    return sorted(found, key=work, reverse=True)


def work(page: Path) -> int:
    """How long a page takes, roughly, in commands."""
    text = page.read_text(encoding="utf-8")
    return text.count("\n$ ") + 20 * len(GENERATED.findall(text))


def environment() -> dict[str, str]:
    """A page of 80 columns without colour, and the `paramcalc` of this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PATH": path}


def commands_with_output(block: str, status: int, folder: Path) -> str:
    """A console block with the outputs of its commands, standard error included. Raises Broken."""
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{output(command, status, folder)}" for command in commands)


def output(command: str, status: int, folder: Path) -> str:
    """What a command prints. Raises Broken where it ends with another status."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment(),
        cwd=folder,
    )
    if done.returncode != status or "Traceback (most recent call last)" in done.stdout:
        raise Broken(f"`{command}` ends with status {done.returncode}, not {status}:\n{done.stdout}")
    return done.stdout


def sessions(text: str, folder: Path) -> Iterator[str]:
    """The `pycon` blocks of a page with what Python prints, in order. Raises Broken."""
    examples = [DocTestParser().get_examples(block) for name, _, block in BLOCK.findall(text) if name == "pycon"]
    if not examples:
        return
    sources = [example.source for block in examples for example in block]
    done = subprocess.run(
        [sys.executable, "-c", SESSION],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        cwd=folder,
    )
    if done.returncode:
        raise Broken(f"a pycon block fails:\n{done.stderr}")
    printed = iter(json.loads(done.stdout))
    for block in examples:
        yield "".join(f"{prompted(example.source)}{next(printed)}" for example in block)


def prompted(source: str) -> str:
    """A statement behind the prompt of Python."""
    first, *more = source.splitlines()
    return "".join([f">>> {first}\n", *(f"... {line}".rstrip() + "\n" for line in more)])


def renewed(text: str) -> str:
    """A page with the outputs of its commands and the sections that are made of the code. Raises Broken."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in (ROOT / "tests" / "data").glob("*.yaml"):
            shutil.copy(file, folder)
        for kind, _, block in BLOCK.findall(text):
            if kind in ("yaml", "python") and (match := FILE_NAME.match(block)):
                (folder / match[1]).write_text(block, encoding="utf-8")
        printed = sessions(text, folder)

        def block(match: re.Match[str]) -> str:
            kind, information, body = match.groups()
            if kind == "console":
                status = int(information.strip().removeprefix("status=") or 0)
                body = commands_with_output(body, status, folder)
            elif kind == "pycon":
                body = next(printed)
            return f"```{kind}{information}\n{body}```"

        text = BLOCK.sub(block, text)
    return GENERATED.sub(lambda match: f"<!-- generated: {match[1]} -->\n\n{SECTIONS[match[1]]()}\n<!-- end -->", text)


def renewed_page(page: Path) -> str:
    """The text that a page should have. Raises Broken, with its name."""
    try:
        return renewed(page.read_text(encoding="utf-8"))
    except Broken as problem:
        raise Broken(f"{page.relative_to(ROOT)}: {problem}") from None


def main() -> None:
    """Rewrite or compare all pages, or those that are named."""
    named = [Path(name).resolve() for name in sys.argv[1:] if name != "--check"]
    wanted = named or pages()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            texts = list(pool.map(renewed_page, wanted))
        except Broken as problem:
            sys.exit(str(problem))
    drifted = [
        (page, text) for page, text in zip(wanted, texts, strict=True) if page.read_text(encoding="utf-8") != text
    ]
    if "--check" not in sys.argv:
        for page, text in drifted:
            page.write_text(text, encoding="utf-8")
    elif drifted:
        names = ", ".join(str(page.relative_to(ROOT)) for page, _ in drifted)
        sys.exit(f"{names}: not what the code says and prints; run `python .ci/documents.py`")


if __name__ == "__main__":
    main()
