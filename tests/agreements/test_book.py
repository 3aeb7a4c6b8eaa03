"""The set in force and its successor: only whole and good directories are ever loaded."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from agreement_samples import CATALOGUE, OTHER, PLAIN, RIGHTS, TODAY, edited

from kps_soap.agreements import AgreementErrors, AgreementSet, load
from kps_soap.agreements.book import AgreementBook


class Loading:
    """Loads a directory, counts how often, and can be disturbed while it does."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.times = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self) -> AgreementSet:
        self.times += 1
        try:
            return load(self.directory, CATALOGUE, today=TODAY, address_rights=RIGHTS)
        finally:
            self.meanwhile()


_CLOCK = iter(range(1_000_000))


def write(path: Path, text: str) -> None:
    """Write a file, with a time of change that differs however fast the test is."""
    path.write_text(text, encoding="utf-8")
    moment = 1_700_000_000 + next(_CLOCK)
    os.utime(path, (moment, moment))


@pytest.fixture
def loading(tmp_path: Path) -> Loading:
    write(tmp_path / "a.toml", PLAIN)
    return Loading(tmp_path)


def book_of(loading: Loading) -> AgreementBook:
    return AgreementBook(loading.directory, loading)


def polled(book: AgreementBook, times: int) -> list[AgreementSet | None]:
    return [book.poll() for _ in range(times)]


def told(book: AgreementBook) -> int:
    """How many problems the operator is told of."""
    return len(book.problems)


SLOWER = {"calls_per_second_max = 20": "calls_per_second_max = 10"}
BROKEN = {'state = "ACIK"': 'state = "ACIKK"'}


def test_a_book_opens_with_the_set_of_its_directory(loading: Loading) -> None:
    book = book_of(loading)
    assert [one.number for one in book.current().agreements] == ["2026/117"]
    assert book.problems == ()


def test_a_bad_set_at_the_start_is_the_openers_to_handle(loading: Loading) -> None:
    write(loading.directory / "a.toml", edited(BROKEN))
    with pytest.raises(AgreementErrors):
        book_of(loading)


def test_nothing_is_read_again_while_nothing_changes(loading: Loading) -> None:
    book = book_of(loading)
    first = book.current()
    assert polled(book, 5) == [None] * 5
    assert loading.times == 1
    assert book.current() is first


def test_a_changed_directory_is_loaded_when_it_has_stood_still_for_one_look(
    loading: Loading,
) -> None:
    book = book_of(loading)
    write(loading.directory / "a.toml", edited(SLOWER))
    assert book.poll() is None
    assert loading.times == 1
    loaded = book.poll()
    assert loaded is not None
    assert loaded is book.current()
    assert loaded.agreements[0].limits.calls_per_second_max == 10
    assert polled(book, 3) == [None] * 3
    assert loading.times == 2


def test_a_file_that_is_still_being_written_is_never_loaded_half(loading: Loading) -> None:
    book, text = book_of(loading), edited(SLOWER)
    for end in range(0, len(text), 100):
        write(loading.directory / "a.toml", text[:end])
        assert book.poll() is None
    write(loading.directory / "a.toml", text)
    assert book.poll() is None
    assert loading.times == 1
    assert book.poll() is not None
    assert book.problems == ()


@pytest.mark.parametrize("change", ["new file", "removed file", "renamed file", "replaced file"])
def test_every_kind_of_change_is_seen(loading: Loading, change: str) -> None:
    other = edited(OTHER)
    write(loading.directory / "b.toml", other)
    book = book_of(loading)
    if change == "new file":
        third = {"B-34-0417": "B-06-0001", "2026/117": "2026/119", "KRM-34-0417": "KRM-06-0001"}
        third["203.0.113.10/32"] = "203.0.113.30/32"
        write(loading.directory / "c.toml", edited(third))
    elif change == "removed file":
        (loading.directory / "b.toml").unlink()
    elif change == "renamed file":
        (loading.directory / "b.toml").rename(loading.directory / "c.toml")
    else:
        # The same size and the same time of change, but another file.
        state = (loading.directory / "b.toml").stat()
        same_size = other.replace("calls_per_second_max = 20", "calls_per_second_max = 10")
        (loading.directory / "new").write_text(same_size, encoding="utf-8")
        os.utime(loading.directory / "new", ns=(state.st_atime_ns, state.st_mtime_ns))
        (loading.directory / "new").rename(loading.directory / "b.toml")
    assert book.poll() is None
    assert book.poll() is not None


def test_other_files_beside_the_agreements_change_nothing(loading: Loading) -> None:
    book = book_of(loading)
    write(loading.directory / "notes.txt", "x")
    write(loading.directory / "a.toml~", "x")
    assert polled(book, 3) == [None] * 3
    assert loading.times == 1


def test_a_bad_set_keeps_the_last_good_one_and_tells_every_problem_once(
    loading: Loading, caplog: pytest.LogCaptureFixture
) -> None:
    book = book_of(loading)
    first = book.current()
    write(loading.directory / "a.toml", edited(BROKEN))
    write(loading.directory / "b.toml", "[institution]\nx = 1\n")
    assert polled(book, 5) == [None] * 5
    assert loading.times == 2
    assert book.current() is first
    assert told(book) > 2
    assert any("a.toml:18: agreement.state" in problem for problem in book.problems)
    assert any("b.toml:" in problem for problem in book.problems)
    logged = [record for record in caplog.records if record.name == "kps.agreements"]
    assert {record.levelno for record in logged} == {logging.ERROR}
    assert [record.getMessage() for record in logged[1:]] == list(book.problems)


def test_a_good_set_after_a_bad_one_clears_the_problems(loading: Loading) -> None:
    book = book_of(loading)
    write(loading.directory / "a.toml", edited(BROKEN))
    polled(book, 2)
    assert book.problems
    write(loading.directory / "a.toml", edited(SLOWER))
    assert book.poll() is None
    assert book.problems
    assert book.poll() is not None
    assert book.problems == ()


def test_a_change_that_was_taken_back_is_no_event(
    loading: Loading, caplog: pytest.LogCaptureFixture
) -> None:
    book = book_of(loading)
    first = book.current()
    write(loading.directory / "a.toml", edited(BROKEN))
    polled(book, 2)
    write(loading.directory / "a.toml", PLAIN)
    caplog.clear()
    assert polled(book, 3) == [None] * 3
    assert loading.times == 3
    assert book.current() is first
    assert book.problems == ()
    assert caplog.records == []


def test_a_file_that_was_only_touched_is_no_event(loading: Loading) -> None:
    book = book_of(loading)
    first = book.current()
    write(loading.directory / "a.toml", PLAIN)
    assert polled(book, 3) == [None] * 3
    assert loading.times == 2
    assert book.current() is first


@pytest.mark.parametrize("half", [edited(SLOWER), edited(BROKEN)])
def test_what_changed_while_it_was_read_is_read_again_and_nothing_is_told_of_it(
    loading: Loading, half: str, caplog: pytest.LogCaptureFixture
) -> None:
    book = book_of(loading)

    def change() -> None:
        write(loading.directory / "a.toml", edited(SLOWER))
        write(loading.directory / "b.toml", edited(OTHER))
        loading.meanwhile = lambda: None

    loading.meanwhile = change
    write(loading.directory / "a.toml", half)
    assert polled(book, 3) == [None] * 3
    assert len(book.current().agreements) == 1
    assert book.problems == ()
    assert caplog.records == []
    loaded = book.poll()
    assert loaded is not None
    assert len(loaded.agreements) == 2


def test_a_directory_that_is_gone_for_a_while_keeps_the_set_in_force(loading: Loading) -> None:
    book = book_of(loading)
    first, away = book.current(), loading.directory.with_name("away")
    loading.directory.rename(away)
    assert polled(book, 4) == [None] * 4
    assert book.current() is first
    assert told(book) == 1
    away.rename(loading.directory)
    assert polled(book, 3) == [None] * 3
    assert book.current() is first
    assert book.problems == ()


def test_a_link_to_nothing_is_told_and_hides_no_other_change(loading: Loading) -> None:
    book = book_of(loading)
    (loading.directory / "b.toml").symlink_to(loading.directory / "nowhere")
    assert polled(book, 3) == [None] * 3
    assert told(book) == 1
    write(loading.directory / "a.toml", edited(BROKEN))
    assert polled(book, 3) == [None] * 3
    assert told(book) == 2
    assert len(book.current().agreements) == 1


def test_a_surprise_while_loading_is_not_swallowed_and_the_next_look_tries_again(
    loading: Loading,
) -> None:
    book = book_of(loading)

    def fail() -> None:
        raise OSError(24, "too many open files")

    loading.meanwhile = fail
    write(loading.directory / "a.toml", edited(SLOWER))
    assert book.poll() is None
    with pytest.raises(OSError, match="too many"):
        book.poll()
    loading.meanwhile = lambda: None
    assert book.poll() is not None


def test_the_swap_is_told_by_the_digest_of_the_set(
    loading: Loading, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    book = book_of(loading)
    write(loading.directory / "a.toml", edited(SLOWER))
    polled(book, 2)
    assert f"agreement set {book.current().digest} is in force" in caplog.text
