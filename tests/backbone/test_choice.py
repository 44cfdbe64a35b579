"""bfloat16 is taken where it is proved, and only there; fake engines stand for the two."""

import json
from hashlib import sha256

import numpy as np
import pytest
from fake_engine import FakeEngine, mean_colour

from headstart.backbone.choice import NEEDED, PHOTOS, Agreement, choose, compare, drawn_photos
from headstart.errors import OptionError
from headstart.store.files import cache_root


def test_the_photos_compared_are_of_every_class_and_stay_the_same_when_others_come():
    keys = [sha256(f"photo {i}".encode()).hexdigest() for i in range(120)]  # 40 of each class
    drawn = drawn_photos(keys)
    assert len(set(drawn)) == PHOTOS
    assert {i // 40 for i in drawn} == {0, 1, 2}
    largest = max(keys[i] for i in drawn)
    new = [sha256(f"new {i}".encode()).hexdigest() for i in range(20)]
    later = [*(key for key in new if key > largest), *keys]
    assert {later[i] for i in drawn_photos(later)} == {keys[i] for i in drawn}
    assert sorted(drawn_photos(keys[:5])) == [0, 1, 2, 3, 4]


class Bench:
    """The engines of a network by precision, and what was made and decoded."""

    def __init__(self, noise: float = 0.0) -> None:
        self.noise = noise
        self.made: list[str] = []
        self.decoded = 0

    def engine(self, precision):
        self.made.append(precision)
        noise = self.noise if precision == "bfloat16" else 0.0

        def compute(pixels):
            chance = np.random.default_rng(0).standard_normal((len(pixels), 3))
            return mean_colour(pixels) + (noise * chance).astype(np.float32)

        return FakeEngine(precision, precision, compute)

    def photos(self):
        self.decoded += 1
        return np.random.default_rng(1).integers(0, 256, (20, 2, 2, 3), np.uint8)

    def choose(self, wanted="auto", photos="some", bfloat16=True):
        return choose(self.engine, wanted, self.photos, photos, bfloat16=bfloat16)


def test_bfloat16_that_agrees_is_taken():
    bench = Bench()
    engine, agreement = bench.choose()
    assert engine.precision == "bfloat16"
    assert agreement == Agreement(pytest.approx(1), NEEDED, 20)


def test_bfloat16_that_does_not_agree_is_not_taken_and_the_figure_is_told():
    engine, agreement = Bench(noise=100).choose()
    assert engine.precision == "float32"
    assert agreement.cosine < NEEDED


def test_a_network_that_is_wanted_in_one_precision_is_made_in_that_alone():
    for wanted in ("float32", "bfloat16"):
        bench = Bench(noise=100)
        engine, agreement = bench.choose(wanted)
        assert (engine.precision, agreement) == (wanted, None)
        assert (bench.made, bench.decoded) == ([wanted], 0)


def test_a_processor_without_bfloat16_gets_float32_and_nothing_is_compared():
    bench = Bench()
    engine, agreement = bench.choose(bfloat16=False)
    assert (engine.precision, agreement) == ("float32", None)
    assert (bench.made, bench.decoded) == (["float32"], 0)


def test_bfloat16_is_refused_where_the_processor_has_none():
    with pytest.raises(OptionError, match="Leave the option out, or give float32"):
        Bench().choose("bfloat16", bfloat16=False)


@pytest.mark.parametrize(("noise", "made"), [(0, ["bfloat16"]), (100, ["bfloat16", "float32"])])
def test_the_same_photos_are_compared_once(noise, made):
    first = Bench(noise).choose()
    bench = Bench(noise)
    again = bench.choose()
    assert (again[0].precision, again[1]) == (first[0].precision, first[1])
    assert (bench.made, bench.decoded) == (made, 0)


def test_other_photos_are_compared_anew():
    Bench().choose(photos="some")
    bench = Bench()
    bench.choose(photos="others")
    assert bench.decoded == 1


@pytest.mark.parametrize(
    "damage", ["", "{}", "[]", '{"cosine": null, "photos": 20}', '{"cosine": "1"', "\udcff"]
)
def test_fault_71_a_kept_comparison_that_is_damaged_is_made_again(damage):
    Bench(noise=100).choose()
    (file,) = (cache_root() / "agreement").iterdir()
    whole = json.loads(file.read_text())
    file.write_bytes(damage.encode("utf-8", "surrogateescape"))
    bench = Bench(noise=100)
    engine, agreement = bench.choose()
    assert (engine.precision, bench.decoded) == ("float32", 1)
    assert json.loads(file.read_text()) == whole
    assert agreement.cosine == whole["cosine"]


def test_the_figure_is_the_least_cosine_of_the_centred_features():
    plain = np.array([[11, 10], [9, 10], [10, 11], [10, 9]], np.float32)  # the mean is (10, 10)
    turned = plain.copy()
    turned[2] = [10 + np.sin(0.5), 10 + np.cos(0.5)]  # by half a radian
    assert compare(plain, plain).cosine == pytest.approx(1)
    assert compare(plain, turned).cosine == pytest.approx(np.cos(0.5), abs=1e-5)
    raw = np.sum(plain * turned, axis=1) / np.linalg.norm(plain, axis=1)
    raw /= np.linalg.norm(turned, axis=1)
    assert raw.min() > 0.99  # what all photos share would have hidden it


@pytest.mark.parametrize(
    ("plain", "fast"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2))),
        (np.ones((3, 2)), np.ones((3, 2))),  # the same photo three times shows nothing
        (np.eye(2), np.full((2, 2), np.nan)),
        (np.eye(2), np.full((2, 2), np.inf)),
    ],
    ids=["no-photo", "one-photo-thrice", "nan", "infinity"],
)
def test_what_shows_no_agreement_does_not_count_as_one(plain, fast):
    with np.errstate(invalid="ignore"):
        found = compare(plain.astype(np.float32), fast.astype(np.float32))
    assert not found.holds
    assert np.isfinite(found.cosine)


def test_one_photo_alone_is_compared_as_it_is():
    one = np.array([[3, 4]], np.float32)
    assert compare(one, one).cosine == pytest.approx(1)
