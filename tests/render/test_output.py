"""Files are written as a whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from paramcalc.errors import ParamcalcError
from paramcalc.render import output
from paramcalc.render.output import write_atomically


def test_a_new_file_holds_the_data_and_has_the_usual_permissions(tmp_path: Path) -> None:
    path, usual = tmp_path / "new", tmp_path / "usual"
    write_atomically(path, b"data", force=False)
    usual.touch()
    assert path.read_bytes() == b"data"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(ParamcalcError, match="exists; --force overwrites it"):
        write_atomically(tmp_path / "link", b"new", force=False)
    write_atomically(tmp_path / "link", b"new", force=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"another's")
    monkeypatch.setattr(output, "need_free", lambda *_, **__: None)
    with pytest.raises(ParamcalcError, match="exists; --force overwrites it"):
        write_atomically(path, b"mine", force=False)
    assert path.read_bytes() == b"another's"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_is_written_to_and_stays_one() -> None:
    write_atomically(Path(os.devnull), b"data", force=True)
    assert not Path(os.devnull).is_file()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ParamcalcError, match="file cannot be written: No space left on device"):
        write_atomically(path, b"new", force=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
