"""training/budget.py: one budget for several trainings."""

import math

from headstart.training.budget import Budget


def epochs(*seconds: float) -> list[dict[str, float]]:
    return [{"seconds": each} for each in seconds]


def test_what_one_training_leaves_is_shared_by_those_that_follow() -> None:
    budget = Budget(60, 3)
    assert budget.share() == 20
    budget.spend(epochs(4, 6))
    assert budget.share() == 25
    budget.spend(epochs(40))  # its first epoch alone took longer
    assert budget.share() == 10
    budget.spend(epochs(11))


def test_what_is_spent_twice_leaves_nothing_and_no_end_stays_none() -> None:
    spent, endless = Budget(1, 2), Budget(math.inf, 2)
    for budget in (spent, endless):
        budget.spend(epochs(5))
    assert (spent.share(), endless.share()) == (0, math.inf)
