"""Receipt numbers: their form, their check, and that none is given twice."""

import asyncio
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from evidence_samples import NOW, entry, opened, writing_to
from hypothesis import given, settings
from hypothesis import strategies as st

from kps_soap.audit.receipts import (
    NotAReceiptNumber,
    ReceiptNumber,
    ReceiptNumbers,
    parse,
)
from kps_soap.database import writing
from kps_soap.faults import EvidenceUnavailable

INSTITUTIONS = st.from_regex(r"[A-Z0-9]([A-Z0-9-]{0,20}[A-Z0-9])?", fullmatch=True)


def supply(*blocks: range) -> ReceiptNumbers:
    numbers = ReceiptNumbers(block_size=10)
    for block in blocks:
        numbers.grant(block)
    return numbers


def test_a_number_names_day_institution_and_counter() -> None:
    text = asyncio.run(supply(range(1234, 1235)).number("B-34-0417", NOW))
    assert text.startswith("20261121-B-34-0417-00001234-")
    assert parse(text) == ReceiptNumber(date(2026, 11, 21), "B-34-0417", 1234)
    assert str(parse(text)) == text


def test_the_check_is_that_of_an_iban() -> None:
    """ISO 7064 MOD 97-10, computed by hand: the whole leaves one."""
    text = asyncio.run(supply(range(7, 8)).number("B-34-0417", NOW))
    digits = "".join(str(int(letter, 36)) for letter in text if letter != "-")
    assert int(digits) % 97 == 1


def test_a_caller_without_an_institution_is_acik() -> None:
    assert "-ACIK-" in asyncio.run(supply(range(1, 2)).number("", NOW))


def test_the_day_is_that_of_istanbul() -> None:
    evening = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
    assert asyncio.run(supply(range(1, 2)).number("", evening)).startswith("20261122-")


@settings(deadline=None)
@given(INSTITUTIONS, st.integers(1, 10**18 - 1), st.data())
def test_one_wrong_digit_or_two_swapped_ones_are_noticed(
    institution: str, counter: int, data: st.DataObject
) -> None:
    text = str(ReceiptNumber(date(2026, 11, 21), institution, counter))
    assert parse(text).counter == counter
    place = data.draw(st.integers(0, len(text) - 2))
    if text[place].isdigit():
        other = str((int(text[place]) + data.draw(st.integers(1, 9))) % 10)
        with pytest.raises(NotAReceiptNumber):
            parse(text[:place] + other + text[place + 1 :])
    first, second = text[place], text[place + 1]
    if first.isdigit() and second.isdigit() and first != second:
        with pytest.raises(NotAReceiptNumber):
            parse(text[:place] + second + first + text[place + 2 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20261121-B-34-0417-00001234",
        "20261121-b-34-0417-00001234-12",
        "20261121-B-34-0417-١٢٣٤٥٦٧٨-12",
        "20261121--00001234-12",
        "20261121-B-34-0417-1234-12",
    ],
)
def test_other_texts_are_no_receipt_numbers(text: str) -> None:
    with pytest.raises(NotAReceiptNumber):
        parse(text)


def test_an_impossible_day_is_refused_even_with_a_right_check() -> None:
    class Day:
        year, month, day = 2026, 13, 1

    with pytest.raises(NotAReceiptNumber, match="day"):
        parse(str(ReceiptNumber(Day(), "A", 1)))  # type: ignore[arg-type]


def test_without_a_counter_there_is_no_number() -> None:
    with pytest.raises(EvidenceUnavailable):
        asyncio.run(ReceiptNumbers(block_size=10).number("", NOW))


def test_blocks_of_two_workers_never_overlap(database_url: str) -> None:
    with opened(database_url) as evidence:
        taken: list[int] = []
        for _ in range(3):
            workers = [ReceiptNumbers(block_size=7), ReceiptNumbers(block_size=11)]
            for worker in workers:
                with evidence.engine.connect() as connection, writing(connection):
                    taken += worker.reserve(connection)
    assert len(taken) == len(set(taken)) == 3 * 18
    assert min(taken) == 1


def test_a_block_whose_transaction_failed_is_given_again(database_url: str) -> None:
    with opened(database_url) as evidence, evidence.engine.connect() as connection:
        worker = ReceiptNumbers(block_size=5)
        with pytest.raises(RuntimeError), writing(connection):
            worker.reserve(connection)
            raise RuntimeError
        with writing(connection):
            assert worker.reserve(connection) == range(1, 6)


def test_numbers_never_repeat_across_restarts_and_steps_of_the_clock(database_url: str) -> None:
    seen: list[str] = []

    async def life(moment: datetime) -> None:
        numbers = ReceiptNumbers(block_size=4)
        async with writing_to(evidence, receipts=numbers):
            for _ in range(3):
                seen.append(await numbers.number("B-34-0417", moment))

    with opened(database_url) as evidence:
        for step in (0, 24, -24, -1, 0):
            asyncio.run(life(NOW + timedelta(hours=step)))
    assert len(set(seen)) == len(seen) == 15
    counters = [parse(text).counter for text in seen]
    assert counters == sorted(counters)
    assert len(set(counters)) == 15


def test_a_running_writer_reserves_new_blocks_in_time(database_url: str) -> None:
    async def run() -> list[str]:
        numbers = ReceiptNumbers(block_size=8)
        given_out = []
        async with writing_to(evidence, receipts=numbers) as writer:
            for _ in range(40):
                given_out.append(await numbers.number("A", NOW))
                await writer.record(entry())
        return given_out

    with opened(database_url) as evidence:
        given_out = asyncio.run(run())
    assert [parse(text).counter for text in given_out] == list(range(1, 41))


def test_several_workers_on_one_database_never_give_a_number_twice(database_url: str) -> None:
    async def work(seen: list[str], shift: int) -> None:
        numbers = ReceiptNumbers(block_size=6)
        async with writing_to(evidence, receipts=numbers, worker=str(shift)) as writer:
            for step in range(25):
                # Every worker's clock goes its own way, some of them backwards.
                moment = NOW + timedelta(hours=shift * step)
                seen.append(await numbers.number("B-34-0417", moment))
                await writer.record(entry(receipt_number=seen[-1]))

    async def run() -> list[list[str]]:
        seen: list[list[str]] = [[], [], []]
        await asyncio.gather(*(work(one, shift - 1) for shift, one in enumerate(seen)))
        return seen

    with opened(database_url) as evidence:
        seen = asyncio.run(run())
        recorded = [row.receipt_number for row in evidence.rows() if row.receipt_number]
    given = [number for one in seen for number in one]
    assert len(given) == len(set(given)) == 75
    assert sorted(recorded) == sorted(given)
    assert len({parse(number).counter for number in given}) == 75


def test_numbers_that_a_killed_worker_held_are_lost_and_not_given_again(database_url: str) -> None:
    async def live(held: int) -> list[str]:
        numbers = ReceiptNumbers(block_size=8)
        async with writing_to(evidence, receipts=numbers):
            return [await numbers.number("A", NOW) for _ in range(held)]

    with opened(database_url) as evidence:
        # A killed worker's block stays taken: nobody hands it back.
        with evidence.engine.connect() as connection, writing(connection):
            killed = ReceiptNumbers(block_size=8).reserve(connection)
        after = asyncio.run(live(8))
    assert {parse(number).counter for number in after}.isdisjoint(killed)


def test_processes_that_start_at_once_get_blocks_of_their_own(database_url: str) -> None:
    program = (
        "import sys\n"
        "from kps_soap.audit.receipts import ReceiptNumbers\n"
        "from kps_soap.database import open_database, writing\n"
        "engine = open_database(sys.argv[1], wait_seconds_max=30)\n"
        "with engine.connect() as connection:\n"
        "    for _ in range(20):\n"
        "        with writing(connection):\n"
        "            print(*ReceiptNumbers(block_size=5).reserve(connection))\n"
    )
    with opened(database_url):
        started = [
            subprocess.Popen(
                [sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[0] for process in started]
    counters = [int(word) for text in said for word in text.split()]
    assert len(counters) == len(set(counters)) == 200
