"""The samples behind the cells of a confusion matrix."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from headstart.report.confused import behind, dealt
from headstart.report.predictions import Prediction

CLASSES = ["cat", "dog"]


def rows(true: str, called: str, n: int) -> list[Prediction]:
    """Predictions whose sureness rises with their number."""
    return [Prediction(f"{true}{i}", true, called, 0.0, 0.5 + i / (2 * n + 2)) for i in range(n)]


ALL = [*rows("cat", "cat", 30), *rows("cat", "dog", 5), *rows("dog", "dog", 20)]


def test_every_cell_that_is_not_empty_has_its_samples() -> None:
    found = behind(ALL, CLASSES, 12, 100)
    assert {place: cell.times for place, cell in found.items()} == {
        (0, 0): 30,
        (0, 1): 5,
        (1, 1): 20,
    }
    assert [(cell.true, cell.predicted, cell.right) for cell in found.values()] == [
        ("cat", "cat", True),
        ("cat", "dog", False),
        ("dog", "dog", True),
    ]


def test_wrong_ones_come_surest_first_and_right_ones_least_sure_first() -> None:
    found = behind(ALL, CLASSES, 3, 100)
    assert [row.sample for row in found[0, 1].shown] == ["cat4", "cat3", "cat2"]
    assert [row.sample for row in found[0, 0].shown] == ["cat0", "cat1", "cat2"]
    assert (found[0, 1].more, found[0, 0].more) == (2, 27)


def test_where_room_is_short_the_rest_is_named_and_what_is_beyond_is_counted() -> None:
    found = behind(ALL, CLASSES, 6, 8)
    assert [len(found[place].shown) for place in ((0, 1), (0, 0), (1, 1))] == [5, 2, 1]
    assert [len(found[place].named) for place in ((0, 1), (0, 0), (1, 1))] == [0, 4, 5]
    for cell in found.values():
        assert cell.times == len(cell.shown) + len(cell.named) + cell.more
    assert found[0, 0].shown + found[0, 0].named == behind(ALL, CLASSES, 6, 99)[0, 0].shown


def test_only_the_wanted_cells_are_kept() -> None:
    assert [*behind(ALL, CLASSES, 9, 9, only={(0, 1), (1, 0)})] == [(0, 1)]


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(0, 15), st.integers(0, 200))
def test_room_is_dealt_evenly_and_to_the_last(counts: list[int], most: int, room: int) -> None:
    wanted = {(0, j): count for j, count in enumerate(counts)}
    shown = dealt(wanted, most, room)
    assert shown.keys() == wanted.keys()
    assert all(0 <= shown[place] <= min(wanted[place], most) for place in wanted)
    assert sum(shown.values()) == min(room, sum(min(count, most) for count in counts))
    short = [shown[place] for place in wanted if shown[place] < min(wanted[place], most)]
    assert not short or max(shown.values()) <= min(short) + 1


def test_what_is_left_over_goes_to_the_largest() -> None:
    assert Counter(dealt({(0, 1): 2, (0, 2): 9, (0, 3): 3}, 9, 7)) == {
        (0, 1): 2,
        (0, 2): 3,
        (0, 3): 2,
    }
