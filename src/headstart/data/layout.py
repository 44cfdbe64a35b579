"""Where the labels of a folder of photos stand: in folder names, or in file names."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headstart.data.walk import Tree
from headstart.errors import OptionError, SourceError, few
from headstart.sets import Side
from headstart.store.files import printable

_SPLITS: dict[str, Side] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
# test1, train_images, val2017: may be a split, or a class such as test_passed
_alike = re.compile(f"({'|'.join(_SPLITS)})(set|data|images)?([^a-z].*)?", re.IGNORECASE).fullmatch


class Place(NamedTuple):
    """What a file's path says of it."""

    label: str
    split: Side | None


@dataclass(frozen=True)
class Layout:
    """How labels and splits are read from the paths of a tree.

    Attributes:
        roots: the folders, slash at the end, in which class folders stand (or, with a
            pattern, photos at any depth), and the split that each of them means.
        pattern: finds the label in a path, in place of class folders.
    """

    roots: dict[str, Side | None]
    pattern: re.Pattern[str] | None

    def place(self, path: str) -> Place | str:
        """Label and split of a file, or why it has none."""
        root = next((root for root in self.roots if path.startswith(root)), None)
        if self.pattern is None:
            name, below, _ = path[len(root or "") :].partition("/")
            if root is None or not below:
                return "in no class folder"
            return Place(printable(name), self.roots[root])
        if root is None:
            return "beside the split folders"
        match = self.pattern.search(path)
        if match is None or not match["label"]:
            return "no label found by --label-pattern"
        return Place(printable(match["label"]), self.roots[root])

    def classes(self, tree: Tree) -> set[str]:
        """The classes that have a folder, be it empty."""
        if self.pattern is not None:
            return set()
        return {printable(name) for root in self.roots for name in tree.folders[root].folders}

    def holds_a_class(self, folder: str) -> bool:
        """Whether a folder, slash at the end, is all that there is of a class, or more."""
        above = folder[: folder.rstrip("/").rfind("/") + 1]
        return folder in self.roots or (self.pattern is None and above in self.roots)


def find_layout(tree: Tree, label_pattern: str | None, where: str) -> Layout:
    """The layout of a tree, seen through folders that hold nothing but one other folder.

    Raises:
        OptionError: the pattern is not a regular expression with a group `label`.
        SourceError: some folders look like splits and others do not, and neither the pattern
            nor what lies in them tells that they are classes.
    """
    pattern = None if label_pattern is None else _compiled(label_pattern)
    base = _unwrapped(tree, pattern is not None)
    names = tree.folders[base].folders
    if names and all(name.casefold() in _SPLITS for name in names):
        return Layout(_split_roots(tree, base, where), pattern)
    alike = sorted(filter(_alike, names))
    if alike and _may_be_splits(tree, base, alike, pattern):
        others = sorted(name for name in names if name.casefold() not in _SPLITS)
        raise SourceError(
            f"some of its folders look like splits ({quoted(alike)}), but not all are.",
            where=where,
            mend="Name split folders train, validation and test, and pass over what else is "
            f"there: --ignore {quoted(others[:1])}. Or, if they are classes: "
            "--label-pattern '(?P<label>[^/]+)/'.",
        )
    return Layout({base: None}, pattern)


def _may_be_splits(
    tree: Tree, base: str, alike: Sequence[str], pattern: re.Pattern[str] | None
) -> bool:
    """Whether folders that are named like splits may be some, beside others that are none."""
    if pattern is not None:  # what it takes for a label is one
        found = {match["label"] for path in tree.files if (match := pattern.search(path))}
        return not found.issuperset(alike)
    if set.intersection(*(set(tree.folders[f"{base}{name}/"].folders) for name in alike)):
        return True  # cat and dog in each of them
    # bus, car, train; test_passed, test_failed: but train_images, test_images are two splits
    meant = {_SPLITS[match[1].casefold()] for name in alike if (match := _alike(name))}
    return len(meant) > 1 or (len(alike) > 1 and any(name.casefold() in _SPLITS for name in alike))


def _unwrapped(tree: Tree, patterned: bool) -> str:
    """The folder whose folders are classes or splits, below any that only wrap another one.

    A folder that stands alone is a wrapping: as a class it would be the only one.
    """
    base = ""
    while len(tree.folders[base].folders) == 1:
        (name,) = tree.folders[base].folders
        inner = f"{base}{name}/"
        if name.casefold() in _SPLITS:
            break
        if tree.folders[base].others if patterned else not tree.folders[inner].folders:
            break
        base = inner
    return base


def _split_roots(tree: Tree, base: str, where: str) -> dict[str, Side | None]:
    roots: dict[str, Side | None] = {}
    for name in tree.folders[base].folders:
        root = f"{base}{name}/"
        if tree.folders[root].folders == [name]:  # train/train/, as some archives unpack
            root += f"{name}/"
        roots[root] = _SPLITS[name.casefold()]
    for split, count in Counter(roots.values()).items():
        if count > 1:
            same = sorted(root.rstrip("/") for root in roots if roots[root] == split)
            raise SourceError(
                f"{quoted(same)} all mean the {split} split.",
                where=where,
                mend="Put their class folders together, or pass one over with --ignore.",
            )
    return roots


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise pattern_error(f"{pattern!r} is not a regular expression ({error}).") from error
    if "label" not in compiled.groupindex:
        raise pattern_error(f"{pattern!r} has no group named label.")
    return compiled


def pattern_error(problem: str) -> OptionError:
    """What is wrong with a label pattern, with a good one as the mend."""
    return OptionError(
        problem,
        where="--label-pattern",
        mend=r"An example, for cat.0.jpg: '(?P<label>[a-z]+)\.\d+'.",
    )


def wanted(files: Sequence[str]) -> str:
    """The layouts that are known here, as a mend, with a pattern that fits these files."""
    pattern = _suggested(files)
    named = f"File names seem to hold the label: add --label-pattern '{pattern}'. Else g"
    return (
        (named if pattern else "G") + "ive every class a folder of its own:\n"
        "    photos/\n"
        "    ├── cat/   1.jpg  2.jpg ...\n"
        "    └── dog/   3.jpg  4.jpg ...\n"
        "or put such class folders into train/, validation/ and test/"
        + ("." if pattern else ", or say how names hold labels with --label-pattern.")
    )


_NUMBERED = (  # cat.0.jpg, great_dane_12.jpg, cat-3.jpg, cat (4).jpg, cat5.jpg
    r"(?P<label>[^/]+)\.\d+\.\w+$",
    r"(?P<label>[^/]+)_\d+\.\w+$",
    r"(?P<label>[^/]+)-\d+\.\w+$",
    r"(?P<label>[^/]+?) ?\(\d+\)\.\w+$",
    r"(?P<label>[^/\d]+)\d+\.\w+$",
)


def _suggested(files: Sequence[str]) -> str | None:
    """A label pattern that fits nearly all of these paths and finds several photos a label."""
    for pattern in _NUMBERED:
        search = re.compile(pattern).search
        labels = Counter(match["label"] for path in files if (match := search(path)))
        if labels.total() >= 0.9 * len(files) and 2 <= len(labels) <= labels.total() / 2:
            return pattern
    return None


def quoted(names: Sequence[str]) -> str:
    """Names in quotes as a sentence lists them."""
    return few([repr(printable(name)) for name in names])
