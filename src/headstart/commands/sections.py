"""The help of a command with many options, in sections: one for each model they come from."""

from typing import TYPE_CHECKING

from cyclopts.help import DefaultFormatter, HelpPanel

from headstart.augmentation import Augmentation
from headstart.options import Descent, Division, Layout, Network, TrainOptions

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

_TITLES = {
    Layout: "How photos or rows are read",
    Division: "Who trains, who chooses, who judges",
    Augmentation: "Random views of photos",
    Network: "The network",
    Descent: "Training by gradient",
    TrainOptions: "What counts, and when it answers",
}


def in_sections(console: "Console", options: "ConsoleOptions", panel: HelpPanel) -> None:
    """Print one panel of cyclopts' help as several: first what is the command's own."""
    rest = {entry.names[0]: entry for entry in panel.entries if entry.names}
    sections = []
    for model, title in _TITLES.items():
        own = ["--" + name.replace("_", "-") for name in model.__annotations__]
        if rest.keys() >= set(own):  # else it is the command's that has the name
            sections.append(panel.copy(title=title, entries=[rest.pop(name) for name in own]))
    if sections:
        panel = panel.copy(title="The command", entries=[*rest.values()])
    for section in (panel, *sections):
        DefaultFormatter()(console, options, section)
