"""Every kind of wrong file beside exactly what its user reads: `errors/NAME.yaml` and `errors/NAME.out`.

`PARAMCALC_OVERWRITE=1 pytest tests/test_errors.py` writes the texts anew, for a person to read.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

import paramcalc
from paramcalc import ParamcalcError, limits
from paramcalc.errors import Problem, Source, Span, listing, suggestion
from paramcalc.layers import MODULES

FOLDER = Path(__file__).parent / "errors"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
OVERWRITE = os.environ.get("PARAMCALC_OVERWRITE") == "1"
ALL_LAYERS = re.compile(r"^   layers: (adaptive_avg_pool,.*(?:\n     [a-z0-9_, ]+$)*)", re.MULTILINE)
"""The note that lists every layer, which a new layer would change."""

HEAD = "name: Net\ninput: [3, 8, 8]\n"


def error_of(architecture: str) -> ParamcalcError:
    """The error that a wrong file gives."""
    with pytest.raises(ParamcalcError, match=r"\w") as caught:
        paramcalc.load(architecture)
    return caught.value


def error_text(text: str | bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The error that a file `net.yaml` of this text gives."""
    (folder / "net.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.chdir(folder)
    return str(error_of("net.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_file_gives_the_errors_that_a_person_has_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    text = ALL_LAYERS.sub("   layers: every layer", f"{error_of(f'{name}.yaml')}\n")
    expected = FOLDER / f"{name}.out"
    if OVERWRITE:
        expected.write_text(text, encoding="utf-8")
    assert expected.is_file(), "write it with PARAMCALC_OVERWRITE=1, and read it"
    assert text == expected.read_text(encoding="utf-8")


def test_an_unknown_layer_gets_a_list_of_all_layers() -> None:
    found = ALL_LAYERS.search(str(error_of(str(FOLDER / "step_unknown_layer.yaml"))))
    assert found
    assert re.split(r",\s+", found[1]) == sorted(MODULES)


def test_every_text_has_its_file() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.out")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_all_errors_are_reported_once_and_at_their_position(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    problems = error_of(f"{name}.yaml").problems
    texts = [str(problem) for problem in problems]
    assert len(set(texts)) == len(texts)
    assert all(text.splitlines()[0] == text.splitlines()[0].strip() for text in texts)
    for problem in problems:
        assert problem.span is not None
        line = problem.span.source.line(problem.span.line)
        assert 1 <= problem.span.column <= len(line) + 1
        assert problem.span.column + problem.span.length - 1 <= max(1, len(line), problem.span.column)


# -- files that are no texts ----------------------------------------------------------------------


NO_SUCH_FILE = (
    "no such file, and no bundled architecture has this name; `paramcalc list` shows the bundled architectures"
)


def test_a_missing_file_is_reported_with_the_closest_bundled_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(error_of("alexnt.yaml")) == (
        "error: alexnt.yaml: no such file, and no bundled architecture has this name; did you mean 'alexnet'?"
    )
    assert str(error_of("qqqq")) == f"error: qqqq: {NO_SUCH_FILE}"


def test_a_folder_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nets").mkdir()
    monkeypatch.chdir(tmp_path)
    assert str(error_of("nets")) == "error: nets is a folder, not a file"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a" * 300, f"error: {'a' * 59}… cannot be read: File name too long"),
        ("a\0b", f"error: a\\x00b: {NO_SUCH_FILE}"),
    ],
)
def test_a_name_that_no_file_can_have_is_refused(name: str, expected: str) -> None:
    assert str(error_of(name)) == expected


def test_a_file_that_must_not_be_read_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # by hand, since an administrator may read everything
    (tmp_path / "net.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "open", refuse)
    assert str(error_of("net.yaml")) == "error: net.yaml cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "net.yaml:1:1: error: the file is empty"),
        (b"\n  \n", "net.yaml:1:1: error: the file is empty"),
        (b"\xef\xbb\xbf", "net.yaml:1:1: error: the file is empty"),
        (b"name: Net\0", "error: net.yaml is not a text: it holds a NUL byte"),
        (b"\x89PNG\r\n\x1a\n", "error: net.yaml is not a text in UTF-8: byte 1 does not fit"),
        ("name: Nétz".encode("latin-1"), "error: net.yaml is not a text in UTF-8: byte 8 does not fit"),
        ("name: Net".encode("utf-16"), "error: net.yaml is not a text in UTF-8: byte 1 does not fit"),
        (b" " * (limits.FILE_BYTES + 1), "error: net.yaml is larger than 1,000,000 bytes"),
    ],
)
def test_what_is_no_text_is_refused(
    data: bytes, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert error_text(data, tmp_path, monkeypatch) == expected


# -- endings of lines, and marks of the byte order ---------------------------------------------------

WRONG_FIELD = """\
net.yaml:4:20: error: conv has no field 'kernal'; did you mean 'kernel'?
   4 |   - conv: {out: 8, kernal: 3}
     |                    ^^^^^^
   conv takes: out, kernel, stride, padding, dilation, groups, bias"""


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_lines_are_counted_as_yaml_counts_them(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + "layers:\n  - conv: {out: 8, kernal: 3}\n  - relu\n"
    assert error_text(text.replace("\n", ending), tmp_path, monkeypatch) == WRONG_FIELD


def test_a_byte_order_mark_moves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\ufeffnane: Net\ninput: [3, 8, 8]\nlayers: []\n"
    expected = """\
net.yaml:1:1: error: a file has no key 'nane'; did you mean 'name'?
   1 | nane: Net
     | ^^^^
   a file takes: name, source, input, args, blocks, layers, heads, claims, include, base"""
    assert error_text(text, tmp_path, monkeypatch) == expected
    with pytest.raises(ParamcalcError, match="did you mean 'name'") as caught:
        paramcalc.loads(text, name="net.yaml")
    assert str(caught.value) == expected


def test_a_lone_surrogate_in_a_text_is_refused() -> None:
    with pytest.raises(ParamcalcError, match=r"net.yaml:2:9: error: not YAML: the character '\\ud800' is not allowed"):
        paramcalc.loads("name: Net\nsource: \ud800\n", name="net.yaml")


# -- what is too large is refused quickly ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"layers: [linear: {'1' * 5000}]", "net.yaml:3:18: error: an expression of 5,000 characters; at most 500"),
        (f"layers: [linear: {'1' * 500}]", "net.yaml:3:18: error: a number of 500 digits; at most 18"),
        (f"layers: [linear: 1 + {'1' * 400}]", "net.yaml:3:22: error: a number of 400 digits; at most 18"),
        (f"layers: [linear: {'1+' * 5000}1]", "net.yaml:3:18: error: an expression of 10,001 characters; at most 500"),
        (f"layers: {'[' * 10_000}", ": error: nested deeper than 60 levels"),
        (f"layers: {'{a: ' * 10_000}", "net.yaml:3:245: error: nested deeper than 60 levels"),
        ("layers:\n" + "".join(f"{' ' * depth}-\n" for depth in range(1000)), "nested deeper than 60 levels"),
        (f"layers: [linear: {'(' * 200}1{')' * 200}]", "net.yaml:3:59: error: nested deeper than 40 levels"),
        (f"layers: [{'x' * 900_000}]", f"error: there is no layer or block '{'x' * 59}…'"),
        (f"layers: [{'relu, ' * 120_000}]", "error: more than 100,000 values, with aliases expanded"),
        ("layers:\n" + "  - rleu\n" * 90_000, "… and over 60 more errors"),
        ("layers:\n" + "".join(f"  - linear: x{n}\n" for n in range(30_000)), "… and over 60 more errors"),
        (f"layers: [relu: {{{', '.join(f'x{n}: 1' for n in range(40_000))}}}]", "… and over 60 more errors"),
        (
            "blocks:\n" + "".join(f"  b{n}: {{layers: [b{n + 1}]}}\n" for n in range(9_000)) + "layers: [b0]",
            "there is no layer or block 'b9000'",
        ),
        (
            "blocks:\n"
            + "".join(f"  b{n}: {{layers: [b{n + 1}, b{n + 1}]}}\n" for n in range(30))
            + "  b30: {layers: []}\nlayers: [b0]",
            "error: more than 100,000 calls of blocks, with repeats and blocks expanded",
        ),
    ],
    ids=lambda value: value[:24].replace("\n", " ") if isinstance(value, str) else None,
)
def test_what_is_too_large_is_refused_quickly(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = error_text(HEAD + text + "\n", tmp_path, monkeypatch)
    assert expected in error
    assert len(error) < 40_000


# -- several files ---------------------------------------------------------------------------------


def write_all(folder: Path, files: dict[str, str]) -> None:
    """Write files by their names."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_base_circle_is_reported_where_it_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(tmp_path, {"a.yaml": "base: b.yaml\nname: A\n", "b.yaml": "base: net.yaml\nname: B\n"})
    assert error_text("name: Net\nbase: a.yaml\n", tmp_path, monkeypatch) == (
        "b.yaml:1:7: error: files refer to one another in a circle: net.yaml → a.yaml → b.yaml → net.yaml\n"
        "   1 | base: net.yaml\n"
        "     |       ^^^^^^^^\n"
        "   referenced from a.yaml:1:7\n"
        "   referenced from net.yaml:2:7"
    )


def test_an_include_through_a_symlink_out_of_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path, {"outside.yaml": HEAD + "layers: []\n", "inside/other.yaml": HEAD + "layers: []\n"})
    (tmp_path / "inside" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    text = HEAD + "include: [link.yaml, other.yaml]\nlayers: []\n"
    assert error_text(text, tmp_path / "inside", monkeypatch) == (
        "net.yaml:3:11: error: 'link.yaml' lies outside the folder of the file that names it\n"
        "   3 | include: [link.yaml, other.yaml]\n"
        "     |           ^^^^^^^^^"
    )


def test_a_wrong_file_that_two_others_include_is_reported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(
        tmp_path,
        {
            "deep.yaml": HEAD + "layers: [rleu]\n",
            "left.yaml": HEAD + "include: [deep.yaml]\nlayers: []\n",
            "right.yaml": HEAD + "include: [deep.yaml]\nlayers: []\n",
        },
    )
    text = HEAD + "include: [left.yaml, right.yaml, deep.yaml]\nlayers: [unknown_block]\n"
    assert error_text(text, tmp_path, monkeypatch) == (
        "deep.yaml:3:10: error: there is no layer or block 'rleu'; did you mean 'relu'?\n"
        "   3 | layers: [rleu]\n"
        "     |          ^^^^\n"
        "   referenced from left.yaml:3:11\n"
        "   referenced from net.yaml:3:11"
    )


def test_an_included_file_that_is_no_text_is_reported_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\x00\xff")
    (tmp_path / "folder.yaml").mkdir()
    text = HEAD + "include: [binary.yaml, folder.yaml, 'a\\0', '']\nlayers: []\n".replace("'a\\0'", f"{'b' * 300}")
    assert re.findall(r"error: (.*)", error_text(text, tmp_path, monkeypatch)) == [
        "binary.yaml is not a text in UTF-8: byte 2 does not fit",
        "there is no file 'folder.yaml' beside this one, and no bundled architecture has this name",
        f"'{'b' * 59}…' cannot be read: File name too long",
        "there is no file '' beside this one, and no bundled architecture has this name",
    ]


def test_more_files_than_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"f{n}.yaml": HEAD + f"include: [f{n + 1}.yaml]\nlayers: []\n" for n in range(60)}
    write_all(tmp_path, files)
    error = error_text(HEAD + "include: [f0.yaml]\nlayers: []\n", tmp_path, monkeypatch)
    assert error.startswith("f48.yaml:3:11: error: more than 50 files refer to one another\n")
    assert error.endswith("   referenced from f0.yaml:3:11\n   referenced from net.yaml:3:11")


def test_a_name_that_is_close_to_a_file_beside_is_suggested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(tmp_path, {"my_blocks.yaml": HEAD + "layers: []\n"})
    text = HEAD + "include: [my_block.yaml]\nlayers: []\n"
    assert "; did you mean 'my_blocks.yaml'?" in error_text(text, tmp_path, monkeypatch)


# -- how problems are drawn ------------------------------------------------------------------------


def drawn(text: str, column: int, length: int) -> list[str]:
    """How a stretch of a one-line text is drawn."""
    return str(Problem("wrong", Span(Source("x", text), 1, column, length))).splitlines()[1:]


@pytest.mark.parametrize(
    ("text", "column", "length", "expected"),
    [
        ("abc def", 5, 3, ["   1 | abc def", "     |     ^^^"]),
        ("abc", 4, 1, ["   1 | abc", "     |    ^"]),
        ("abc", 9, 5, ["   1 | abc", "     |         ^"]),
        ("abc", 2, 99, ["   1 | abc", "     |  ^^"]),
        ("a\tb", 3, 1, ["   1 | a b", "     |   ^"]),
        ("卷积 b", 1, 2, ["   1 | 卷积 b", "     | ^^^^"]),
        ("卷积 b", 4, 1, ["   1 | 卷积 b", "     |      ^"]),
        ("e\u0301 b", 4, 1, ["   1 | e\u0301 b", "     |   ^"]),
        ("\x1b[0m b", 6, 1, ["   1 | \\x1b[0m b", "     |         ^"]),
        ("\u202e b", 1, 1, ["   1 | \\u202e b", "     | ^^^^^^"]),
        ("\U000e0041b", 2, 1, ["   1 | \\U000e0041b", "     |           ^"]),
        ("   ", 1, 1, []),
        ("", 1, 1, []),
    ],
)
def test_carets_are_below_the_span(text: str, column: int, length: int, expected: list[str]) -> None:
    assert drawn(text, column, length) == expected


@pytest.mark.parametrize("column", [1, 20, 34, 35, 80, 150, 251, 290, 300])
def test_a_long_line_is_cut_around_the_caret(column: int) -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(300))
    line, carets = drawn(text, column, 1)
    assert len(line) == len("   1 | ") + 100
    mark = line[carets.index("^")]
    assert mark == text[column - 1] or column in (1, 300)
    assert line.startswith("   1 | …") == (column > 34)
    assert line.endswith("…") == (column < 234)


def test_notes_are_wrapped_and_messages_are_not() -> None:
    problem = Problem("m" * 200, None, ("a note of words " * 10,))
    first, *notes = str(problem).splitlines()
    assert first == f"error: {'m' * 200}"
    assert len(notes) == 2
    assert all(len(note) <= 100 and note.startswith("   ") for note in notes)


def test_nothing_of_a_message_reaches_a_terminal_as_a_control_character() -> None:
    text = str(
        Problem("a\x1b[2J\r\n", Span(Source("n\x07", "x\x9b")), ("b\u2066",), (("c\u200f", Span(Source("d\t", ""))),))
    )
    assert text == (
        "n\\x07:1:1: error: a\\x1b[2J\\x0d\\x0a\n   1 | x\\x9b\n     | ^\n"
        "   b\\u2066\n   in c\\u200f, called at d\\x09:1:1"
    )


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("kernal", ["kernel", "stride"], "; did you mean 'kernel'?"),
        ("KERNEL", ["kernel", "stride"], "; did you mean 'kernel'?"),
        ("kernel", ["kernel", "stride"], ""),
        ("ot", ["out"], "; did you mean 'out'?"),
        ("pool", ["max_pool", "roi_pool"], ""),
        ("x" * 100_000, ["x" * 99_999], ""),
        ("", ["a"], ""),
    ],
)
def test_a_suggestion_is_close(word: str, known: list[str], expected: str) -> None:
    assert suggestion(word, known) == expected


def test_a_long_list_is_cut() -> None:
    assert listing([str(n) for n in range(40)], 3) == "0, 1, 2, … (37 more)"
