"""Features as a network gives them, without one."""

import numpy as np
from sklearn.datasets import load_digits


def digits(n: int, d: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits below k, through a random layer of d rectified units: like pooled
    activations, the features are skewed, correlated, of differing scale, and one is constant."""
    pixels, labels = load_digits(return_X_y=True)
    pixels, labels = pixels[labels < k][:n], labels[labels < k][:n]
    layer = np.random.default_rng(0).normal(size=(64, d)) * np.geomspace(0.01, 1, d)
    features = np.maximum(pixels @ layer - 0.5, 0)
    features[:, 3] = 0.25
    return features.astype(np.float32), labels.astype(np.int64)
