"""The documents agree with what they describe: commands, options, targets, records, one another."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from headstart.cli import app
from headstart.workplace import RUN_FILES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RECORDS = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))
COMMANDS = {name for name in app if not name.startswith("-")}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def code_in(text: str) -> list[str]:
    """Every line of a fenced block and every `span` of code, without a shell's prompt."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return [
        line.strip().removeprefix("$ ") for block in blocks for line in block.split("\n")
    ] + spans


def calls_in(text: str) -> list[tuple[str, set[str]]]:
    """Each headstart command that a document shows, with its options."""
    return [
        (call.group(1), set(re.findall(r"(?<!\S)--[a-z][a-z-]*", call.group(2))))
        for code in code_in(text)
        if (call := re.match(r"headstart ([a-z][a-z-]*)\b(.*)", code))
    ]


def targets_in(text: str) -> set[str]:
    """Each make target that a document shows."""
    return {
        target.group(1)
        for code in code_in(text)
        if (target := re.match(r"make (?:[A-Z]+=\S+ )*([a-z]+)\b", code))
    }


def options_of(command: str) -> set[str]:
    arguments = app[command].assemble_argument_collection()
    return {name for argument in arguments for name in argument.names} | {"--help"}


def test_what_a_document_shows_is_found_in_it() -> None:
    text = "Try `headstart fly --high`:\n\n```console\n$ headstart land x --soft=1\nmake tea\n```\n"
    assert calls_in(text) == [("land", {"--soft"}), ("fly", {"--high"})]
    assert targets_in(text) == {"tea"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_document_shows_only_commands_and_options_that_exist(page: Path) -> None:
    for command, options in calls_in(text_of(page)):
        assert command in COMMANDS
        assert options <= options_of(command), command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_document_shows_only_make_targets_that_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    assert targets_in(text_of(page)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_document_links_only_to_files_and_headings_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not heading or heading in anchors_of(text_of(file)), target


def anchors_of(text: str) -> set[str]:
    """The anchors that a Markdown page gives its headings."""
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_reference_of_the_command_line_is_the_one_that_the_commands_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["headstart"])  # cyclopts looks there for its own name
    reference = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
    assert text_of(reference["PAGE"]) == reference["page"](), "run: make docs"


def test_the_code_sends_nobody_to_a_document_that_is_not_there() -> None:
    named = {
        page
        for source in ROOT.glob("src/**/*.py")
        for page in re.findall(r"\bdocs/[\w/-]+\.md\b", text_of(source))
    }
    assert [page for page in sorted(named) if not (ROOT / page).is_file()] == []


def test_every_file_of_a_run_and_every_variable_is_explained() -> None:
    page = text_of(ROOT / "docs" / "files-and-variables.md")
    sources = "".join(map(text_of, ROOT.glob("src/**/*.py")))
    variables = set(re.findall(r"\bHEADSTART_[A-Z_]+\b", sources))
    assert variables
    assert {name for name in RUN_FILES | variables if name not in page} == set()


def test_decisions_are_numbered_in_a_row_and_listed_with_their_headings() -> None:
    index = text_of(ROOT / "docs" / "decisions" / "README.md")
    headings = re.findall(r"^## (.+)$", index[index.index("```markdown") :], re.MULTILINE)
    for number, record in enumerate(RECORDS, start=1):
        title, *sections = re.findall(r"^##? (.+)$", text_of(record), re.MULTILINE)
        assert record.name.startswith(f"{number:03d}-")
        assert (
            f"| [{number:03d}]({record.name}) | {title.removeprefix(f'{number:03d} ')} |" in index
        )
        assert sections == headings


def test_every_make_target_is_explained_by_make_itself() -> None:
    makefile = text_of(ROOT / "Makefile")
    rules = re.findall(r"^([a-z]+):(.*)$", makefile, re.MULTILINE)
    assert [target for target, rest in rules if "## " not in rest] == ["setup"]
