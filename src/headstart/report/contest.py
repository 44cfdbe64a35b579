"""Which of two classifiers is better: one plain sentence, and all of it for a terminal.

Every function takes the document of `comparing.compare` and is pure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.report.text import cut, filled, text_table
from headstart.report.words import number, one_line, percent, points, set_name

Contest = Mapping[str, Any]

_NOUNS = {"image": "photo", "table": "row"}
_CHANCE = 0.05  # p-value, up to which a difference is more than chance
_ALIKE = 0.02  # accuracy: an interval within it says that they are as good as each other
_SHOWN = 5  # samples that only one of them named correctly
_NOT_COUNTED = {
    "trained_on_by_a": "that A was trained on",
    "trained_on_by_b": "that B was trained on",
    "labelled_differently": "labelled differently in the two",
    "judged_by_a_alone": "that A alone is judged by",
    "judged_by_b_alone": "that B alone is judged by",
}


def verdict(contest: Contest) -> str:
    """Which is better, by how much, and whether chance explains it; and the same of log loss,
    where that tells more."""
    one = _NOUNS[contest["task"]]
    low, high = contest["difference_interval"]
    p = contest["p"]
    chance = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    if p <= _CHANCE:
        name = "B" if contest["difference"] > 0 else "A"
        edges = (low, high) if name == "B" else (-high, -low)
        return (
            f"{name} is better: {100 * abs(contest['difference']):.1f} points more accuracy, 95% "
            f"interval {points(edges[0])} to {points(edges[1])}; chance hardly explains it "
            f"({chance})."
        )
    edged = f"B less A is {points(contest['difference'])} points, 95% interval {points(low)} to "
    edged += f"{points(high)} ({chance})"
    if low >= -_ALIKE and high <= _ALIKE:
        told = f"They are as good as each other: {edged}."
    else:
        told = (
            f"The difference is within chance: {edged}. {number(contest['samples'], one)} do not "
            "tell which is better."
        )
    return f"{told} {_surer(contest)}".strip()


def _surer(contest: Contest) -> str:
    low, high = contest["loss_difference_interval"]
    if low <= 0 <= high:
        return ""
    name = "B" if high < 0 else "A"
    return (
        f"But {name} is surer of what is right: its log loss is lower by "
        f"{abs(contest['loss_difference']):.3f} (95% interval {min(abs(low), abs(high)):.3f} to "
        f"{max(abs(low), abs(high)):.3f})."
    )


def lines(contest: Contest) -> str:
    """The comparison as plain text of at most 80 columns, but for longer paths."""
    one = _NOUNS[contest["task"]]
    a, b = contest["a"], contest["b"]
    sets = sorted({set_name(side["judged"]) for side in (a, b)})
    counted = f"Compared by {number(contest['samples'], one)} that both are judged by"
    left_out = [
        f"{count:,} {_NOT_COUNTED[why]}" for why, count in contest["not_counted"].items() if count
    ]
    parts = [
        "\n".join(f"{name}  {one_line(side['run'])}" for name, side in (("A", a), ("B", b))),
        filled(contest["verdict"]),
        _figures(contest),
        filled(
            f"{counted} ({' and '.join(sets)})."
            + (f" Not counted: {', '.join(left_out)}." if left_out else "")
        ),
        filled(_unknown(contest, one)),
        *(_named(contest[f"only_{name.lower()}"], name, one) for name in ("B", "A")),
    ]
    return "\n\n".join(filter(None, parts))


def _unknown(contest: Contest, one: str) -> str:
    """Of which of the two it is not known what it was trained on; empty where it is of both."""
    names = [key.upper() for key in ("a", "b") if not contest[key].get("trained_on_known", True)]
    if not names:
        return ""
    was = "A and B were" if len(names) == 2 else f"{names[0]} was"
    return (
        f"Whether {was} trained on some of these {one}s is not known: the bundle lay away from its "
        "run folder when it was evaluated. If so, the comparison is unfair."
    )


def _figures(contest: Contest) -> str:
    rows = [
        [
            key.upper(),
            percent(contest[key]["accuracy"]),
            "{:.1f} to {:.1f}".format(*(100 * edge for edge in contest[key]["accuracy_interval"])),
            f"{contest[key]['loss']:.3f}",
            "{:.3f} to {:.3f}".format(*contest[key]["loss_interval"]),
        ]
        for key in ("a", "b")
    ]
    low, high = contest["difference_interval"]
    less, more = contest["loss_difference_interval"]
    rows.append(
        [
            "B less A",
            points(contest["difference"]),
            f"{points(low)} to {points(high)}",
            _signed(contest["loss_difference"]),
            f"{_signed(less)} to {_signed(more)}",
        ]
    )
    return text_table(["", "accuracy", "95% interval", "log loss", "95% interval"], rows)


def _named(found: Sequence[Mapping[str, str]], name: str, one: str) -> str:
    """The first samples that one of them alone named correctly."""
    if not found:
        return ""
    other = {"A": "B", "B": "A"}[name]
    rows = [
        [f"  {cut(row['sample'], 40)}", cut(row["label"]), cut(row[other.lower()])]
        for row in found[:_SHOWN]
    ]
    more = len(found) - _SHOWN
    head = f"{number(len(found), one)} that {name} alone named correctly"
    listed = text_table(["", "true class", f"{other} said"], rows)
    return f"{head}\n{listed}" + (f"\n  and {more:,} more; --json names all" if more > 0 else "")


def _signed(loss: float) -> str:
    return f"{round(loss, 3) + 0.0:.3f}".replace("-", "−")
