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


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("sample,decison,new_label", "no column 'decision' (did you mean 'decison'?)"),
        ("sampel,decision", "no column 'sample' (did you mean 'sampel'?)"),
        ("sha265,Decision", "no column 'decision' (did you mean 'Decision'?)"),
        ("sample,decision,new_lable", "no column 'new_label' (did you mean 'new_lable'?)"),
    ],
)
def test_a_column_that_is_mistyped_is_told_its_nearest_name(
    header: str, meant: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        read(listed(tmp_path, f"{header}\na.jpg,relabel,dog\n"))
    assert meant in str(caught.value)


def test_other_columns_may_be_called_anything_else(tmp_path: Path) -> None:
    path = listed(
        tmp_path, "sample,label,split,likely,decision,remark\na,cat,train,dog,relabel,x\n"
    )
    assert [each.label for each in read(path)] == ["dog"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv: cannot be read"):
        read(tmp_path / "none.csv")


KEYS = ["a" * 64, "b" * 64, "a" * 64]  # the third photo is a copy of the first
NAMES = ["a.jpg", "b.jpg", "copy.jpg"]


def what(made: Decided) -> dict[str, str]:
    return {name: each.what for name, each in made.found.items()}


def test_of_two_lists_the_later_counts(tmp_path: Path) -> None:
    one = listed(tmp_path, "sample,decision\na.jpg,leave out\nb.jpg,keep\nx,keep\n", "1.csv")
    two = listed(tmp_path, f"sample,sha256,decision\na.jpg,{KEYS[0]},keep\n", "2.csv")
    made = decided([str(one), str(two)], NAMES, KEYS, ["cat", "dog"])
    assert what(made) == {"a.jpg": "keep", "b.jpg": "keep"}
    assert (len(made.idle), made.count("keep"), made.count("relabel")) == (1, 2, 0)


def test_a_decision_is_on_the_photo_named_and_not_on_its_copy(tmp_path: Path) -> None:
    path = listed(tmp_path, f"sample,sha256,decision\ncopy.jpg,{KEYS[2]},leave out\n")
    assert what(decided([str(path)], NAMES, KEYS, ["cat"])) == {"copy.jpg": "leave out"}


def test_a_photo_that_was_renamed_is_found_by_its_content(tmp_path: Path) -> None:
    path = listed(tmp_path, f"sample,sha256,decision\nold.jpg,{KEYS[1].upper()},keep\n")
    assert what(decided([str(path)], NAMES, KEYS, ["cat"])) == {"b.jpg": "keep"}
    path = listed(tmp_path, f"sample,sha256,decision\na.jpg,{'c' * 64},keep\n")  # other content
    with pytest.raises(SourceError, match=r"none of its decisions fits .* \(row 2: a\.jpg"):
        decided([str(path)], NAMES, KEYS, ["cat"])


def test_a_list_that_fits_no_photo_is_refused_with_the_nearest_names(tmp_path: Path) -> None:
    path = listed(tmp_path, "sample,decision\ncopi.jpg,keep\n")
    with pytest.raises(SourceError, match=r"row 2: copi\.jpg \(did you mean 'copy\.jpg'\?\)"):
        decided([str(path)], NAMES, KEYS, ["cat"])
    other = listed(tmp_path, "sample,decision\nb.jpg,keep\n", "later.csv")
    assert decided([str(path), str(other)], NAMES, KEYS, ["cat"]).idle


def test_a_list_that_says_two_things_of_one_photo_is_refused(tmp_path: Path) -> None:
    path = listed(tmp_path, "sample,decision\na.jpg,keep\na.jpg,leave out\n")
    with pytest.raises(SourceError, match=r"rows 2 and 3 say two things of a\.jpg"):
        decided([str(path)], NAMES, KEYS, ["cat"])


def test_semicolons_blank_lines_and_outer_blanks_are_read(tmp_path: Path) -> None:
    path = listed(tmp_path, "sample;decision;new_label\n\na.jpg; Relabel ;cat\n")
    made = decided([str(path)], NAMES, KEYS, ["cat ", "dog"])
    assert [(each.label, each.row) for each in made.found.values()] == [("cat ", 3)]


def test_a_key_that_is_none_is_a_fault(tmp_path: Path) -> None:
    path = listed(tmp_path, "sample,sha256,decision\na.jpg,6.81E+12,keep\n")
    with pytest.raises(SourceError, match="row 2 has a sha256 that is none"):
        read(path)


def test_a_new_label_must_be_a_class(tmp_path: Path) -> None:
    path = listed(tmp_path, "sample,decision,new_label\na,relabel,dgo\n")
    with pytest.raises(SourceError, match=r"row 2: no class 'dgo' \(did you mean 'dog'\?\)"):
        decided([str(path)], ["a"], ["k"], ["cat", "dog"])


def test_decisions_come_back_as_they_were_saved(tmp_path: Path) -> None:
    made = Decided(
        {
            "=a.jpg": Decision("=a.jpg", KEYS[0], "relabel", "-dog", 2),
            "b.jpg": Decision("b.jpg", KEYS[1], "leave out", "", 3),
        }
    )
    save(tmp_path / "decisions.csv", made)
    again = decided([str(tmp_path / "decisions.csv")], ["=a.jpg", "b.jpg"], KEYS[:2], ["-dog"])
    assert again.found == made.found
    assert again.digest() == made.digest()
    assert Decided().digest() != made.digest()
