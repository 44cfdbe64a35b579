"""Write and read a bundle: one zip file that is verified whole before any of it is used.

The hashes catch damage. They do not tell who wrote the file; against that stands that
nothing in it is code, and that the graph is held to `graph_check`.
"""

import hashlib
import mmap
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from headstart.bundle import stored_zip
from headstart.bundle.graph_check import check_graph
from headstart.bundle.locate import not_usable, refuse_foreign
from headstart.bundle.manifest import Entry, Manifest
from headstart.bundle.refusal import Refused
from headstart.bundle.stored_zip import Member
from headstart.bundle.strict_json import SIZE_LIMIT
from headstart.bundle.tensor_check import check_weights, tensor_specs
from headstart.errors import ModelError
from headstart.store.files import new_file, printable

MANIFEST = "manifest.json"
ENTRIES = ("model.xml", "model.bin", "weights.safetensors", "optimizer.safetensors")
REQUIRED = frozenset(("model.xml", "model.bin", "weights.safetensors"))


@dataclass(frozen=True, slots=True)
class Archive:
    """A verified bundle.

    Attributes:
        path: the file.
        manifest: what it says about itself.
        members: every other entry's bytes, read-only views of the mapped file, which stays
            mapped for as long as one of them is in use. Whoever hands one to OpenVINO
            without a copy must keep it: OpenVINO does not, and reads on.
    """

    path: Path
    manifest: Manifest
    members: Mapping[str, memoryview]


def write(path: Path, manifest: Manifest, members: Mapping[str, bytes | Path]) -> Manifest:
    """Write a bundle to `path`, whole or not at all; the same content gives the same bytes.

    Args:
        path: where it goes; what stands there is replaced.
        manifest: its `entries` and `tensors` are not looked at.
        members: the content of each entry, or the file that holds it.

    Returns:
        The manifest as written, with entries and tensors.

    Raises:
        OutputError: the place refuses the write.
        Refused: a safetensors entry is not one.
        ValueError: an entry is missing or unknown, or the manifest passes 1 MB, or the file 4 GiB.
    """
    if not REQUIRED <= members.keys() <= set(ENTRIES):
        raise ValueError(f"a bundle has {ENTRIES}, at least the first three; not {sorted(members)}")
    with ExitStack() as stack:
        contents: dict[str, memoryview] = {}
        for name in ENTRIES:
            if name in members:
                contents[name] = _content(members[name], stack)
        entries = {name: _entry(content) for name, content in contents.items()}
        tensors = {
            name: tensor_specs(content)
            for name, content in contents.items()
            if name.endswith(".safetensors")
        }
        manifest = structs.replace(manifest, entries=entries, tensors=tensors)
        document = manifest.to_bytes()
        if len(document) > SIZE_LIMIT:
            raise ValueError(f"the manifest has {len(document):,} bytes, over {SIZE_LIMIT:,}")
        whole: dict[str, memoryview] = {MANIFEST: memoryview(document), **contents}
        before, after = stored_zip.headers(
            [Member(name, len(content), zlib.crc32(content)) for name, content in whole.items()]
        )
        size = sum(map(len, [*before, *whole.values(), after]))
        with new_file(path, size) as file:
            for header, content in zip(before, whole.values(), strict=True):
                file.write(header)
                file.write(content)
            file.write(after)
    return manifest


def read(path: Path) -> Archive:
    """Read a bundle and verify all of it: structure, hashes, tensors, graph.

    Costs one pass over the file; entries stay in the mapped file and are not copied. So the
    file may be replaced or removed meanwhile (not on Windows), but never shortened in place.

    Raises:
        ModelError: the file is not a bundle, is damaged, or is of a newer format; it names
            the entry at fault.
    """
    data = _mapped(path)
    refuse_foreign(path, bytes(data[:256]))
    with blaming(path):
        found = stored_zip.read(data, (MANIFEST, *ENTRIES))
        contents = {member.name: content for member, content in found.items()}
        missing = sorted(({MANIFEST} | REQUIRED) - contents.keys())
        if missing:
            raise Refused(f"it has no {' and no '.join(missing)}.")
    with blaming(path, MANIFEST):
        manifest = _manifest(next(iter(found)), contents.pop(MANIFEST))
        if manifest.entries.keys() != contents.keys():
            raise Refused(f"it lists {sorted(manifest.entries)}; there are {sorted(contents)}.")
    for name, content in contents.items():
        with blaming(path, name):
            _check_entry(name, content, manifest)
    with blaming(path, "model.xml"):
        check_graph(
            bytes(contents["model.xml"]),
            len(contents["model.bin"]),
            inputs=manifest.inputs(),
            outputs=manifest.outputs(),
        )
    return Archive(path, manifest, contents)


def _manifest(member: Member, content: memoryview) -> Manifest:
    """The manifest holds the hashes of the others; its own guard is the zip file's CRC-32."""
    if member.size > SIZE_LIMIT:
        raise Refused(f"it has {member.size:,} bytes, more than the {SIZE_LIMIT:,} allowed.")
    if zlib.crc32(content) != member.crc:
        raise Refused("its checksum does not fit its content.")
    return Manifest.from_bytes(bytes(content))


def _check_entry(name: str, content: memoryview, manifest: Manifest) -> None:
    if _entry(content) != manifest.entries[name]:
        raise Refused("its content does not fit the SHA-256 in the manifest.")
    specs = tensor_specs(content) if name.endswith(".safetensors") else {}
    if specs != manifest.tensors.get(name, {}):
        raise Refused("its tensors are not those that the manifest lists.")
    if name == "weights.safetensors":
        check_weights(specs, manifest)


def _entry(content: memoryview) -> Entry:
    return Entry(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _content(given: bytes | Path, stack: ExitStack) -> memoryview:
    """The bytes given, or those of the file given, mapped until the stack unwinds."""
    if isinstance(given, bytes):
        return memoryview(given)
    with open(given, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    stack.callback(mapped.close)
    return stack.enter_context(memoryview(mapped))


def _mapped(path: Path) -> memoryview:
    """A read-only view of the file at `path`, which must be a regular one."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise not_usable(path, "is not a regular file.")
            if status.st_size == 0:
                raise not_usable(path, "is empty.")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise not_usable(path, f"cannot be opened ({error.strerror or error}).") from error


def _without_waiting(path: str, flags: int) -> int:
    """Open; a pipe without a writer does not hold us up (Windows knows no such pipes)."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextmanager
def blaming(path: Path, entry: str | None = None) -> Iterator[None]:
    """Give a refusal the file and the entry at fault.

    Raises:
        ModelError: where `Refused` was raised.
    """
    try:
        yield
    except Refused as refusal:
        place = printable(str(path)) + (f": {entry}" if entry else "")
        raise ModelError(refusal.reason, where=place, mend=refusal.mend) from refusal
