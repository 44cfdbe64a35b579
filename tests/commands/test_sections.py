"""Help in sections."""

import re

from headstart.options import TrainOptions


def sections(text: str) -> dict[str, list[str]]:
    """Title of each panel → the options that stand in it."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if title := re.match("╭─ (.+?) ─", line):
            found[title[1]] = []
        elif option := re.match(r"│ (--[a-z-]+)", line):
            found[list(found)[-1]].append(option[1])
    return found


def test_each_option_of_a_training_stands_once_below_what_it_is_about(call):
    found = sections(call("train", "--help").out)
    assert found.pop("Arguments") == []
    assert found.pop("The command") == ["--out", "--force", "--resume", "--json", "--quiet"]
    assert found["The network"][0] == "--backbone"
    assert "--epochs" in found["Training by gradient"]
    every = [option for options in found.values() for option in options]
    assert len(found) == 6
    assert sorted(every) == sorted(
        "--" + name.replace("_", "-") for name in TrainOptions.model_fields
    )


def test_an_option_that_only_has_the_name_of_one_of_training_stays_with_its_command(call):
    found = sections(call("augment", "--help").out)
    assert {"--size", "--resize", "--seed"} <= {*found["The command"]}
    assert found.keys() == {"Arguments", "The command", "Random views of photos"}


def test_a_command_with_few_options_has_one_list(call):
    assert sections(call("compare", "--help").out).keys() == {"Arguments", "Parameters"}
