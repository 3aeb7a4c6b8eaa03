"""A smoke of the rounds, and the check of the checker: what is tampered with must be reported."""

import asyncio
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from anomaly.__main__ import line_of, main, plan, table
from anomaly.bench import Bench, Judge, Witness
from anomaly.invariants import Books, Held, Row, check, rows_of
from anomaly.ledger import Reply
from anomaly.rig import verify
from anomaly.rounds import ROUNDS, SHORT
from anomaly.rounds_killed import kill_worker, renewal


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("rounds"), rate=40, seconds=4, patience=10)


@pytest.fixture(scope="module")
def survived(bench: Bench) -> tuple[Books, Path]:
    """A round in which a worker was killed: its ledger and its home, both as they were left."""
    result = kill_worker(bench, 0)
    assert result.problems == [], line_of(result)
    assert result.figures["records_lost"] == 0
    assert result.figures["looked_up_at_once"] > 5
    (ledger,) = bench.place.glob("d1-*.ledger")
    return Books.read([ledger]), bench.place / "home-1"


def test_a_killed_worker_takes_no_acknowledged_answer_with_it(
    survived: tuple[Books, Path],
) -> None:
    books, home = survived
    assert len(books.answers) > 150
    assert check(books, rows_of(f"sqlite:///{home / 'gateway.db'}"), in_flight=16) == []


def test_workers_are_renewed_without_a_failed_call(bench: Bench) -> None:
    result = renewal(bench, 0)
    assert result.problems == [], line_of(result)
    assert result.figures["ok"] + result.figures["tls_ok"] >= 150


# The checker itself


_PICK = "SELECT chain_id, sequence FROM evidence WHERE request_id = ?"
_DELETE = "DELETE FROM evidence WHERE chain_id = ? AND sequence = ?"
_FLIP = "UPDATE evidence SET sent_digest = ? WHERE chain_id = ? AND sequence = ?"


def delete(connection: sqlite3.Connection, chain: str, sequence: int) -> None:
    connection.execute("DELETE FROM evidence_persons WHERE chain_id = ? AND sequence = ?",
                       (chain, sequence))  # fmt: skip
    connection.execute(_DELETE, (chain, sequence))


def duplicate(connection: sqlite3.Connection, chain: str, sequence: int) -> None:
    names = [row[1] for row in connection.execute("PRAGMA table_info(evidence)")]
    rest = ", ".join(name for name in names if name != "sequence")
    connection.execute(
        f"INSERT INTO evidence (sequence, {rest}) SELECT 1000000 + sequence, {rest}"
        " FROM evidence WHERE chain_id = ? AND sequence = ?",
        (chain, sequence),
    )


def flip(connection: sqlite3.Connection, chain: str, sequence: int) -> None:
    connection.execute(_FLIP, ("0" * 64, chain, sequence))


@pytest.mark.parametrize(
    ("tamper", "told"),
    [(delete, "I1 missing"), (duplicate, "I1 double"), (flip, "I1 different")],
)
def test_the_checker_reports_a_row_that_was_tampered_with(
    survived: tuple[Books, Path],
    tmp_path: Path,
    tamper: Callable[[sqlite3.Connection, str, int], None],
    told: str,
) -> None:
    books, home = survived
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    request = next(answer[2] for answer in reversed(books.answers) if answer[1] == "ok")
    with closing(sqlite3.connect(copy / "gateway.db")) as connection:
        chain, sequence = connection.execute(_PICK, (request,)).fetchone()
        tamper(connection, chain, sequence)
        connection.commit()
    found = check(books, rows_of(f"sqlite:///{copy / 'gateway.db'}"), in_flight=16)
    assert any(problem.startswith(told) for problem in found), found
    assert verify(copy).startswith("I3")


def test_the_checker_reports_what_nobody_heard_of_and_what_cost_twice() -> None:
    sent = Counter({"m-1": 2, "m-2": 1})
    rows = [
        Row("c", 0, "SORGU", "r-1", "m-1", "d-1", "b-1", 1),
        Row("c", 1, "SORGU", "r-2", "m-1", "d-2", "b-2", 1),
        Row("c", 2, "SORGU", "r-3", "m-2", "d-3", "b-3", 1),
    ]
    books = Books(sent, [("m-1", "ok", "r-1", "d-1")])
    kinds = {problem.partition(":")[0] for problem in check(books, rows, in_flight=1)}
    assert kinds == {"I2", "I5"}
    whole = Books(sent, [("m-1", "ok", "r-1", "d-1"), ("m-2", "ok", "r-3", "d-3")])
    repeated = [rows[0], replace(rows[1], event="TEKRAR", units=0, body="b-1"), rows[2]]
    assert check(whole, repeated, in_flight=1) == []
    torn = [replace(row, sequence=row.sequence + (row.sequence == 2)) for row in repeated]
    assert [problem[:2] for problem in check(whole, torn, in_flight=1)] == ["I3"]


def test_the_checker_reports_what_is_not_given_back() -> None:
    before = Held(3, 60, 20, 300 << 20)
    assert before.back_to(before) == []
    after = Held(2, 200, 90, 900 << 20)
    assert [problem.split()[1] for problem in after.back_to(before)] == [
        *("2", "files", "threads", "memory")
    ]


def heard(witness: Witness, kinds: str) -> list[str]:
    """Let a witness hear answers, o for each with data; what it finds wrong."""

    async def run() -> None:
        for number, kind in enumerate(kinds):
            said = "ok" if kind == "o" else "trouble"
            await witness(Reply(f"m-{number}", said, 200, f"r-{number}", "d", 0.0, 0.0, {}))

    asyncio.run(run())
    told = Judge()
    witness.figures(told)
    return [problem.split(":")[0] for problem in told.problems]


def test_the_witness_looks_up_every_tenth_answer_and_reports_what_is_not_on_record() -> None:
    asked: list[str] = []

    def there(request: str) -> bool:
        asked.append(request)
        return True

    witness = Witness("", find=there)
    assert heard(witness, "ooooxooooo" * 3) == []
    assert asked == ["r-10", "r-21"]
    assert (witness.looked, witness.missing) == (2, 0)
    missed = Witness("", find=lambda _request: False)
    assert heard(missed, "o" * 30) == ["I4"]
    assert missed.missing == 3
    skipping = Witness("", find=lambda _request: True)
    skipping.heard = 20
    assert heard(skipping, "o" * 10) == ["I4"]


def test_a_witness_whose_database_is_away_says_that_it_saw_nothing() -> None:
    def away(_request: str) -> bool:
        raise sqlite3.OperationalError("unable to open database file")

    witness = Witness("", find=away)
    assert heard(witness, "o" * 20) == ["I4"]
    assert (witness.looked, witness.blind) == (0, 2)


# The plan


def test_an_outage_lasts_as_long_as_loads_do_and_less_in_a_short_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, rate=1, seconds=20)
    assert [bench.outage(loads) for loads in (0.0, 1.0, 1.5)] == [0, 20, 30]
    bench.short = True
    assert [bench.outage(loads) for loads in (0.0, 1.0, 1.5)] == [0, 7, 7]


def test_a_short_run_is_part_of_the_whole_and_every_round_has_its_number() -> None:
    assert SHORT.keys() <= ROUNDS.keys()
    whole = list(plan(short=False, only=(), rounds=0))
    assert [number for number, *_ in whole] == list(range(1, len(whole) + 1))
    assert sum(1 for _, name, *_ in whole if name.startswith("D1")) == 83
    assert [name for _, name, *_ in plan(short=True, only=["D1a"], rounds=0)] == ["D1a"]


def test_whoever_names_no_round_is_told_which_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["anomaly", "--only", "D1a,D7a", "--place", str(tmp_path / "results")]
    monkeypatch.setattr("sys.argv", words)
    assert main() == 2
    assert "D6c, D7a, D7b" in capsys.readouterr().out
    assert not (tmp_path / "results").exists()


def test_results_become_a_table(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    results.write_text(
        '{"name": "D1a", "figures": {"questions": 5, "ok": 4, "green_s": 1.5}, "problems": [],'
        ' "skipped": ""}\n'
        '{"name": "D1a", "figures": {"questions": 5, "ok": 5, "green_s": 0.5}, "problems": ["x"],'
        ' "skipped": ""}\n'
        '{"name": "D8c", "figures": {}, "problems": [], "skipped": "cgroup"}\n',
        encoding="utf-8",
    )
    assert table(results).splitlines()[4:] == ["| D1a | 1/2 | 10 | 9 | 0 | 0 | 0 | green_s 1.500 |"]
