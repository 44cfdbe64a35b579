"""Whether one classifier is right less often than another on the same samples."""

from collections.abc import Sequence

from figures import Row


def not_below(what: str, ours: Sequence[bool], theirs: Sequence[bool]) -> Row:
    """A row that says whether we are right less often than chance explains.

    The exact test of McNemar (Psychometrika 12, 1947) in its one-sided form.

    Args:
        ours, theirs: whether each sample was named correctly.
    """
    pairs = list(zip(ours, theirs, strict=True))
    better, worse = pairs.count((True, False)), pairs.count((False, True))
    p = _less_often_right(better, worse)
    return Row(
        f"not less accurate than {what}, exact McNemar test, one-sided",
        "p > 0.05",
        f"{sum(ours) / len(pairs):.3f} and {sum(theirs) / len(pairs):.3f}; {better} right here "
        f"alone, {worse} there alone; p = {p:.2f}",
        p > 0.05,
    )


def _less_often_right(better: int, worse: int) -> float:
    """How probable so few `better` among all disagreements are, if both err alike."""
    from scipy.stats import binomtest

    if better + worse == 0:
        return 1.0
    return float(binomtest(better, better + worse, alternative="less").pvalue)
