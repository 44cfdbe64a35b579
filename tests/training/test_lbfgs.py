import numpy as np
import pytest
from scipy.optimize import minimize

from headstart.training.lbfgs import minimise


def quadratic(condition: float, n: int = 30):
    """A convex parabola with axes of lengths up to `condition`, and where it is least."""
    random = np.random.default_rng(0)
    axes = np.linalg.qr(random.standard_normal((n, n)))[0]
    matrix = axes * np.geomspace(1, condition, n) @ axes.T
    least = random.standard_normal(n)

    def function(x):
        slope = matrix @ (x - least)
        return float((x - least) @ slope) / 2, slope

    return function, least


@pytest.mark.parametrize("condition", [1, 100, 10_000])
def test_the_minimum_of_a_parabola_is_found(condition):
    function, least = quadratic(condition)
    found = minimise(function, np.zeros(30), 1e-15)
    assert found == pytest.approx(least, abs=1e-5)


def test_a_start_at_the_minimum_is_left_alone():
    function, least = quadratic(10)
    assert minimise(function, least, 1e-10) is least


def test_it_finds_what_scipy_finds_on_a_sum_of_exponentials():
    random = np.random.default_rng(1)
    slopes = random.standard_normal((50, 8))

    def function(x):
        terms = np.exp(slopes @ x)
        return float(terms.sum()), slopes.T @ terms

    start = np.full(8, 3.0)  # where the function is 1e9 times its minimum
    scipys = minimize(function, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
    assert minimise(function, start, 1e-15) == pytest.approx(scipys.x, abs=1e-5)


def test_rounding_in_the_function_ends_the_search_and_does_not_hang_it():
    exact, least = quadratic(100)

    def rounded(x):
        value, slope = exact(x)
        return float(np.float32(value)), slope.astype(np.float32).astype(np.float64)

    assert minimise(rounded, np.zeros(30), 0.0) == pytest.approx(least, abs=1e-2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_function_that_is_not_finite_at_the_start_is_refused_and_does_not_hang_it(bad):
    for value, slope in ((bad, np.ones(3)), (1.0, np.array([1.0, bad, 1.0]))):
        with pytest.raises(ArithmeticError, match="not finite where the search begins"):
            minimise(lambda _, value=value, slope=slope: (value, slope), np.zeros(3), 1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_where_a_function_is_not_finite_the_search_does_not_go(bad):
    function, least = quadratic(100)

    def walled(x):
        value, slope = function(x)
        return (value, slope) if np.linalg.norm(x) < 9 else (bad, np.full(30, bad))

    assert np.linalg.norm(least) < 9
    found = minimise(walled, np.full(30, -1.5), 1e-15)
    assert found == pytest.approx(least, abs=1e-5)


def test_the_same_search_gives_the_same_bits():
    function, _ = quadratic(1000)
    first, second = (minimise(function, np.ones(30), 1e-12) for _ in range(2))
    assert first.tobytes() == second.tobytes()
