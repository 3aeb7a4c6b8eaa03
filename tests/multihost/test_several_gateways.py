"""Two gateways behind a proxy are one: what one of them knows, the other knows within a second.

Each test asks each gateway by itself, as the proxy does.  The last one loses the primary database.
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from end_to_end.questions import Reply

from kps_soap.audit.keys import create_key_file
from multihost.machines import ADDRESSES, wait_for
from multihost.site import COMPANY, GATEWAYS, Site

#: What a change may take until every gateway lives by it.
SECONDS = 1.0
RATE = "^calls_per_second_max"


def everywhere(site: Site, holds: Callable[[str], bool], what: str) -> None:
    """Within a second of now it holds at every gateway."""
    for name in GATEWAYS:
        wait_for(lambda name=name: holds(name), seconds=SECONDS, what=f"{what}, {name}")  # type: ignore[misc]


def changed(site: Site, agreement: str, old: str, new: str) -> None:
    """Edit an agreement at the first gateway alone, and load it."""
    path = site.homes["gateway1"] / "agreements" / agreement
    text = path.read_text(encoding="utf-8")
    assert re.search(old, text, re.MULTILINE)
    path.write_text(re.sub(old, new, text, flags=re.MULTILINE), encoding="utf-8")
    site.kps("agreements", "load", "--reason", "deneme")


def test_calls_through_the_proxy_are_answered_by_both(site: Site) -> None:
    replies = [site.through_proxy(index) for index in (0, 1, 3, 4)]
    assert {reply.status for reply in replies} == {200}
    wait_for(
        lambda: all(tells_of(site, name, replies) for name in GATEWAYS),
        seconds=5,
        what="lines in the logs of both",
    )


def tells_of(site: Site, name: str, replies: list[Reply]) -> bool:
    """Whether a gateway's log tells of any of these calls."""
    log = (site.homes[name] / "serve.log").read_text(encoding="utf-8")
    return any(reply.headers["kps-istek-no"] in log for reply in replies)


def test_only_the_proxy_is_believed_who_asks(site: Site) -> None:
    reply = site.through_proxy(0, forged="203.0.113.10")
    assert reply.status == 200
    assert site.record(reply)["source_address"] == ADDRESSES["caller"]
    for name in GATEWAYS:
        past = site.around_the_proxy(name, 0)
        assert past.status != 200
        assert b"TCKimlikNo>" not in past.body


def test_a_block_holds_everywhere_within_a_second(site: Site) -> None:
    assert {site.at(name, 0, institution=COMPANY).status for name in GATEWAYS} == {200}
    site.kps("accounts", "block", "KRM-SRK-0112", "--reason", "deneme")
    everywhere(site, lambda name: site.at(name, 0, institution=COMPANY).status == 500, "blocked")
    site.kps("accounts", "unblock", "KRM-SRK-0112", "--reason", "deneme")
    everywhere(site, lambda name: site.at(name, 0, institution=COMPANY).status == 200, "open")


def test_a_suspension_holds_everywhere_within_a_second(site: Site) -> None:
    site.kps("agreements", "suspend", "2026/305", "--reason", "deneme")
    everywhere(site, lambda name: refused(site.at(name, 0, institution=COMPANY)), "suspended")
    site.kps("agreements", "resume", "2026/305", "--reason", "deneme")
    everywhere(site, lambda name: not refused(site.at(name, 0, institution=COMPANY)), "resumed")


def refused(reply: Reply) -> bool:
    """Whether an answer holds nobody."""
    return b"TCKimlikNo>" not in reply.body


def test_an_agreement_changed_at_one_gateway_holds_at_the_other(site: Site) -> None:
    assert not refused(site.at("gateway2", 0, 1, institution=COMPANY))
    changed(site, "ornek-sirket.toml", r"^criteria_per_call_max = 5$", "criteria_per_call_max = 1")
    everywhere(site, lambda name: refused(site.at(name, 0, 1, institution=COMPANY)), "changed")
    assert not refused(site.at("gateway2", 0, institution=COMPANY))


def test_a_quota_is_counted_over_all_gateways(site: Site) -> None:
    changed(site, "ornek-sirket.toml", r"^persons_per_day_max = 1000$", "persons_per_day_max = 4")
    for turn, index in enumerate((0, 1, 3, 4, 8, 13)):
        last = site.at(GATEWAYS[turn % 2], index, institution=COMPANY)
    assert refused(last)
    everywhere(site, lambda name: refused(site.at(name, 14, institution=COMPANY)), "quota")
    changed(site, "ornek-sirket.toml", r"^persons_per_day_max = 4$", "persons_per_day_max = 1000")
    everywhere(site, lambda name: not refused(site.at(name, 0, institution=COMPANY)), "raised")


def test_a_rate_is_shared_by_the_workers_of_both(site: Site) -> None:
    """Two workers with ten calls a second each, asked as fast as one can at one of them."""
    changed(site, "ornek-sirket.toml", f"{RATE} = 1000$", "calls_per_second_max = 20")
    passed, began = 0, time.monotonic()
    while time.monotonic() < began + 3:
        passed += not refused(site.at("gateway1", 0, institution=COMPANY))
    assert passed <= 10 * (time.monotonic() - began) + 10
    changed(site, "ornek-sirket.toml", f"{RATE} = 20$", "calls_per_second_max = 1000")
    everywhere(site, lambda name: not refused(site.at(name, 0, institution=COMPANY)), "faster")


def test_a_repetition_is_known_at_the_other_gateway(site: Site) -> None:
    first = site.at("gateway1", 0, message="urn:uuid:once")
    again = site.at("gateway2", 0, message="urn:uuid:once")
    assert (first.status, again.status) == (200, 200)
    assert site.record(first)["event"] == "SORGU"
    assert site.record(again)["event"] == "TEKRAR"
    assert site.record(again)["repeats"] == site.record(first)["record"]


def test_the_key_of_the_evidence_changes_under_both(site: Site) -> None:
    keys = {name: site.homes[name] / "keys" / "evidence.key" for name in GATEWAYS}
    fresh = site.homes["gateway1"] / "keys" / "evidence.2027.key"
    rotated = threading.Event()
    statuses: list[int] = []

    def ask() -> None:
        while not rotated.is_set():
            statuses.extend(site.at(name, 0).status for name in GATEWAYS)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        # The other machine has the new key before it is in use.
        create_key_file(fresh, secrets.token_bytes(32))
        shutil.copy(fresh, keys["gateway2"].with_name("evidence.key.next"))
        site.kps("audit", "rotate-key", "--to", str(fresh))
    finally:
        rotated.set()
        asking.join()
    assert set(statuses) == {200}
    everywhere(site, lambda name: site.at(name, 0).status == 200, "rotated")
    assert "all is well" in site.kps("audit", "verify", on="gateway2")


@contextmanager
def asked_by(ask: Callable[[], None], stop: threading.Event) -> Iterator[None]:
    """Some callers who ask without a pause while the block lasts."""
    callers = [threading.Thread(target=ask) for _ in range(4)]
    for one in callers:
        one.start()
    try:
        yield
    finally:
        stop.set()
        for one in callers:
            one.join()


def test_a_lost_primary_takes_no_acknowledged_record_with_it(site: Site) -> None:
    answered: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            reply = site.through_proxy((0, 1, 3, 4)[turn % 4])
            if reply.status == 200:
                answered.append(reply.headers["kps-istek-no"])

    with asked_by(ask, stop):
        wait_for(lambda: len(answered) > 40, seconds=30, what="answers before")
        # Its cable is pulled, so that nothing tells the gateways either.
        site.network.cut_off("database1")
        site.databases["database1"].die()
        before = len(answered)
        site.databases["database2"].promote()
        began = time.monotonic()
        wait_for(lambda: len(answered) > before + 40, seconds=60, what="answers after")
        took = time.monotonic() - began
    kept = set(site.databases["database2"].sql("SELECT request_id FROM evidence", "kps").split())
    assert set(answered) <= kept
    print(f"answered again {took:.1f} s after the promotion")
    assert "all is well" in site.kps("audit", "verify")
