"""ParolaServis: an account's own change of its password."""

from datetime import UTC, datetime
from typing import Any

from register_samples import FakeRegister, Told, ask, contract

from kps_soap.audit.masking import masked
from kps_soap.criteria import Asker
from kps_soap.entry import Event
from kps_soap.password_changes import Changed

SERVICE = contract("ParolaServis", "1")
NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
SHOWN = "ParolaDegistirResult/SorguSonucu"
ASKER = Asker("B-34-0417", "KRM-34-0417", "", "203.0.113.10", NOW, "2026/117", "")
NEW = "dort kelimelik yeni cumle"


class FakeChanges:
    """Remembers what was asked for."""

    def __init__(self, outcome: Changed) -> None:
        self.outcome = outcome
        self.asked: list[tuple[Asker, str, int]] = []

    async def change(self, asker: Asker, password: str, *, keep_days: int) -> Changed:
        self.asked.append((asker, password, keep_days))
        return self.outcome


def told(request: str, passwords: Any) -> Told:
    return ask(SERVICE, request, FakeRegister(), asker=ASKER, passwords=passwords)


def test_a_change_is_told_with_the_end_of_the_former_password() -> None:
    changes = FakeChanges(Changed(former_until=NOW))
    request = f"<eskiParolaGunu>7</eskiParolaGunu><yeniParola>{NEW}</yeniParola>"
    answer = told(request, changes)
    assert changes.asked == [(ASKER, NEW, 7)]
    assert answer.text(f"{SHOWN}/ParolaDegisti") == "true"
    assert (answer.text(f"{SHOWN}/EskiParolaSonu") or "").startswith("2026-01-01T10:00:00")
    assert answer.is_nil(f"{SHOWN}/RedNedenleri")
    assert NEW.encode() not in answer.payload
    assert (answer.enquiry.units, answer.enquiry.records, answer.enquiry.persons) == (0, 0, [])


def test_every_rule_that_is_broken_comes_back() -> None:
    answer = told("<yeniParola>kisa</yeniParola>", FakeChanges(Changed(("Bir.", "İki."))))
    assert answer.text(f"{SHOWN}/ParolaDegisti") == "false"
    assert answer.texts(f"{SHOWN}/RedNedenleri/RedNedeni") == ["Bir.", "İki."]
    assert answer.is_nil(f"{SHOWN}/EskiParolaSonu")


def test_what_is_not_said_is_nothing() -> None:
    changes = FakeChanges(Changed(("Bir.",)))
    told("", changes)
    assert changes.asked == [(ASKER, "", 0)]


def test_it_is_open_to_every_account_and_free() -> None:
    assert SERVICE.contract.event is Event.PASSWORD_SET
    assert SERVICE.contract.open_to_accounts


def test_whoever_looks_at_the_evidence_sees_no_new_password() -> None:
    said = f"<b:yeniParola xmlns:b='urn:kps-soap:parola:1'>{NEW}</b:yeniParola>"
    assert NEW not in masked(said.encode())
    assert NEW not in masked(f"<x><yeniParola>{NEW}".encode())
