"""What lies below a folder, by name and type alone: no file is opened, no link followed."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import translate

from headstart.findings import LeftOut
from headstart.store.files import printable

_JUNK = frozenset({"__macosx", "@eadir", "desktop.ini", "thumbs.db"})  # and hidden files


@dataclass(slots=True)
class Folder:
    """What lies directly in one folder: the names of its folders, and how many other things."""

    folders: list[str] = field(default_factory=list)
    others: int = 0


@dataclass(slots=True)
class Tree:
    """What lies below a root. Paths are relative to it, with `/` whatever the system.

    Attributes:
        files: every regular file, in no particular order.
        folders: every folder by its path with a slash behind it; the root is "".
        denied: the folders that could not be opened, and why.
        left_out: what is neither a regular file nor a folder.
        ignored: how many files were passed over: junk of the operating system, hidden files,
            and what the user wants ignored, with all that lies in such folders.
    """

    files: list[str] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)
    denied: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    ignored: int = 0


class Ignored:
    """What is passed over: junk of the operating system, hidden files, and the user's patterns.

    A pattern without a slash is held against the name of a file or folder, one with a slash
    against its path. `*` stands for any characters, slashes among them. What lies in a folder
    that is ignored is ignored with it.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        bare = [pattern.removeprefix("./").rstrip("/") for pattern in patterns]
        self._names = _any_of([pattern for pattern in bare if "/" not in pattern])
        self._paths = _any_of([pattern for pattern in bare if "/" in pattern])

    def met(self, path: str, name: str) -> bool:
        """Whether a walk passes over what it meets here."""
        return is_junk(name) or self._wanted(path, name)

    def listed(self, path: str) -> bool:
        """Whether a path that a list names is passed over; only patterns count there."""
        parts = path.split("/")
        return any(self._wanted("/".join(parts[: n + 1]), part) for n, part in enumerate(parts))

    def _wanted(self, path: str, name: str) -> bool:
        return bool(
            (self._names and self._names.match(name)) or (self._paths and self._paths.match(path))
        )


def is_junk(name: str) -> bool:
    """Whether an operating system puts files of this name beside the user's."""
    return name.startswith(".") or name.casefold() in _JUNK


def walk(root: str, ignored: Ignored) -> Tree:
    """What lies below `root`; types come from the folder's own entries, without a stat each.

    Raises:
        OSError: the root itself cannot be opened.
    """
    tree = Tree()
    pending = [""]
    while pending:
        path = pending.pop()
        tree.folders[path] = folder = Folder()
        try:
            with os.scandir(os.path.join(root, path)) as entries:
                for entry in entries:
                    _place(entry, path + entry.name, tree, folder, ignored)
        except OSError as error:
            if path == "":
                raise
            tree.denied[path] = error.strerror or str(error)
        pending.extend(f"{path}{name}/" for name in folder.folders)
    return tree


def _place(
    entry: os.DirEntry[str], path: str, tree: Tree, folder: Folder, ignored: Ignored
) -> None:
    is_folder = entry.is_dir(follow_symlinks=False)
    if ignored.met(path, entry.name):
        tree.ignored += _count(entry.path) if is_folder else 1
    elif is_folder:
        folder.folders.append(entry.name)
    else:
        folder.others += 1
        if entry.is_file(follow_symlinks=False):
            tree.files.append(path)
        elif entry.is_symlink():
            tree.left_out.append(
                LeftOut(printable(path), "a symbolic link; links are not followed")
            )
        else:
            tree.left_out.append(LeftOut(printable(path), "not a regular file"))


def _count(folder: str) -> int:
    """How many files lie below a folder that is ignored, as far as it can be opened."""
    return sum(len(files) for _, _, files in os.walk(folder))


def _any_of(patterns: list[str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("|".join(translate(pattern) for pattern in patterns))
