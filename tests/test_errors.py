import copy
import pickle

import pytest

from headstart import errors
from headstart.errors import HeadstartError, InputError, Interrupted, SourceError, few

EVERY = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, HeadstartError)
]


def test_an_error_says_where_what_and_the_mend():
    error = SourceError("is not an image.", where="cat/1.jpg", mend="Delete it.")
    assert str(error) == "cat/1.jpg: is not an image. Delete it."
    assert (error.where, error.problem, error.mend) == (
        "cat/1.jpg",
        "is not an image.",
        "Delete it.",
    )
    assert str(SourceError("There are no photos.", mend="Add some.")) == (
        "There are no photos. Add some."
    )


def test_no_error_can_be_made_without_a_mend():
    with pytest.raises(TypeError, match="mend"):
        SourceError("is not an image.")


@pytest.mark.parametrize("kind", EVERY)
def test_the_exit_code_follows_from_the_place_in_the_tree(kind):
    expected = 2 if issubclass(kind, InputError) else 130 if issubclass(kind, Interrupted) else 1
    assert kind.exit_code == expected


@pytest.mark.parametrize("kind", EVERY)
def test_the_docstring_draws_every_error_of_the_tree(kind):
    assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("where", [None, "cat/1.jpg"])
def test_an_error_crosses_processes_as_it_is(kind, where):
    error = kind("is wrong.", mend="Mend it.", where=where)
    for other in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(other) is kind
        assert (str(other), other.where, other.mend) == (str(error), where, "Mend it.")


@pytest.mark.parametrize(
    ("names", "said"),
    [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c"), ("abcdefg", "a, b, c and 4 more")],
)
def test_a_few_names_are_listed_and_the_others_counted(names: str, said: str) -> None:
    assert few(list(names), 3) == said
