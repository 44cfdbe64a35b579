"""report/doubts.py: findings in lines for a terminal."""

from headstart.findings import Finding, LeftOut
from headstart.report.doubts import doubts


def test_a_line_ends_between_two_names_where_it_would_be_too_long() -> None:
    copies = tuple(f"row {i}" for i in range(1000, 1020)), ("one", "other")
    text = doubts([Finding("duplicate", "note", copies, "Why.", "Nothing.")], [], "20 rows", "")
    lines = text.splitlines()[-4:]
    assert max(map(len, lines)) <= 80
    assert [line.count("row ") for line in lines] == [7, 7, 6, 0]
    assert [line[:6] for line in lines] == ["  row ", "    ro", "    ro", "  one "]
    assert " ".join(line.strip() for line in lines[:3]) == " = ".join(copies[0])
    assert lines[3] == "  one = other"


def test_what_takes_no_part_has_its_mend_and_where_all_of_it_stands_is_told() -> None:
    out = [LeftOut(f"{i}.jpg", "empty") for i in range(7)]
    text = doubts([], out, "20 photos", "Replace them.")
    assert "LEFT OUT empty (7)\nWhat to do: Replace them.\n  0.jpg" in text
    assert text.endswith("  and 2 more\n\nAll of them: the same command with --json.")
