"""Finding and loading files: what the user names, what a file includes, and the bundled architectures."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from paramcalc import limits
from paramcalc.errors import ParamcalcError, Source, clipped, closest, suggestion
from paramcalc.language.document import File
from paramcalc.language.reader import read
from paramcalc.language.source import read_file, reason

SUFFIX = ".yaml"


@lru_cache(maxsize=1)
def bundled_folder() -> Path:
    """The folder of the bundled architectures: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "architectures"
    return inside if inside.is_dir() else package.parent / "architectures"


def bundled_names() -> list[str]:
    """The names of the bundled architectures, without `.yaml`, in alphabetical order with numbers by value."""
    return sorted(path.stem for path in bundled_folder().glob(f"*{SUFFIX}"))


def bundled(name: str) -> Path | None:
    """The file of a bundled architecture, with or without `.yaml`; None where no one has this name."""
    file = f"{name.removesuffix(SUFFIX)}{SUFFIX}"
    return bundled_folder() / file if file.removesuffix(SUFFIX) in bundled_names() else None


def find(architecture: str) -> tuple[Path, str]:
    """The file for a path or a bundled name, with or without `.yaml`, and the name to call it by.

    A file of that path comes first. Raises ParamcalcError where there is neither.
    """
    path = Path(architecture)
    try:
        if path.exists() and not path.is_dir():
            return path, architecture
    except (OSError, ValueError) as error:
        raise ParamcalcError(f"{clipped(architecture)} cannot be read: {reason(error)}") from None
    found = bundled(architecture)
    if found is not None:
        return found, found.name
    if architecture and path.is_dir():
        raise ParamcalcError(f"{architecture} is a folder, not a file")
    hint = (
        suggestion(architecture.removesuffix(SUFFIX), bundled_names())
        or "; `paramcalc list` shows the bundled architectures"
    )
    raise ParamcalcError(
        f"{clipped(architecture) or repr('')}: no such file, and no bundled architecture has this name{hint}"
    )


def load_file(architecture: str) -> File:
    """The file for a path or a bundled name, with all that it includes. Raises ParamcalcError."""
    path, name = find(architecture)
    return _Loader().load(path, name)


def load_text(text: str, name: str, folder: Path | None = None) -> File:
    """The file that a text describes; it may include files of `folder` and bundled ones."""
    loader = _Loader()
    return read(Source(name, text.removeprefix("\ufeff")), lambda other: loader.other(other, folder))


class _Loader:
    """Reads files that refer to one another, each once; None stands for one that has problems, which are reported."""

    def __init__(self) -> None:
        self.files: dict[Path, File | None] = {}
        self.active: list[Path] = []

    def load(self, path: Path, name: str) -> File:
        """A file, with all that it refers to. Raises ParamcalcError, an empty one where its problems are known."""
        real = path.resolve()
        if real in self.active:
            chain = " → ".join(p.name for p in [*self.active[self.active.index(real) :], real])
            raise ParamcalcError(f"files refer to one another in a circle: {chain}")
        if real not in self.files:
            if len(self.files) >= limits.INCLUDED_FILES:
                raise ParamcalcError(f"more than {limits.INCLUDED_FILES} files refer to one another")
            self.files[real] = None
            self.active.append(real)
            try:
                source = Source(name, read_file(path, name).text)
                self.files[real] = read(source, lambda other: self.other(other, path.parent))
            finally:
                self.active.pop()
        file = self.files[real]
        if file is None:
            raise ParamcalcError
        return file

    def other(self, name: str, folder: Path | None) -> File:
        """A file that another one names: from that one's folder, or else a bundled one."""
        if folder is not None:
            path = folder / name
            try:
                found = path.is_file()
                outside = found and not path.resolve().is_relative_to(folder.resolve())
            except (OSError, ValueError) as error:
                raise ParamcalcError(f"'{clipped(name)}' cannot be read: {reason(error)}") from None
            if outside:
                raise ParamcalcError(f"'{clipped(name)}' lies outside the folder of the file that names it")
            if found:
                return self.load(path, str(path) if folder != bundled_folder() else name)
        own = bundled(name)
        if own is not None:
            return self.load(own, own.name)
        beside = sorted(path.stem for path in folder.glob(f"*{SUFFIX}")) if folder is not None else []
        near = closest(name.removesuffix(SUFFIX), [*beside, *bundled_names()])
        hint = f"; did you mean '{near}{SUFFIX}'?" if near else ""
        raise ParamcalcError(
            f"there is no file '{clipped(name)}' beside this one, and no bundled architecture has this name{hint}"
        )
