"""Features: each photo is computed once in its life, and never from anything but its content."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from fake_engine import FakeEngine, mean_colour
from photos import put_colours, put_digits

from headstart import features
from headstart.data.pixels import decode
from headstart.data.samples import Sample
from headstart.errors import SourceError
from headstart.events import Event, Notice, Progress
from headstart.store.files import cache_root


def samples_of(paths: Sequence[Path]) -> list[Sample]:
    return [Sample(str(path), path.name, "any", None) for path in paths]


def compute(paths, engine=None, size=8, resize="squash", listen=lambda _event: None):
    samples = samples_of(paths)
    keys, _, faults = features.fingerprint(samples)
    assert not faults
    return features.compute(samples, keys, engine or FakeEngine(), size, resize, listen)


def segments() -> list[Path]:
    return sorted((cache_root() / "features").rglob("*.rows"))


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return put_colours(tmp_path / "photos", "some", 30)


def test_rows_are_the_engines_answers_in_the_order_of_the_photos(photos):
    pixels = np.stack([decode(path.read_bytes(), 8, "squash") for path in photos])
    found = compute(photos)
    assert found.rows.dtype == np.float32
    np.testing.assert_array_equal(found.rows, mean_colour(pixels))
    assert (found.computed, found.unreadable, found.damaged) == (30, {}, 0)


def test_a_photo_is_computed_once_in_its_life(photos):
    engine, heard = FakeEngine(), []
    first = compute(photos, engine)
    again = compute(photos, engine, listen=heard.append)
    assert (again.computed, engine.photos, heard) == (0, 30, [])
    np.testing.assert_array_equal(again.rows, first.rows)


def test_ten_new_photos_cost_ten(photos, tmp_path):
    engine = FakeEngine()
    compute(photos, engine)
    new = put_colours(tmp_path / "photos", "new", 10)
    found = compute(new[:5] + photos + new[5:], engine)
    assert (found.computed, engine.photos) == (10, 40)
    np.testing.assert_array_equal(found.rows[5:35], compute(photos).rows)


def test_a_photo_that_was_moved_or_renamed_costs_nothing(photos, tmp_path):
    rows = compute(photos).rows
    moved = [path.rename(tmp_path / f"other-{i}.jpg") for i, path in enumerate(photos)]
    found = compute(moved)
    assert found.computed == 0
    np.testing.assert_array_equal(found.rows, rows)


def test_copies_cost_one(photos, tmp_path):
    copy = tmp_path / "copy.png"
    copy.write_bytes(photos[0].read_bytes())
    engine = FakeEngine()
    found = compute([*photos, copy], engine)
    assert (found.computed, engine.photos) == (30, 30)
    np.testing.assert_array_equal(found.rows[-1], found.rows[0])


@pytest.mark.parametrize(
    "change", [{"size": 16}, {"resize": "pad"}, {"engine": FakeEngine("of another version")}]
)
def test_fault_71_features_of_another_engine_or_preprocessing_are_not_taken(photos, change):
    compute(photos)
    assert compute(photos, **change).computed == 30
    assert compute(photos, **change).computed == 0


def test_unreadable_photos_are_named_with_their_reasons_and_the_rest_goes_on(photos):
    photos[3].write_text("<html>")
    photos[17].write_bytes(photos[17].read_bytes()[:60])
    found = compute(photos)
    assert found.unreadable.keys() == {3, 17}
    assert found.unreadable[3].startswith("not an image")
    assert found.computed == 28
    assert not found.rows[[3, 17]].any()
    np.testing.assert_array_equal(found.rows[4:17], compute(photos[4:17]).rows)
    assert compute(photos).unreadable == found.unreadable  # and again the next time


def test_progress_begins_with_what_is_kept_and_ends_with_all(photos, tmp_path):
    compute(photos)
    new = put_colours(tmp_path / "photos", "new", 20)
    heard: list[Event] = []
    compute(photos + new, listen=heard.append)
    assert heard[0] == Progress("features", 30, 50)
    assert heard[-1] == Progress("features", 50, 50)
    assert [event.done for event in heard] == sorted(event.done for event in heard)


def test_what_was_computed_before_an_interruption_is_kept(photos):
    heard = []

    def stop(event: Event) -> None:
        heard.append(event.done)
        if event.done >= 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(photos, listen=stop)
    engine = FakeEngine()
    assert compute(photos, engine).computed == engine.photos == 30 - heard[-1]
    assert 0 < engine.photos <= 14


def test_what_was_computed_is_kept_every_few_hundred_photos(tmp_path):
    photos = put_colours(tmp_path, "many", 600)
    kept = []
    compute(photos, listen=lambda event: kept.append((event.done, len(segments()))))
    assert kept[0] == (0, 0)
    assert {n for done, n in kept if done == 300} == {1}
    assert len(segments()) == 3


def test_fault_27_a_photo_that_changes_after_it_was_listed_is_an_error(photos):
    def overwrite(event: Event) -> None:
        if event.done == 0:
            photos[20].write_bytes(photos[0].read_bytes())

    with pytest.raises(SourceError, match=r"20\.png: changed .* Start again") as caught:
        compute(photos, listen=overwrite)
    assert caught.value.exit_code == 2
    assert compute(photos).computed <= 29  # what had been computed by then is right, and kept


def test_fault_27_a_photo_that_vanishes_after_it_was_listed_is_an_error(photos):
    def remove(event: Event) -> None:
        if event.done == 0:
            photos[20].unlink()

    with pytest.raises(SourceError, match=r"20\.png: changed or was removed"):
        compute(photos, listen=remove)


@pytest.mark.parametrize(
    ("damage", "damaged", "lost"), [("row", 1, 1), ("key", 0, 1), ("start", 1, 30), ("cut", 1, 30)]
)
def test_fault_71_damaged_entries_are_computed_again_and_counted_once(
    photos, damage, damaged, lost
):
    rows = compute(photos).rows
    (segment,) = segments()
    content = bytearray(segment.read_bytes())
    if damage == "cut":
        del content[-20:]
    else:
        key, _, _ = features.fingerprint(samples_of(photos[-1:]))
        where = {
            "row": content.index(rows[-1].tobytes()),
            "key": content.index(bytes.fromhex(key[0])),
            "start": 8,
        }
        content[where[damage]] ^= 0x10
    segment.write_bytes(content)

    found = compute(photos)

    np.testing.assert_array_equal(found.rows, rows)
    assert (found.damaged, found.computed) == (damaged, lost)
    again = compute(photos)
    assert (again.damaged, again.computed) == (0, 0)


def test_fault_67_a_cache_that_cannot_be_written_is_a_notice_that_names_it(tmp_path, monkeypatch):
    photos = put_colours(tmp_path / "photos", "some", 300)  # more than are kept at once
    expected = compute(photos).rows
    (tmp_path / "in-the-way").touch()
    monkeypatch.setenv("HEADSTART_CACHE_DIR", str(tmp_path / "in-the-way"))
    heard = []
    found = compute(photos, listen=heard.append)
    np.testing.assert_array_equal(found.rows, expected)
    (notice,) = [event.text for event in heard if isinstance(event, Notice)]
    assert notice.startswith("Features are not kept for the next time. ")
    assert str(tmp_path / "in-the-way") in notice


def test_what_goes_wrong_in_the_engine_comes_out(photos):
    def fail(_pixels):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        compute(photos, FakeEngine(compute=fail))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_name_their_photo_and_are_not_kept(photos, bad):
    dark = min(photos, key=lambda path: decode(path.read_bytes(), 8, "squash").mean())
    least = decode(dark.read_bytes(), 8, "squash").mean()

    def broken(pixels):
        rows = mean_colour(pixels)
        rows[pixels.mean(axis=(1, 2, 3)) == least, 1] = bad
        return rows

    with pytest.raises(SourceError, match="are not finite numbers") as caught:
        compute(photos, FakeEngine(compute=broken))
    assert caught.value.where == dark.name
    whole = FakeEngine()
    assert np.isfinite(compute(photos, whole).rows).all()
    assert whole.photos > 0


def test_a_fingerprint_is_the_sha256_of_the_file(tmp_path):
    put_digits(tmp_path, range(5), "{number}.png")
    paths = sorted(tmp_path.iterdir())
    (tmp_path / "folder.png").mkdir()
    keys, _, faults = features.fingerprint(
        samples_of([*paths, tmp_path / "gone.png", tmp_path / "folder.png"])
    )
    assert keys == [sha256(path.read_bytes()).hexdigest() for path in paths] + ["", ""]
    assert faults.keys() == {5, 6}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_file_that_turned_into_a_pipe_does_not_hold_the_fingerprint_up(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    keys, _, faults = features.fingerprint(samples_of([tmp_path / "pipe.jpg"]))
    assert keys == [""]
    assert "regular file" in faults[0]
