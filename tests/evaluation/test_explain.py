"""Heat maps as numbers: class activation and occlusion."""

import numpy as np

from headstart.evaluation.explain import CELLS, class_activation, log_odds, occluded, occlusion


def test_the_mean_of_a_class_activation_is_the_linear_layer_on_the_mean() -> None:
    chance = np.random.default_rng(0)
    maps = chance.standard_normal((7, 5, 16)).astype(np.float32)
    kernel = chance.standard_normal((16, 3)).astype(np.float32)
    found = class_activation(maps, kernel)
    assert (found.shape, found.dtype) == ((7, 5, 3), np.float32)
    np.testing.assert_allclose(found.mean(axis=(0, 1)), maps.mean(axis=(0, 1)) @ kernel, atol=1e-6)
    np.testing.assert_allclose(found[2, 4], maps[2, 4] @ kernel, rtol=1e-5)


def test_every_pixel_is_covered_and_the_photo_stays_as_it_was() -> None:
    photo = np.full((50, 50, 3), 9, np.uint8)  # cells of 6 and 7 pixels
    covered = np.array([each[:, :, 0] == 127 for each in occluded(photo, 127)])
    assert covered.shape == ((CELLS - 1) ** 2, 50, 50)
    assert (photo == 9).all()
    assert covered.any(axis=0).all()
    assert set(covered.sum(axis=(1, 2)).tolist()) <= {12 * 12, 12 * 13, 13 * 13}
    assert covered[:, 0, 0].sum() == 1  # a corner by one patch, the middle by four
    assert covered[:, 25, 25].sum() == 4


def test_an_occlusion_has_the_fall_where_the_patches_cover_what_matters() -> None:
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[16:24, 40:48] = 255  # the cell in row 2, column 5
    light = np.array([each[:, :, 0].max() == 255 for each in occluded(photo, 100)])
    after = np.stack([np.where(light, 0.9, 0.2), np.where(light, 0.1, 0.8)], axis=1)
    found = occlusion(np.array([0.9, 0.1]), after)
    assert (found.shape, found.dtype) == ((CELLS, CELLS, 2), np.float32)
    assert np.unravel_index(found[:, :, 0].argmax(), (CELLS, CELLS)) == (2, 5)
    assert abs(found[2, 5, 0] - 0.7) < 1e-6
    assert abs(found[2, 5, 1] + 0.7) < 1e-6
    assert found[7, 0].tolist() == [0, 0]


def test_log_odds_are_those_of_the_softmax_and_finite_where_it_is_one() -> None:
    logits = np.array([[0.3, -1.2, 2.0], [5, 5, 5]])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(log_odds(logits), np.log(p / (1 - p)))
    np.testing.assert_allclose(log_odds(np.array([[700.0, 0]])), [[700, -700]])
    sure = log_odds(np.array([[60.0, 0, 1]], np.float32))[0]
    assert abs(sure[0] - (60 - np.log(1 + np.e))) < 1e-6
    assert np.isfinite(log_odds(np.array([[5000.0, 0]]))).all()
