"""Lists of decisions: read with every fault at once, fitted to photos, written back."""

from pathlib import Path

import pytest

from headstart.data.decisions import Decided, Decision, decided, read, save
from headstart.errors import SourceError


def listed(folder: Path, text: str, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_read_as_people_write_it(tmp_path: Path) -> None:
    path = listed(
        tmp_path,
        "\ufeffsample,likely,sha256,decision,new_label\n"
        "a.jpg,dog,,Relabel,\nb.jpg,dog,,leave-out,\nc.jpg,dog,,KEEP,\nd.jpg,dog,,,\n"
        "e.jpg,dog,,relabel,fox\n",
    )
    found = [(each.sample, each.what, each.label, each.row) for each in read(path)]
    assert found == [
        ("a.jpg", "relabel", "dog", 2),
        ("b.jpg", "leave out", "", 3),
        ("c.jpg", "keep", "", 4),
        ("e.jpg", "relabel", "fox", 6),
    ]


def test_all_rows_that_say_nothing_are_named(tmp_path: Path) -> None:
    path = listed(tmp_path, "sample,decision\na.jpg,relable\nb.jpg,relabel\n,keep\n")
    with pytest.raises(SourceError) as caught:
        read(path)
    told = str(caught.value)
    assert "row 2 has decision 'relable' (did you mean 'relabel'?)" in told
    assert "row 3 names no new_label" in told
    assert "row 4 names no sample" in told


@pytest.mark.parametrize("text", ["sample,label\na,b\n", "decision\nkeep\n", ""])
def test_what_is_no_list_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no list of decisions"):
        read(listed(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read"):
        read(tmp_path / "none.csv")


def test_the_later_decision_counts_and_content_before_name(tmp_path: Path) -> None:
    one = listed(tmp_path, "sample,decision,new_label\na,relabel,cat\nb,keep,\nx,keep,\n", "1.csv")
    two = listed(tmp_path, "sample,sha256,decision\nb,k-a,leave out\n", "2.csv")
    made = decided([str(one), str(two)], ["a", "b"], ["k-a", "k-b"], ["cat", "dog"])
    assert {key: each.what for key, each in made.found.items()} == {
        "k-a": "leave out",
        "k-b": "keep",
    }
    assert made.idle == 1
    assert (made.count("keep"), made.count("relabel")) == (1, 0)


def test_a_new_label_must_be_a_class(tmp_path: Path) -> None:
    path = listed(tmp_path, "sample,decision,new_label\na,relabel,dgo\n")
    with pytest.raises(SourceError, match=r"row 2: 'dgo' \(did you mean 'dog'\?\)"):
        decided([str(path)], ["a"], ["k"], ["cat", "dog"])


def test_decisions_come_back_as_they_were_saved(tmp_path: Path) -> None:
    made = Decided(
        {
            "k1": Decision("=a.jpg", "k1", "relabel", "-dog", 2),
            "k2": Decision("b.jpg", "k2", "leave out", "", 3),
        }
    )
    save(tmp_path / "decisions.csv", made)
    again = decided([str(tmp_path / "decisions.csv")], ["=a.jpg", "b.jpg"], ["k1", "k2"], ["-dog"])
    assert again.found == made.found
    assert again.digest() == made.digest()
    assert Decided().digest() != made.digest()
