import pytest

from headstart.backbone import graphs, lite0
from headstart.backbone.quiet_openvino import openvino
from headstart.errors import OutputError


@pytest.fixture(scope="module")
def tensors():
    return lite0.load_tensors()


@pytest.fixture
def make(tensors):
    """Writes a real graph, and counts how often it was asked to."""

    def write(folder):
        write.calls += 1
        model = lite0.openvino_model(tensors, 32)
        openvino.serialize(model, folder / "model.xml", folder / "model.bin")

    write.calls = 0
    return write


def test_a_graph_is_made_once(make):
    first, second = graphs.kept("key", make), graphs.kept("key", make)

    assert make.calls == 1
    assert first == second
    assert first.read().output("features").partial_shape[1].get_length() == 1280
    assert [path.name for path in first.folder.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "sha256.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_fault_71_a_damaged_graph_is_made_again(make, name, damage):
    path = graphs.kept("key", make).folder / name
    whole = path.read_bytes()
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(whole[:-5] if damage == "cut" else bytes([whole[0] ^ 1]) + whole[1:])

    graphs.kept("key", make)

    assert make.calls == 2
    assert path.read_bytes() == whole


def test_fault_70_a_graph_that_another_process_has_finished_meanwhile_is_taken(make):
    def slow(folder):
        graphs.kept("key", make)  # the other process
        make(folder)

    taken = graphs.kept("key", slow)

    assert make.calls == 2
    assert taken.read().output("features")


def test_nothing_is_kept_of_a_graph_that_could_not_be_made(make):
    def fail(folder):
        make(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        graphs.kept("key", fail)
    assert graphs.kept("key", make).folder.parent.exists()
    assert make.calls == 2


def test_fault_66_a_graph_that_was_written_short_is_not_kept(make):
    def full_disk(folder):
        make(folder)
        (folder / "model.bin").write_bytes(b"")

    with pytest.raises(OutputError, match="HEADSTART_CACHE_DIR"):
        graphs.kept("key", full_disk)


def test_fault_67_a_cache_that_cannot_be_written_is_named(make, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path / "file"))

    with pytest.raises(OutputError, match="file"):
        graphs.kept("key", make)
    assert make.calls == 0
