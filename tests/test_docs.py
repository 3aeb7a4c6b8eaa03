"""README and code agree: commands, services, outcome numbers, settings, events."""

import re
from pathlib import Path

import click
import pytest

from kps_soap import faults
from kps_soap.cli import main
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.entry import Event
from kps_soap.settings import SETTINGS, of, render

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def commands(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command below a group, as the words that one types."""
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, (*words, name))
        else:
            found.append((*words, name))
    return found


def mentioned() -> set[tuple[str, ...]]:
    """Every ``kps …`` that the README tells somebody to type, without options and arguments."""
    typed = re.findall(r"(?:^|`|/)kps((?: [a-z][a-z-]*)+)", README, re.MULTILINE)
    return {tuple(text.split()) for text in typed}


@pytest.mark.parametrize("words", sorted(commands(main)), ids=" ".join)
def test_every_command_has_a_sentence_of_help(words: tuple[str, ...]) -> None:
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    assert command.help
    assert command.help.strip()


@pytest.mark.parametrize("words", sorted(mentioned()), ids=" ".join)
def test_every_command_that_the_readme_mentions_exists(words: tuple[str, ...]) -> None:
    known = commands(main)
    assert any(words[: len(command)] == command for command in known), words


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_group_of_commands_stands_in_the_readme(name: str) -> None:
    assert re.search(rf"\bkps {name}\b", README)


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda one: f"{one.name} {one.version}")
def test_every_published_service_stands_in_the_readme(contract: object) -> None:
    name, version = contract.name, contract.version  # type: ignore[attr-defined]
    assert name in README
    assert version == "WS" or version in README


def test_the_readme_lists_exactly_the_outcome_numbers_of_the_code() -> None:
    paragraph = README.split("Outcome numbers:")[1].split("\n\n")[0]
    listed = {int(number) for number in re.findall(r"\b([1-6][0-9]{2})\b", paragraph)}
    refusals = {kind.code for kind in every_refusal() if kind.code}
    assert listed == refusals | {int(one) for one in faults.Outcome if one}


def every_refusal() -> set[type[faults.Refusal]]:
    """The whole tree of refusals."""
    found, waiting = set(), [faults.Refusal]
    while waiting:
        kind = waiting.pop()
        if kind.__module__ == faults.__name__:
            found.add(kind)
        waiting += kind.__subclasses__()
    return found


def test_the_readme_tells_the_sentences_of_security_faults_and_the_limits_as_they_are() -> None:
    for refusal in (faults.TokenRefused, faults.CredentialsRefused, faults.SecurityRefused):
        assert refusal.english in README
    default = {setting.name: setting.default for setting in SETTINGS}
    assert f"After {default['password_failures_max']} wrong passwords in a row" in README
    assert f"locked for {default['password_lock_seconds'] // 60} minutes" in README
    assert f"after {default['password_failures_per_day_max']} in one\nday" in README
    assert f"`token_seconds` ({default['token_seconds'] // 60} minutes" in README
    skew, age = default["clock_skew_seconds"], default["message_age_seconds_max"]
    assert f"may be {skew // 60} minutes off and live {age // 60} minutes" in README


def test_a_new_kps_toml_explains_every_setting(tmp_path: Path) -> None:
    text = render({})
    assert of(tmp_path, {}).workers == 0
    for setting in SETTINGS:
        assert f"\n# {setting.name} = " in text
        assert f"# {setting.help}" in text


def test_the_changelog_speaks_of_what_is_to_be_released() -> None:
    assert "## [Unreleased]" in CHANGELOG or "## Unreleased" in CHANGELOG


def test_the_readme_lists_exactly_the_events_of_the_code() -> None:
    table = README.split("| event | what it is |")[1].split("\n\n")[0]
    named = [row.split(" | ")[0] for row in table.splitlines() if row.startswith("| `")]
    listed = [word for cell in named for word in re.findall(r"`([A-Z_]+)`", cell)]
    assert sorted(listed) == sorted(event.value for event in Event)


def test_an_event_is_one_word_of_capitals_that_no_other_event_has() -> None:
    words = [event.value for event in Event]
    assert len(set(words)) == len(words) == len(list(Event))
    assert all(re.fullmatch("[A-Z]+(_[A-Z]+)*", word) for word in words)
