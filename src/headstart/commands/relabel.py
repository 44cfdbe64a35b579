"""`headstart relabel`: from decisions about doubtful labels to a new run."""

from pathlib import Path

from headstart.commands.output import Flag, print_json
from headstart.commands.progress import listening
from headstart.evaluation.paired import Paired
from headstart.relabelling import Relabelled, relabel
from headstart.report.text import filled
from headstart.report.words import judged, not_searched, number, one_line, percent, points, set_name


def run(
    run: Path,
    fixes: Path,
    /,
    *,
    source: Path | None = None,
    out: Path | None = None,
    force: Flag = False,
    json: Flag = False,
    quiet: Flag = False,
) -> None:
    """Train a run on photos again, with labels relabelled, left out or kept as a list decides.

    No file of yours is changed. The same photos stand on the same sides.

    Parameters
    ----------
    run
        The folder of the run.
    fixes
        A CSV file with a decision for each photo, such as suspects.csv of the run with its column
        `decision` filled in: relabel (to new_label, or else to likely), leave out, or keep.
    source
        Where the photos lie now, if they were moved since. [default: where the run found them]
    out
        Folder for the new run. [default: runs/NAME-N]
    force
        Replace the run that is in --out.
    json
        Print the new figures and the change as one JSON document.
    quiet
        Print nothing but errors.
    """
    with listening(quiet) as listen:
        made = relabel(run, fixes, out, source=source, force=force, listen=listen)
    if json:
        print_json(document(made))
    elif not quiet:
        print(told(made))


def document(made: Relabelled) -> dict[str, object]:
    """The new figures and the change, for machines."""
    change = made.change
    compared = None
    if change is not None:
        compared = {
            "run": str(made.before.folder),
            "samples": change.n,
            "difference": change.difference,
            "difference_interval": list(change.interval),
            "p": change.p,
        }
    return {**made.run.metrics, "run": str(made.run.folder), "change": compared}


def told(made: Relabelled) -> str:
    """What was done, the new figure and what changed, for people."""
    metrics = made.run.metrics
    done, (key, scores) = metrics["decisions"], judged(metrics)
    low, high = scores["accuracy_interval"]
    accuracy = (
        f"{set_name(key).capitalize()} accuracy {percent(scores['accuracy'])} (95% interval "
        f"{percent(low)} to {percent(high)}); {_changed(made.change)}"
    )
    kept = (
        f"{done['relabelled']:,} relabelled, {done['left_out']:,} left out, {done['kept']:,} kept."
    )
    sentences = [kept, accuracy]
    if metrics["suspects"] is not None:
        sentences.append(f"{number(metrics['suspects'], 'label')} still suspect.")
    sentences.append(not_searched(metrics))
    return "\n\n".join(
        [*map(filled, filter(None, sentences)), f"Report: {one_line(str(made.run.report()))}"]
    )


def _changed(change: Paired | None) -> str:
    if change is None:
        return "no photo judges both it and the run before, so what changed cannot be told."
    least, most = (points(edge, signed=True) for edge in change.interval)
    chance = (
        f"more than chance explains (p = {change.p:.2g})"
        if change.p < 0.05
        else f"which chance may explain (p = {change.p:.2f})"
    )
    return (
        f"on the {number(change.n, 'photo')} that judge both, by their labels as they are now, "
        f"{points(change.difference, signed=True)} points against before (95% interval {least} to "
        f"{most}), {chance}."
    )
