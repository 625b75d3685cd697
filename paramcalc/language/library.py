"""Finding and loading files: what the user names, what a file includes, and the bundled architectures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from paramcalc import limits
from paramcalc.errors import ParamcalcError, Source, suggestion
from paramcalc.language.document import File
from paramcalc.language.reader import read
from paramcalc.language.source import read_file

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


def find(architecture: str) -> tuple[Path, str]:
    """The file for a path or a bundled name, with or without `.yaml`, and the name to call it by.

    A file of that path comes first. Raises ParamcalcError where there is neither.
    """
    path = Path(architecture)
    try:
        if path.is_file() or (path.exists() and not path.is_dir()):
            return path, architecture
    except (OSError, ValueError):
        raise ParamcalcError(f"{architecture[:80]!r} is no name of a file") from None
    stem = architecture.removesuffix(SUFFIX)
    names = bundled_names()
    if stem in names:
        return bundled_folder() / f"{stem}{SUFFIX}", f"{stem}{SUFFIX}"
    if path.is_dir():
        raise ParamcalcError(f"{architecture} is a folder, not a file")
    hint = suggestion(stem, names) or "; `paramcalc list` shows the bundled architectures"
    raise ParamcalcError(f"{architecture}: no such file, and no bundled architecture has this name{hint}")


def load_file(architecture: str) -> File:
    """The file for a path or a bundled name, with all that it includes. Raises ParamcalcError."""
    path, name = find(architecture)
    return _Loader().load(path, name)


def load_text(text: str, name: str, folder: Path | None = None) -> File:
    """The file that a text describes; it may include files of `folder` and bundled ones."""
    loader = _Loader()
    return read(Source(name, text), lambda other: loader.other(other, folder))


@dataclass(slots=True)
class _Loader:
    """Reads files that refer to one another, each once."""

    files: dict[Path, File] = field(default_factory=dict)
    active: list[Path] = field(default_factory=list)

    def load(self, path: Path, name: str) -> File:
        real = path.resolve()
        if real in self.files:
            return self.files[real]
        if real in self.active:
            chain = " → ".join(p.name for p in [*self.active[self.active.index(real) :], real])
            raise ParamcalcError(f"files include one another: {chain}")
        if len(self.files) + len(self.active) >= limits.INCLUDED_FILES:
            raise ParamcalcError(f"more than {limits.INCLUDED_FILES} files are included")
        source = read_file(path)
        self.active.append(real)
        file = read(Source(name, source.text), lambda other: self.other(other, path.parent))
        self.active.pop()
        self.files[real] = file
        return file

    def other(self, name: str, folder: Path | None) -> File:
        """A file that another one names: from that one's folder, or else a bundled one."""
        if folder is not None:
            path = folder / name
            try:
                if path.is_file():
                    if not path.resolve().is_relative_to(folder.resolve()):
                        raise ParamcalcError(f"{name} lies outside the folder of the file that names it")
                    return self.load(path, str(path) if folder != bundled_folder() else name)
            except (OSError, ValueError):
                raise ParamcalcError(f"{name[:80]!r} is no name of a file") from None
        if name.removesuffix(SUFFIX) in bundled_names():
            return self.load(bundled_folder() / name, name)
        hint = suggestion(name, [f"{known}{SUFFIX}" for known in bundled_names()])
        raise ParamcalcError(f"{name}: no such file beside this one, and none of the bundled{hint}")
