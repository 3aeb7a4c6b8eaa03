"""The set in force in a worker: whole and good sets only, swapped at once, never a stale one."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agreement_samples import OTHER, PLAIN, edited
from office_samples import MOVER, Office
from sqlalchemy import text

from kps_soap.agreements import AgreementErrors, AgreementSet
from kps_soap.agreements.book import AgreementBook
from kps_soap.agreements.leases import LEASE_SECONDS
from kps_soap.agreements.loading import Compiler
from kps_soap.faults import EvidenceUnavailable

SLOWER = {"calls_per_second_max = 20": "calls_per_second_max = 10"}
BROKEN = {'state = "ACIK"': 'state = "ACIKK"'}
TWO = {"a.toml": PLAIN, "b.toml": edited(OTHER)}


def looks(office: Office, book: AgreementBook, times: int) -> list[AgreementSet | None]:
    """Some polls, a second apart, as often as the directory is looked at."""
    found = []
    for _ in range(times):
        office.clock.advance(1)
        found.append(book.poll())
    return found


def rate(book: AgreementBook) -> int:
    return book.in_force().agreements[0].limits.calls_per_second_max


def leases_of(office: Office) -> dict[str, tuple[int, str]]:
    with office.engine.connect() as connection:
        rows = connection.execute(text("SELECT worker, number, trouble FROM agreement_leases"))
        return {row.worker: (row.number, row.trouble) for row in rows}


@pytest.fixture
def filled(office: Office) -> Office:
    office.write({"a.toml": PLAIN})
    return office


# At the start


def test_the_first_worker_makes_the_set_in_force_from_the_directory(filled: Office) -> None:
    book = filled.book()
    assert [one.number for one in book.current().agreements] == ["2026/117"]
    (event,) = filled.events("ANLASMA_YUKLEME")
    assert (event["account"], event["channel"]) == ("kps serve", "SERVICE")
    # Who comes later takes what is there, whatever the directory says.
    filled.write({"a.toml": edited(SLOWER)})
    assert rate(filled.book("1", leads=False)) == 20
    assert len(filled.events("ANLASMA_YUKLEME")) == 1


def test_a_bad_directory_is_the_openers_to_handle_where_nothing_is_in_force(
    filled: Office,
) -> None:
    filled.write({"a.toml": edited(BROKEN)})
    with pytest.raises(AgreementErrors):
        filled.book()


def test_a_bad_directory_stops_no_start_where_a_good_set_is_in_force(
    filled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    filled.load()
    filled.write({"a.toml": edited(BROKEN)})
    book = filled.book()
    assert rate(book) == 20
    assert "differ from the set in force" in caplog.text


def test_an_edit_made_while_the_gateway_stood_still_is_found_at_its_start(filled: Office) -> None:
    filled.book().close()
    filled.write({"a.toml": edited(SLOWER)})
    book = filled.book()
    assert rate(book) == 20
    looks(filled, book, 3)
    assert rate(book) == 10


def test_a_directory_that_nobody_touched_overrules_nobody(filled: Office, tmp_path: Path) -> None:
    """Two machines with a directory each: what was loaded on one holds on both."""
    filled.book().close()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.toml").write_text(edited(SLOWER), encoding="utf-8")
    other = filled.new_watch(filled.new_keeper(), "iki", elsewhere)
    contents, loaded = other.judge()
    filled.keeper.load(contents, loaded, MOVER, other.noting(loaded.digest))
    book = filled.book()
    looks(filled, book, 5)
    assert rate(book) == 10


def test_without_a_database_no_worker_opens(filled: Office) -> None:
    file = Path(filled.engine.url.database or "")
    with file.open("r+b") as broken:
        broken.write(b"no database any more, ")
    with pytest.raises(EvidenceUnavailable):
        filled.book()


def test_before_it_is_open_a_book_holds_nothing(filled: Office) -> None:
    with pytest.raises(EvidenceUnavailable):
        filled.book(opened=False).current()


# A new version


def test_every_worker_takes_a_new_version_and_tells_so(any_office: Office) -> None:
    office = any_office
    office.write({"a.toml": PLAIN})
    books = [office.book("0"), office.book("1", leads=False), office.book(machine="iki")]
    first = books[0].current()
    version = office.load({"a.toml": edited(SLOWER)})
    for book in books:
        assert rate(book) == 20
        taken = book.poll()
        assert taken is book.current()
        assert taken is not first
        assert rate(book) == 10
        assert book.poll() is None
    assert leases_of(office)["1"] == (version.number, "")
    assert len(office.events("ANLASMA_YUKLEME")) == 2


def test_a_suspension_and_a_resumption_are_taken_like_a_set(filled: Office) -> None:
    book = filled.book()
    filled.keeper.suspend("2026/117", MOVER)
    digest = book.current().digest
    assert book.poll() is not None
    assert book.in_force().agreements[0].suspension is not None
    filled.keeper.resume("2026/117", MOVER)
    assert book.poll() is not None
    assert book.in_force().agreements[0].suspension is None
    assert book.current().digest == digest


def test_the_swap_is_told_by_the_digest_of_the_set(
    filled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    book = filled.book()
    filled.load({"a.toml": edited(SLOWER)})
    book.poll()
    assert caplog.text.count(f"agreement set {book.current().digest} is in force") == 1
    filled.keeper.suspend("2026/117", MOVER)
    book.poll()
    assert "agreement version 3 is in force" in caplog.text


def test_a_set_that_this_worker_cannot_read_leaves_the_last_good_one(
    filled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    book = filled.book()
    compiler = book._keeper.compiler
    # Another release, which serves less.
    less = {key: one for key, one in compiler.rules.catalogue.items() if one.address}
    book._keeper.compiler = Compiler(replace(compiler.rules, catalogue=less))
    version = filled.load({"a.toml": edited(SLOWER)})
    assert book.poll() is None
    assert rate(book) == 20
    number, trouble = leases_of(filled)["0"]
    assert number == version.number - 1
    assert trouble.startswith(f"{version.number}: ")
    assert "the last good set stays" in caplog.text
    caplog.clear()
    assert [book.poll() for _ in range(3)] == [None] * 3
    assert caplog.text == ""
    # Who cannot follow shuts what is shut even so.
    filled.keeper.suspend("2026/117", MOVER)
    book.poll()
    assert book.in_force().agreements[0].suspension is not None
    book._keeper.compiler = compiler
    filled.keeper.resume("2026/117", MOVER)
    assert book.poll() is not None
    assert rate(book) == 10
    assert leases_of(filled)["0"][1] == ""


# The lease


def test_a_worker_whose_lease_ran_out_answers_nothing_before_it_has_looked(
    filled: Office,
) -> None:
    book = filled.book()
    filled.clock.advance(LEASE_SECONDS - 0.1)
    assert rate(book) == 20
    filled.clock.advance(0.2)
    with pytest.raises(EvidenceUnavailable):
        book.in_force()
    assert book.current().agreements
    filled.load({"a.toml": edited(SLOWER)})
    book.poll()
    assert rate(book) == 10


def test_a_worker_that_looks_keeps_its_lease_for_ever(filled: Office) -> None:
    book = filled.book()
    for number in range(100):
        if number % 3 == 0:
            # Every new version renews the lease too, at any moment.
            filled.load({"a.toml": edited({"= 20\n": f"= {number + 1}\n"})})
        filled.clock.advance(0.7)
        book.poll()
        assert book.in_force()


def test_without_the_database_the_lease_runs_out_and_comes_back_with_it(
    filled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    book = filled.book()
    file = Path(filled.engine.url.database or "")
    filled.engine.dispose()
    away = file.rename(file.with_suffix(".away"))
    for path in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        path.unlink(missing_ok=True)
    file.mkdir()
    looks(filled, book, 12)
    with pytest.raises(EvidenceUnavailable):
        book.in_force()
    assert caplog.text.count("cannot be looked at") == 1
    file.rmdir()
    away.rename(file)
    book.poll()
    assert rate(book) == 20
    assert "looked at again" in caplog.text


def test_a_closed_book_gives_its_lease_back_and_answers_nothing(filled: Office) -> None:
    book = filled.book()
    assert leases_of(filled) == {"0": (1, "")}
    book.close()
    assert leases_of(filled) == {}
    assert book.poll() is None
    with pytest.raises(EvidenceUnavailable):
        book.in_force()


def test_a_long_compilation_keeps_the_lease_and_lets_calls_go_first(filled: Office) -> None:
    book = filled.book()
    others = {
        f"n{number}.toml": edited(
            {
                "B-34-0417": f"B-40-{number:04}",
                "2026/117": f"2026/{number + 500}",
                "KRM-34-0417": f"KRM-40-{number:04}",
                "203.0.113.10/32": f"203.0.113.{number + 20}/32",
            }
        )
        for number in range(30)
    }
    filled.load(others)
    naps = filled.clock.naps
    original = filled.clock.sleep

    def slow(seconds: float) -> None:
        original(seconds)
        filled.clock.advance(1)
        assert book.in_force()

    filled.clock.sleep = slow  # type: ignore[method-assign]
    book._clocks = filled.clock.clocks()
    assert book.poll() is not None
    assert filled.clock.naps >= naps + 30
    assert len(book.in_force().agreements) == 31


# Files that are edited by hand


def test_nothing_is_read_again_while_nothing_changes(filled: Office) -> None:
    book = filled.book()
    first = book.current()
    assert looks(filled, book, 5) == [None] * 5
    assert book.current() is first


def test_a_changed_directory_is_loaded_when_it_has_stood_still_for_one_look(
    filled: Office,
) -> None:
    book = filled.book()
    filled.write({"a.toml": edited(SLOWER)})
    first, second, third = looks(filled, book, 3)
    assert (first, second) == (None, None)
    assert third is book.current()
    assert rate(book) == 10
    assert looks(filled, book, 3) == [None] * 3
    event = filled.events("ANLASMA_YUKLEME")[-1]
    assert (event["account"], event["channel"]) == ("file watch on bir", "SERVICE")


def test_only_the_worker_that_leads_watches_the_files(filled: Office) -> None:
    leading, other = filled.book(), filled.book("1", leads=False)
    filled.write({"a.toml": edited(SLOWER)})
    assert looks(filled, other, 5) == [None] * 5
    looks(filled, leading, 3)
    assert other.poll() is not None
    assert rate(other) == 10


def test_the_watch_can_be_turned_off(filled: Office) -> None:
    book = filled.book()
    book._watch_seconds = 0
    filled.write({"a.toml": edited(SLOWER)})
    assert looks(filled, book, 5) == [None] * 5
    filled.load()
    assert book.poll() is not None


def test_who_says_that_the_files_are_whole_is_believed_at_once(filled: Office) -> None:
    book = filled.book()
    book._watch_seconds = 0
    filled.write({"a.toml": edited(SLOWER)})
    book.look_at_files()
    assert looks(filled, book, 2)[-1] is not None
    assert rate(book) == 10
    filled.write({"a.toml": PLAIN})
    assert looks(filled, book, 3) == [None] * 3


def test_a_file_that_is_still_being_written_is_never_loaded_half(filled: Office) -> None:
    book, text = filled.book(), edited(SLOWER)
    for end in range(0, len(text), 200):
        filled.write({"a.toml": text[:end]})
        assert looks(filled, book, 1) == [None]
    filled.write({"a.toml": text})
    assert looks(filled, book, 2) == [None] * 2
    assert looks(filled, book, 1) != [None]
    assert book.problems == ()


@pytest.mark.parametrize("change", ["new file", "removed file", "renamed file", "replaced file"])
def test_every_kind_of_change_is_seen(office: Office, change: str) -> None:
    office.write(TWO)
    book, directory, other = office.book(), office.directory, TWO["b.toml"]
    if change == "new file":
        third = {"B-34-0417": "B-06-0001", "2026/117": "2026/119", "KRM-34-0417": "KRM-06-0001"}
        third["203.0.113.10/32"] = "203.0.113.30/32"
        office.write({"c.toml": edited(third)})
    elif change == "removed file":
        (directory / "b.toml").unlink()
    elif change == "renamed file":
        (directory / "b.toml").rename(directory / "c.toml")
    else:
        # The same size and the same time of change, but another file.
        state = (directory / "b.toml").stat()
        same_size = other.replace("calls_per_second_max = 20", "calls_per_second_max = 10")
        (directory / "new").write_text(same_size, encoding="utf-8")
        os.utime(directory / "new", ns=(state.st_atime_ns, state.st_mtime_ns))
        (directory / "new").rename(directory / "b.toml")
    assert looks(office, book, 3)[-1] is not None


def test_other_files_beside_the_agreements_change_nothing(filled: Office) -> None:
    book = filled.book()
    filled.write({"notes.txt": "x", "a.toml~": "x"})
    assert looks(filled, book, 4) == [None] * 4


def test_a_bad_set_keeps_the_last_good_one_and_tells_every_problem_once(
    filled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    book, other = filled.book(), filled.book("1", leads=False)
    first = book.current()
    filled.write({"a.toml": edited(BROKEN), "b.toml": "[institution]\nx = 1\n"})
    assert looks(filled, book, 5) == [None] * 5
    assert book.current() is first
    assert len(book.problems) > 2
    assert any("a.toml:18: agreement.state" in problem for problem in book.problems)
    assert any("b.toml:" in problem for problem in book.problems)
    logged = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in logged[1:]] == list(book.problems)
    # The other workers know of it, and say nothing.
    looks(filled, other, 3)
    assert other.problems == book.problems
    assert len(filled.events("ANLASMA_YUKLEME")) == 1


def test_a_good_set_after_a_bad_one_clears_the_problems(filled: Office) -> None:
    book, other = filled.book(), filled.book("1", leads=False)
    filled.write({"a.toml": edited(BROKEN)})
    looks(filled, book, 2)
    assert book.problems
    filled.write({"a.toml": edited(SLOWER)})
    looks(filled, book, 3)
    assert book.problems == ()
    looks(filled, other, 3)
    assert other.problems == ()
    assert rate(other) == 10


def test_what_was_wrong_is_told_again_after_a_restart(
    filled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    book = filled.book()
    filled.write({"a.toml": edited(BROKEN)})
    looks(filled, book, 2)
    book.close()
    caplog.clear()
    book = filled.book()
    looks(filled, book, 2)
    assert len(book.problems) == 1
    assert "the last good set stays" in caplog.text


@pytest.mark.parametrize("between", [edited(BROKEN), edited(SLOWER)])
def test_a_change_that_was_taken_back_is_no_event(filled: Office, between: str) -> None:
    book = filled.book()
    first = book.current()
    filled.write({"a.toml": between})
    looks(filled, book, 1)
    filled.write({"a.toml": PLAIN})
    assert looks(filled, book, 4) == [None] * 4
    assert book.current() is first
    assert book.problems == ()
    assert len(filled.events("ANLASMA_YUKLEME")) == 1


@pytest.mark.parametrize("half", [edited(SLOWER), edited(BROKEN)])
def test_what_changed_while_it_was_read_is_read_again_and_nothing_is_told_of_it(
    filled: Office, half: str, caplog: pytest.LogCaptureFixture
) -> None:
    book = filled.book()
    watch: Any = book._watch
    original: Callable[[], Any] = watch.judge

    def disturbed() -> Any:
        watch.judge = original
        try:
            return original()
        finally:
            filled.write({"a.toml": edited(SLOWER), "b.toml": edited(OTHER)})

    watch.judge = disturbed
    caplog.clear()
    filled.write({"a.toml": half})
    assert looks(filled, book, 3) == [None] * 3
    assert len(book.current().agreements) == 1
    assert (book.problems, caplog.records) == ((), [])
    looks(filled, book, 2)
    assert len(book.current().agreements) == 2


def test_a_directory_that_is_gone_for_a_while_keeps_the_set_in_force(filled: Office) -> None:
    book = filled.book()
    first, away = book.current(), filled.directory.with_name("away")
    filled.directory.rename(away)
    assert looks(filled, book, 4) == [None] * 4
    assert book.current() is first
    assert len(book.problems) == 1
    away.rename(filled.directory)
    assert looks(filled, book, 3) == [None] * 3
    assert (book.current(), book.problems) == (first, ())


def test_a_link_to_nothing_is_told_and_hides_no_other_change(filled: Office) -> None:
    book = filled.book()
    (filled.directory / "b.toml").symlink_to(filled.directory / "nowhere")
    assert looks(filled, book, 3) == [None] * 3
    assert len(book.problems) == 1
    filled.write({"a.toml": edited(BROKEN)})
    assert looks(filled, book, 3) == [None] * 3
    assert len(book.problems) == 2
    assert len(book.current().agreements) == 1


def test_an_edit_that_cannot_be_recorded_is_tried_again(filled: Office) -> None:
    book = filled.book()
    keeper: Any = book._keeper
    original = keeper._recorder

    def away() -> Any:
        raise EvidenceUnavailable("test")

    keeper._recorder = away
    filled.write({"a.toml": edited(SLOWER)})
    looks(filled, book, 4)
    assert rate(book) == 20
    keeper._recorder = original
    looks(filled, book, 2)
    assert rate(book) == 10


def test_a_surprise_while_loading_is_not_swallowed_and_the_next_look_tries_again(
    filled: Office,
) -> None:
    book = filled.book()
    watch: Any = book._watch
    original = watch.judge

    def fail() -> Any:
        raise ZeroDivisionError

    watch.judge = fail
    filled.write({"a.toml": edited(SLOWER)})
    looks(filled, book, 1)
    with pytest.raises(ZeroDivisionError):
        looks(filled, book, 1)
    watch.judge = original
    assert looks(filled, book, 2)[-1] is not None
