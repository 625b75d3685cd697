"""Results that go to a file: written as a whole, or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from paramcalc.errors import ParamcalcError
from paramcalc.language.source import reason


def need_free(path: Path, *, force: bool) -> None:
    """Raise ParamcalcError where there is a file that must not be overwritten, or a folder, or no folder for it."""
    try:
        if path.is_dir():
            raise ParamcalcError(f"{path} is a folder, not a file")
        if not path.parent.is_dir():
            raise ParamcalcError(f"{path} cannot be written: there is no folder {path.parent}")
        if not force and (path.exists() or path.is_symlink()):
            raise ParamcalcError(f"{path} exists; --force overwrites it")
    except (OSError, ValueError) as error:
        raise ParamcalcError(f"{path} cannot be written: {reason(error)}") from None


def write_atomically(path: Path, data: bytes, *, force: bool) -> None:
    """Write a file, so that at every moment there is all of the old one, or all of the new one.

    A link is followed, and a file that is replaced keeps its permissions. With `force`, what is no
    plain file (a device, a pipe) is written to. Raises ParamcalcError where the file exists and
    `force` is not set, and where the system refuses.
    """
    need_free(path, force=force)
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            replace(target, data, force=force)
    except FileExistsError:
        raise ParamcalcError(f"{path} exists; --force overwrites it") from None
    except (OSError, ValueError, RuntimeError) as error:  # Path.resolve raises RuntimeError for links in a circle
        raise ParamcalcError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def replace(target: Path, data: bytes, *, force: bool) -> None:
    """Write beside the target and move what is written to its name. Raises OSError."""
    beside = target.parent / f".paramcalc-{secrets.token_hex(8)}"
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        if force:
            beside.replace(target)
        else:
            claim(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def claim(written: Path, target: Path) -> None:
    """Give a written file a name that no file has. Raises FileExistsError where one has it by now."""
    try:
        target.hardlink_to(written)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        written.replace(target)
