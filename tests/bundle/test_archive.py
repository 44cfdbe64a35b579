"""A bundle as a whole: written, read back, damaged in every way."""

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import tiny_bundle
from msgspec import structs

from headstart.bundle import archive
from headstart.bundle.refusal import Refused
from headstart.errors import ModelError, OutputError

FORMAT_1 = Path(__file__).parent / "fixtures" / "format_1.headstart"


def test_what_was_written_is_read(tmp_path, members):
    path = tmp_path / "model.headstart"
    written = archive.write(path, tiny_bundle.manifest(), members)
    found = archive.read(path)
    assert found.manifest == written
    assert {name: bytes(content) for name, content in found.members.items()} == members
    assert all(content.readonly for content in found.members.values())
    assert structs.replace(written, entries={}, tensors={}) == tiny_bundle.manifest()
    assert written.entries["model.bin"].sha256 == hashlib.sha256(members["model.bin"]).hexdigest()
    assert written.tensors["weights.safetensors"]["head.kernel"].shape == (4, 3)


def test_an_optimizer_has_its_own_tensors(tmp_path, members):
    path = tmp_path / "model.headstart"
    moments = safetensors.numpy.save({"step": np.array(7, np.int64)})
    archive.write(path, tiny_bundle.manifest(), {**members, "optimizer.safetensors": moments})
    found = archive.read(path)
    assert bytes(found.members["optimizer.safetensors"]) == moments
    assert found.manifest.tensors["optimizer.safetensors"]["step"].dtype == "I64"


def test_the_same_content_gives_the_same_bytes(tmp_path, members, bundle_bytes):
    files = {}
    for name, content in reversed(members.items()):  # another order, and files instead of bytes
        files[name] = tmp_path / name
        files[name].write_bytes(content)
    path = tmp_path / "again.headstart"
    archive.write(path, tiny_bundle.manifest(), files)
    assert path.read_bytes() == bundle_bytes


def test_any_zip_program_can_read_a_bundle(bundle, members):
    with zipfile.ZipFile(bundle) as file:
        assert file.testzip() is None
        assert file.namelist() == ["manifest.json", *members]
        assert {name: file.read(name) for name in members} == members


def test_arrays_can_be_used_where_they_lie(bundle):
    for content in archive.read(bundle).members.values():
        assert np.frombuffer(content, np.uint8).ctypes.data % 64 == 0


def test_the_views_outlive_the_name_of_the_file(bundle, members):
    found = archive.read(bundle)
    bundle.unlink()
    assert bytes(found.members["model.bin"]) == members["model.bin"]


def test_the_graph_in_a_bundle_predicts_what_the_head_says(bundle):
    found = archive.read(bundle)
    answer = tiny_bundle.predict(bytes(found.members["model.xml"]), found.members["model.bin"])
    trained = tiny_bundle.weights()
    wanted = answer["features"] @ trained["head.kernel"] + trained["head.bias"]
    np.testing.assert_allclose(answer["logits"], wanted, rtol=1e-5, atol=1e-5)


def test_fault_53_a_bundle_of_format_1_opens_and_predicts_as_it_did():
    found = archive.read(FORMAT_1)
    assert found.manifest.classes == ("cat", "dog", "ñandú")
    answer = tiny_bundle.predict(bytes(found.members["model.xml"]), found.members["model.bin"])
    wanted = [[-0.8571371, 1.3507779, 0.49147257], [0.30575886, 1.1166558, 1.6552099]]
    np.testing.assert_allclose(answer["logits"], wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("missing", ["model.xml", "model.bin", "weights.safetensors"])
def test_a_bundle_without_its_network_or_its_head_is_not_written(tmp_path, members, missing):
    rest = {name: content for name, content in members.items() if name != missing}
    with pytest.raises(ValueError, match="at least the first three"):
        archive.write(tmp_path / "model.headstart", tiny_bundle.manifest(), rest)
    assert list(tmp_path.iterdir()) == []


def test_an_entry_of_another_name_is_not_written(tmp_path, members):
    with pytest.raises(ValueError, match=r"notes\.txt"):
        archive.write(
            tmp_path / "model.headstart", tiny_bundle.manifest(), {**members, "notes.txt": b"!"}
        )


def test_a_manifest_that_could_not_be_read_again_is_not_written(tmp_path, members):
    large = structs.replace(tiny_bundle.manifest(), versions={"text": "x" * (1 << 20)})
    with pytest.raises(ValueError, match="manifest"):
        archive.write(tmp_path / "model.headstart", large, members)
    assert list(tmp_path.iterdir()) == []


def test_damaged_tensors_are_not_written(tmp_path, members):
    with pytest.raises(Refused):
        archive.write(
            tmp_path / "model.headstart",
            tiny_bundle.manifest(),
            {**members, "weights.safetensors": members["weights.safetensors"][:-1]},
        )
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_refuses_the_write_is_named(tmp_path, members):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        archive.write(tmp_path / "file" / "model.headstart", tiny_bundle.manifest(), members)


def test_fault_49_any_bit_flipped_is_noticed(bundle, bundle_bytes, members):
    """Every bit of the zip structure, and one bit of each byte of the entries."""
    with zipfile.ZipFile(bundle) as file:
        contents = {"manifest.json": file.read("manifest.json"), **members}
    spans = {}
    for name, content in contents.items():
        start = bundle_bytes.index(content)
        spans |= dict.fromkeys(range(start, start + len(content)), name)
    with open(bundle, "r+b", buffering=0) as file:
        for position, byte in enumerate(bundle_bytes):
            entry = spans.get(position)
            for bit in [position % 8] if entry else range(8):
                os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), position)
                with pytest.raises(ModelError) as caught:
                    archive.read(bundle)
                assert caught.value.where.startswith(str(bundle))
                if entry:
                    assert caught.value.where == f"{bundle}: {entry}"
            os.pwrite(file.fileno(), bytes([byte]), position)
    archive.read(bundle)


def test_fault_49_a_bundle_cut_short_anywhere_is_noticed(bundle, bundle_bytes):
    for length in range(len(bundle_bytes) - 1, -1, -1):
        os.truncate(bundle, length)
        with pytest.raises(ModelError):
            archive.read(bundle)


@pytest.mark.parametrize("extra", [b"\0", b"PK\x05\x06" + bytes(18)])
def test_fault_49_something_added_at_the_end_is_noticed(bundle, bundle_bytes, extra):
    bundle.write_bytes(bundle_bytes + extra)
    with pytest.raises(ModelError):
        archive.read(bundle)


def test_fault_51_a_graph_that_is_not_the_hashed_one_is_refused(tmp_path, bundle, members):
    other = tmp_path / "other.headstart"
    changed = members["model.xml"].replace(b'auto_pad="explicit"', b'auto_pad="valid___"')
    assert changed != members["model.xml"]
    archive.write(other, tiny_bundle.manifest(), {**members, "model.xml": changed})
    ours, theirs = archive.read(bundle).manifest, archive.read(other).manifest
    claims = [each.entries["model.xml"].sha256.encode() for each in (theirs, ours)]
    bundle.write_bytes(_with_manifest(other, *claims))
    with pytest.raises(ModelError, match="SHA-256") as caught:
        archive.read(bundle)
    assert caught.value.where == f"{bundle}: model.xml"


def _with(record: Any, changes: dict[str, Any]) -> Any:
    """A copy of a record with some of its fields, or of theirs, changed."""
    made = {
        name: _with(getattr(record, name), change) if isinstance(change, dict) else change
        for name, change in changes.items()
    }
    return structs.replace(record, **made)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"classes": ("cat", "dog")}, "output 'logits' is f32 .*3.*manifest says f32 .*2"),
        (
            {"input": {"size": 16}, "network": {"backbone": {"size": 16}}},
            "input 'pixels' is u8",
        ),
        ({"network": {"backbone": {"features": 5}}}, "output 'features' is f32"),
    ],
)
def test_fault_51_a_graph_that_is_not_the_one_in_the_manifest_is_refused(
    tmp_path, members, changes, words
):
    manifest = _with(tiny_bundle.manifest(), changes)
    path = tmp_path / "model.headstart"
    head = {name: np.zeros(spec.shape, np.float32) for name, spec in manifest.weights().items()}
    archive.write(path, manifest, {**members, "weights.safetensors": safetensors.numpy.save(head)})
    with pytest.raises(ModelError, match=words) as caught:
        archive.read(path)
    assert caught.value.where == f"{path}: model.xml"


def test_fault_51_tensors_that_the_manifest_does_not_list_are_refused(bundle):
    bundle.write_bytes(_with_manifest(bundle, b'"shape":[4,3]', b'"shape":[3,4]'))
    with pytest.raises(ModelError, match="not those that the manifest lists") as caught:
        archive.read(bundle)
    assert caught.value.where == f"{bundle}: weights.safetensors"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"head.kernel": np.zeros((3, 4), np.float32)}, r"is F32 \[3,4\].* needs F32 \[4,3\]"),
        ({"head.kernel": np.zeros((4, 3), np.float64)}, r"is F64 \[4,3\].* needs F32 \[4,3\]"),
        ({"head.bias": np.zeros(4, np.float32)}, r"'head.bias' is F32 \[4\].* needs F32 \[3\]"),
        ({"head.bias": None}, r"'head.bias' is missing; .* needs F32 \[3\]"),
        ({"more": np.zeros(1, np.float32)}, "'more' has no place in a logistic head"),
    ],
)
def test_fault_51_weights_that_are_not_those_of_the_head_are_refused(
    tmp_path, members, changes, words
):
    tensors = safetensors.numpy.load(members["weights.safetensors"]) | changes
    weights = safetensors.numpy.save({k: v for k, v in tensors.items() if v is not None})
    path = tmp_path / "model.headstart"
    archive.write(path, tiny_bundle.manifest(), {**members, "weights.safetensors": weights})
    with pytest.raises(ModelError, match=words) as caught:
        archive.read(path)
    assert caught.value.where == f"{path}: weights.safetensors"


def test_fault_51_a_manifest_that_lists_other_entries_is_refused(bundle):
    bundle.write_bytes(_with_manifest(bundle, b'"model.bin":{', b'"model_bin":{'))
    with pytest.raises(ModelError, match="model_bin") as caught:
        archive.read(bundle)
    assert caught.value.where == f"{bundle}: manifest.json"


def test_fault_53_a_newer_format_asks_for_an_update(bundle):
    bundle.write_bytes(_with_manifest(bundle, b'"format":3', b'"format":4'))
    with pytest.raises(ModelError, match=r"format 4.*up to 3\. Update headstart"):
        archive.read(bundle)


def test_fault_48_a_resize_that_does_not_exist_is_refused_with_its_field(bundle):
    bundle.write_bytes(_with_manifest(bundle, b'"squash"', b'"squish"'))
    with pytest.raises(ModelError, match=r"input\.resize: Invalid enum value 'squish'"):
        archive.read(bundle)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in the file system")
def test_fault_52_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "model.headstart"
    os.mkfifo(path)
    with pytest.raises(ModelError, match="not a regular file"):
        archive.read(path)


def test_a_file_that_is_not_there_or_empty_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be opened"):
        archive.read(tmp_path / "nothing")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(ModelError, match="is empty"):
        archive.read(tmp_path / "empty")


def _with_manifest(path: Path, old: bytes, new: bytes) -> bytes:
    """A bundle in which the manifest says something else and every checksum fits."""
    from zlib import crc32

    from headstart.bundle import stored_zip

    with zipfile.ZipFile(path) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    assert contents["manifest.json"].count(old) == 1
    contents["manifest.json"] = contents["manifest.json"].replace(old, new)
    before, after = stored_zip.headers(
        [stored_zip.Member(name, len(data), crc32(data)) for name, data in contents.items()]
    )
    parts = [part for pair in zip(before, contents.values(), strict=True) for part in pair]
    return b"".join([*parts, after])
