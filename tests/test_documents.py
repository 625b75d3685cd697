"""The documents: links lead somewhere, the reference names everything, files in them can be read.

That outputs and generated sections are those of now is checked by `.ci/documents.py --check`.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import paramcalc
from paramcalc import limits
from paramcalc.cli import COMMANDS, application
from paramcalc.language import keys
from paramcalc.language.arithmetic import FUNCTIONS
from paramcalc.language.library import bundled_names
from paramcalc.layers import MODULES, layer_class
from paramcalc.report.quantities import CLAIMED

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
CODE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"^\$ (paramcalc .*)$", re.MULTILINE)
PATH = re.compile(r"`((?:paramcalc|tests|architectures|docs|\.ci)/[\w./-]*)`(?:, `([\w.]+)`)?")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its code."""
    return CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """`.ci/documents.py`, which is no module of the project."""
    spec = importlib.util.spec_from_file_location("documents_script", ROOT / ".ci" / "documents.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / ".ci"))
        spec.loader.exec_module(module)
    return module


def commands() -> dict[str, Any]:
    """The commands as typer makes them."""
    group: Any = typer.main.get_command(application(*COMMANDS))
    found: dict[str, Any] = group.commands
    return found


# -- the pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if heading:
            assert heading in anchors(target), link


def test_every_page_is_in_the_index() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(prose(index))}
    assert {*DOCS.rglob("*.md")} - {index} <= linked


def test_the_readme_is_short_and_leads_to_the_documents() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300
    assert "(docs/README.md)" in text


def test_the_readme_prints_the_commands_that_the_checks_run() -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    found = re.findall(r"^(?:run|test)=(?:'([^']+)'|\"([^\"]+)\")$", run, re.MULTILINE)
    assert len(found) == 2
    for single, double in found:
        assert (single or double) in lines


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_and_names_of_the_code_that_a_page_names_exist(page: Path) -> None:
    for path, name in PATH.findall(prose(page)):
        target = ROOT / path
        assert target.exists(), path
        if name and target.suffix == ".py":
            assert re.search(
                rf"^ *(?:class|def) {name.rpartition('.')[2]}\b", target.read_text(encoding="utf-8"), re.MULTILINE
            )


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_whole_network_of_a_page_can_be_read(page: Path, tmp_path: Path) -> None:
    for block in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        if re.search(r"^name:", block, re.MULTILINE) and "# never.yaml" not in block:
            assert paramcalc.loads(block, folder=tmp_path).nodes


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_blocks_are_such_that_the_script_finds_them(page: Path) -> None:
    assert not re.search(r"^ +```(console|pycon)", page.read_text(encoding="utf-8"), re.MULTILINE)


# -- the reference ------------------------------------------------------------------------------


def test_the_reference_has_every_layer_with_every_field() -> None:
    text = (DOCS / "reference" / "layers.md").read_text(encoding="utf-8")
    entries = dict(re.findall(r"^### (\w+)$(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert entries.keys() == MODULES.keys()
    for name, entry in entries.items():
        fields = layer_class(name).model_fields
        assert re.findall(r"^\| `(\w+)` \|", entry.partition("| quantity")[0], re.MULTILINE) == list(fields)
        assert f"[`{name}`](#{name})" in text
        assert "- output `" in entry


def test_the_reference_has_every_command_with_every_option() -> None:
    text = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    entries = dict(re.findall(r"^## ([\w-]+)$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert entries.keys() == commands().keys()
    for name, command in commands().items():
        for parameter in command.params:
            if parameter.param_type_name == "option" and parameter.name != "help":
                assert all(f"`{word}`" in entries[name] for word in parameter.opts)


def test_every_command_is_shown_at_work() -> None:
    shown = {line.split()[1] for page in PAGES for line in COMMAND.findall(page.read_text(encoding="utf-8"))}
    assert commands().keys() - {"list"} <= shown


def test_the_reference_has_every_word_of_the_language() -> None:
    text = (DOCS / "reference" / "language.md").read_text(encoding="utf-8")
    words = {*keys.FILE_KEYS, *keys.VARIANT_KEYS, *keys.STEP_KEYS, *keys.CLAIM_KEYS, *CLAIMED, *keys.INPUT_KEYS}
    for word in words:
        assert re.search(rf"\b{word}\b", text), word
    for function in FUNCTIONS:
        assert f"`{function}(" in text


def test_the_reference_has_every_limit() -> None:
    text = (DOCS / "reference" / "language.md").read_text(encoding="utf-8")
    values = [value for name, value in vars(limits).items() if name.isupper()]
    assert len(values) > 10
    for value in values:
        assert f"| {value:,} |" in text


def test_the_reference_has_every_architecture() -> None:
    text = (DOCS / "reference" / "architectures.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(bundled_names())


# -- the script that regenerates ----------------------------------------------------------------


def test_outputs_are_what_commands_and_python_print(script: ModuleType) -> None:
    page = (
        "```yaml\n# one.yaml\nname: one\ninput: [4]\nlayers: [linear: 2]\n```\n"
        "```console\n$ cat one.yaml | head -n 2\nold\n$ echo new\n```\n"
        "```pycon\n>>> n = 1 + 1\n>>> for i in range(n):\n...     print(i)\nold\n```\n"
    )
    renewed = script.renewed(page)
    assert "$ cat one.yaml | head -n 2\n# one.yaml\nname: one\n$ echo new\nnew\n```" in renewed
    assert ">>> n = 1 + 1\n>>> for i in range(n):\n...     print(i)\n0\n1\n```" in renewed
    assert "old" not in renewed
    assert script.renewed(renewed) == renewed


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ false\n```\n",
        "```console\n$ false | cat\n```\n",
        "```console status=1\n$ true\n```\n",
        "```pycon\n>>> 1 // 0\n```\n",
    ],
)
def test_a_command_that_ends_otherwise_than_the_page_says_is_an_error(script: ModuleType, block: str) -> None:
    with pytest.raises(script.Broken):
        script.renewed(block)
