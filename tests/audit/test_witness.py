"""What a witness is handed, in which order, and what it is never made to forget."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import NOW, Evidence, entry, opened
from seal_samples import Shelf, certificates, seal_all, served
from sqlalchemy import insert, select, update

from kps_soap.audit import duties
from kps_soap.audit.duties import LONGEST, claim, settle
from kps_soap.audit.proofs import checkpoint_from_json
from kps_soap.audit.web import Web, WebFailed
from kps_soap.audit.witness import Courier, Folder, Target, WebTarget, WitnessDisagrees, name_of
from kps_soap.database import writing
from kps_soap.models import checkpoints
from kps_soap.models import duties as duty_rows


def sealed(evidence: Evidence, times: int = 1) -> None:
    for _ in range(times):
        evidence.write([entry()])
        seal_all(evidence)


class Clock:
    """The time of day, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> Any:
        return self.now


def courier(evidence: Evidence, *targets: Target, clock: Clock | None = None) -> Courier:
    return Courier(evidence.engine, list(targets), now=clock or Clock())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if "evidence" not in path.name)


# Files


def test_every_checkpoint_is_one_file_that_proves_its_heads(
    database_url: str, tmp_path: Path
) -> None:
    with opened(database_url) as evidence:
        sealed(evidence, 3)
        assert courier(evidence, Folder(tmp_path)).step() == 3
        assert names(tmp_path) == [f"checkpoint-{number:012d}.json" for number in (1, 2, 3)]
        (row, *_) = evidence.rows(checkpoints)
    content = json.loads((tmp_path / name_of(1)).read_bytes())
    checkpoint = checkpoint_from_json(content["checkpoint"])
    certificates().check(checkpoint)
    assert checkpoint.digest == row.digest
    assert content["format"] == "kps-soap:witness:1"
    (head,) = content["heads"]
    assert (head["first_sequence"], head["head_sequence"], head["position"]) == (1, 2, 0)


def test_nothing_of_persons_or_institutions_is_in_a_file(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'e.sqlite'}") as evidence:
        sealed(evidence)
        folder = tmp_path / "witness"
        folder.mkdir()
        courier(evidence, Folder(folder)).step()
    content = json.loads((folder / name_of(1)).read_bytes())
    assert set(content) == {"format", "checkpoint", "heads"}
    assert set(content["checkpoint"]) == {
        *("number", "format", "taken_us", "chains", "records", "previous_digest", "heads_root"),
        *("digest", "key_id", "signature"),
    }
    assert set(content["heads"][0]) == {
        *("chain", "position", "first_sequence", "head_sequence", "head_hash"),
        *("segment_root", "path"),
    }


def test_only_what_is_new_is_delivered(database_url: str, tmp_path: Path) -> None:
    with opened(database_url) as evidence:
        sealed(evidence, 2)
        first = courier(evidence, Folder(tmp_path))
        assert (first.step(), first.step()) == (2, 0)
        sealed(evidence)
        assert courier(evidence, Folder(tmp_path)).step() == 1
        other = tmp_path / "other"
        other.mkdir()
        # A new place gets everything.
        assert courier(evidence, Folder(other)).step() == 3


def test_many_are_delivered_some_at_a_time(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.audit.witness._FILES_AT_A_TIME", 2)
    with opened(database_url) as evidence:
        sealed(evidence, 5)
        one = courier(evidence, Folder(tmp_path))
        assert [one.step() for _ in range(4)] == [2, 2, 1, 0]


def test_the_same_file_twice_is_no_trouble(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.deliver("checkpoint-000000000001.json", b"one")
    folder.deliver("checkpoint-000000000001.json", b"one")
    with pytest.raises(WitnessDisagrees):
        folder.deliver("checkpoint-000000000001.json", b"two")
    assert names(tmp_path) == ["checkpoint-000000000001.json"]
    assert (tmp_path / "checkpoint-000000000001.json").read_bytes() == b"one"


def test_a_file_that_appears_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def late(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"first")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(WitnessDisagrees):
        Folder(tmp_path).deliver("a.json", b"second")
    assert (tmp_path / "a.json").read_bytes() == b"first"
    assert names(tmp_path) == ["a.json"]


def test_a_file_system_without_links_serves_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    Folder(tmp_path).deliver("a.json", b"content")
    assert (tmp_path / "a.json").read_bytes() == b"content"
    assert names(tmp_path) == ["a.json"]


# A witness that is away or of another opinion


def test_a_directory_that_is_away_is_told_once_and_tried_again_later(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, clock = tmp_path / "absent", Clock()
    with opened(database_url) as evidence:
        sealed(evidence, 2)
        one = courier(evidence, Folder(folder), clock=clock)
        assert one.step() == 0
        folder.mkdir()
        # Not before the pause is over.
        assert one.step() == 0
        clock.now += timedelta(seconds=31)
        assert one.step() == 2
        folder.rename(tmp_path / "moved")
        sealed(evidence)
        for _ in range(3):
            clock.now += timedelta(seconds=31)
            one.step()
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "the witness folder cannot be reached: FileNotFoundError",
        "the witness folder is reached again",
        "the witness folder cannot be reached: FileNotFoundError",
    ]


def test_a_witness_that_has_another_file_is_told_every_time(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name_of(1)).write_bytes(b"another")
    clock = Clock()
    with opened(database_url) as evidence:
        sealed(evidence)
        one = courier(evidence, Folder(tmp_path), clock=clock)
        for _ in range(2):
            assert one.step() == 0
            clock.now += timedelta(seconds=31)
    assert (tmp_path / name_of(1)).read_bytes() == b"another"
    assert caplog.text.count("the witness folder has another checkpoint-000000000001.json") == 2


def test_one_witness_that_is_away_holds_up_no_other(database_url: str, tmp_path: Path) -> None:
    with opened(database_url) as evidence:
        sealed(evidence, 2)
        both = courier(evidence, Folder(tmp_path / "absent"), Folder(tmp_path))
        assert both.step() == 2


# HTTP


def test_an_address_gets_every_file_by_put(database_url: str) -> None:
    shelf = Shelf()
    with served(shelf) as url, opened(database_url) as evidence:
        sealed(evidence, 2)
        target = WebTarget(Web(f"{url}/seals/", 5))
        assert courier(evidence, target).step() == 2
        assert sorted(shelf.files) == [f"/seals/{name_of(1)}", f"/seals/{name_of(2)}"]
        assert set(shelf.kinds.values()) == {"application/json"}
        json.loads(shelf.files[f"/seals/{name_of(1)}"])
        # Somebody who forgot how far he was delivers the same again.
        with evidence.engine.connect() as connection, writing(connection):
            connection.execute(update(duty_rows).values(number=0))
        assert courier(evidence, target).step() == 2


def test_an_address_that_has_another_file_is_never_made_to_forget_it(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf()
    shelf.files[f"/{name_of(1)}"] = b"another"
    with served(shelf) as url, opened(database_url) as evidence:
        sealed(evidence)
        assert courier(evidence, WebTarget(Web(url, 5))).step() == 0
    assert shelf.files == {f"/{name_of(1)}": b"another"}
    assert "the witness address has another checkpoint-000000000001.json" in caplog.text


def test_an_address_that_is_away_is_tried_again(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    shelf, clock = Shelf(), Clock()
    shelf.broken = True
    with served(shelf) as url, opened(database_url) as evidence:
        sealed(evidence)
        one = courier(evidence, WebTarget(Web(url, 5)), clock=clock)
        assert one.step() == 0
        assert "the witness address cannot be reached: status 503" in caplog.text
        shelf.broken = False
        clock.now += timedelta(seconds=31)
        assert one.step() == 1
    clock.now += timedelta(hours=1)
    with opened(database_url) as evidence:
        sealed(evidence)
        assert courier(evidence, WebTarget(Web(url, 1)), clock=clock).step() == 0


def test_a_call_ends_with_its_time(tmp_path: Path) -> None:
    import socket
    from threading import Event, Thread

    done = Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def trickle() -> None:
            opened_socket, _ = listening.accept()
            with opened_socket:
                # A byte now and then keeps a socket's own time-out from ever passing.
                while not done.wait(0.05):
                    try:
                        opened_socket.sendall(b"H")
                    except OSError:
                        return

        thread = Thread(target=trickle, daemon=True)
        thread.start()
        with pytest.raises(WebFailed):
            Web(f"http://127.0.0.1:{port}", 0.3).get("x")
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", b"sign in"),
        (500, "application/x", b""),
        (301, "application/x", b""),
        (200, "application/x", b"x" * 1_000_001),
    ],
)
def test_an_answer_that_is_not_what_was_wanted_is_a_failure(
    status: int, kind: str, body: bytes
) -> None:
    with served(lambda *_: (status, kind, body)) as url, pytest.raises(WebFailed):
        Web(url, 5).post(b"x", sends="a/b", wants="application/x")


def test_only_what_is_there_is_read() -> None:
    with served(lambda *_: (404, "text/plain", b"")) as url, pytest.raises(WebFailed, match="404"):
        Web(url, 5).get("x")


def test_tls_is_verified(tmp_path: Path) -> None:
    import ssl
    from datetime import date
    from threading import Thread

    from kps_soap.certificates import write_demo_files

    files = write_demo_files(tmp_path / "keys", date.today(), randomness=os.urandom)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.tls_certificate, files.tls_key)
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def accept() -> None:
            plain, _ = listening.accept()
            with plain:
                try:
                    context.wrap_socket(plain, server_side=True).close()
                except (ssl.SSLError, OSError):
                    return

        thread = Thread(target=accept, daemon=True)
        thread.start()
        with pytest.raises(WebFailed, match="SSLCertVerificationError"):
            Web(f"https://127.0.0.1:{port}", 5).put("x", b"x", sends="a/b")
        thread.join()


# Duties


def test_a_duty_is_one_gateways_at_a_time(database_url: str) -> None:
    lease = timedelta(seconds=60)
    with opened(database_url) as evidence:
        taken = claim(evidence.engine, "d", target=3, now=NOW, lease=lease)
        assert taken is not None
        assert taken.number == 0
        assert claim(evidence.engine, "d", target=3, now=NOW, lease=lease) is None
        # Who had it died.
        later = NOW + timedelta(seconds=61)
        assert claim(evidence.engine, "d", target=3, now=later, lease=lease) is not None
        settle(evidence.engine, "d", number=3, not_before=later)
        assert claim(evidence.engine, "d", target=3, now=later, lease=lease) is None
        assert claim(evidence.engine, "d", target=4, now=later, lease=lease) is not None


def test_an_operator_waits_for_no_pause(database_url: str) -> None:
    lease = timedelta(seconds=60)
    with opened(database_url) as evidence:
        for _ in range(2):
            found = claim(evidence.engine, "d", target=3, now=NOW, lease=lease, at_once=True)
            assert found is not None
        settle(evidence.engine, "d", number=3, not_before=NOW)
        assert claim(evidence.engine, "d", target=3, now=NOW, lease=lease, at_once=True) is None


def test_a_lease_of_a_clock_that_was_wrong_does_not_last(database_url: str) -> None:
    lease = timedelta(seconds=60)
    with opened(database_url) as evidence:
        far = (NOW + LONGEST * 2 - NOW) // timedelta(microseconds=1)
        evidence.run(insert(duty_rows).values(duty="d", number=0, not_before_us=2**60 + far))
        assert claim(evidence.engine, "d", target=1, now=NOW, lease=lease) is not None


def test_of_two_who_claim_at_once_one_gets_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = timedelta(seconds=60)
    with opened(database_url) as evidence:
        assert claim(evidence.engine, "d", target=2, now=NOW, lease=lease) is not None
        settle(evidence.engine, "d", number=1, not_before=NOW + timedelta(seconds=1))
        # Both looks still see what was before the other one's claim.
        monkeypatch.setattr(duties, "_row", lambda *_: (1, 0))
        assert claim(evidence.engine, "d", target=2, now=NOW, lease=lease) is None
        monkeypatch.setattr(duties, "_row", lambda *_: (2, 0))
        assert claim(evidence.engine, "d", target=2, now=NOW, lease=lease) is None
        monkeypatch.undo()
        with evidence.engine.connect() as connection, connection.begin():
            assert connection.execute(select(duty_rows.c.number)).scalar_one() == 1
