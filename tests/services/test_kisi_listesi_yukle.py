"""KisiListesiYukleServis: an institution's own roster, deposited in batches."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from register_samples import FakeRegister, Told, ask, contract

from kps_soap import faults, identity_number
from kps_soap.criteria import Asker
from kps_soap.entry import Event
from kps_soap.roster_deposits import Action, Deposit
from kps_soap.services import kisi_listesi_yukle as service

SERVICE = contract("KisiListesiYukleServis", "1")
NOW = datetime(2026, 1, 1, 10, tzinfo=UTC)
SHOWN = "YukleResult/SorguSonucu"
ASKER = Asker("B-34-0417", "KRM-34-0417", "AYSE", "203.0.113.10", NOW, "2026/117", "")
FIRST, SECOND = (identity_number.make(stem) for stem in (123_456_789, 223_456_789))


class FakeDeposits:
    """Remembers what was deposited."""

    def __init__(self) -> None:
        self.made: list[tuple[Asker, str, tuple[int, ...]]] = []

    async def deposit(self, asker: Asker, action: str, numbers: Sequence[int]) -> Deposit:
        self.made.append((asker, action, tuple(numbers)))
        return Deposit(len(numbers), 1, 17, "ab" * 32)


def batch(action: str | None, *numbers: int | str | None) -> str:
    listed = "".join(
        "<KisiNumarasi/>" if one == "" else f"<KisiNumarasi>{one}</KisiNumarasi>"
        for one in numbers
        if one is not None
    )
    said = "" if action is None else f"<listeIslemi>{action}</listeIslemi>"
    return f"<kisiNumaralari>{listed}</kisiNumaralari>{said}"


def told(request: str, deposits: Any = None) -> Told:
    made = deposits or FakeDeposits()
    return ask(SERVICE, request, FakeRegister(), asker=ASKER, deposits=made)


@pytest.mark.parametrize("action", [service.ADD, service.REMOVE, service.REPLACE])
def test_a_batch_is_deposited_for_the_asker_and_answered_with_counts(action: str) -> None:
    deposits = FakeDeposits()
    answer = told(batch(action, FIRST, SECOND), deposits)
    assert deposits.made == [(ASKER, action, (FIRST, SECOND))]
    shown = {
        "EklenenSayisi": "2",
        "CikanSayisi": "1",
        "ListeKisiSayisi": "17",
        "ListeSha256": "ab" * 32,
    }
    assert {name: answer.text(f"{SHOWN}/{name}") for name in shown} == shown
    assert answer.is_nil(f"{SHOWN}/GecersizSiralar")
    assert answer.is_nil("YukleResult/HataBilgisi")


def test_no_number_is_repeated_and_no_register_read() -> None:
    register = FakeRegister()
    deposits: Any = FakeDeposits()
    request = batch(service.ADD, FIRST, SECOND)
    answer = ask(SERVICE, request, register, asker=ASKER, deposits=deposits)
    for number in (FIRST, SECOND):
        assert str(number).encode() not in answer.payload
    assert register.asked == []
    assert (answer.enquiry.units, answer.enquiry.records, answer.enquiry.persons) == (0, 0, [])


def test_the_places_of_wrong_numbers_are_told_and_nothing_is_changed() -> None:
    deposits = FakeDeposits()
    wrong = FIRST + 1
    answer = told(batch(service.REPLACE, FIRST, wrong, SECOND, 7), deposits)
    assert deposits.made == [(ASKER, service.STATUS, ())]
    assert answer.texts(f"{SHOWN}/GecersizSiralar/GecersizSira") == ["2", "4"]
    assert str(wrong).encode() not in answer.payload


def test_a_number_that_is_not_there_is_wrong_too() -> None:
    nil = (
        "<kisiNumaralari>"
        '<KisiNumarasi xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
        f"</kisiNumaralari><listeIslemi>{service.ADD}</listeIslemi>"
    )
    assert told(nil).texts(f"{SHOWN}/GecersizSiralar/GecersizSira") == ["1"]


def test_who_only_asks_changes_nothing() -> None:
    deposits = FakeDeposits()
    answer = told(f"<listeIslemi> {service.STATUS} </listeIslemi>", deposits)
    assert deposits.made == [(ASKER, service.STATUS, ())]
    assert answer.text(f"{SHOWN}/ListeKisiSayisi") == "17"


@pytest.mark.parametrize("action", [None, "", "SIL", "ekle"])
def test_an_action_that_is_none_is_refused(action: str | None) -> None:
    with pytest.raises(faults.SchemaRefused):
        told(batch(action, FIRST))


@pytest.mark.parametrize("action", [service.ADD, service.REMOVE, service.REPLACE])
def test_an_empty_batch_is_refused_and_empties_no_roster(action: str) -> None:
    deposits = FakeDeposits()
    for request in (batch(action), f"<listeIslemi>{action}</listeIslemi>"):
        with pytest.raises(faults.CriteriaEmpty):
            told(request, deposits)
    assert deposits.made == []


def test_a_batch_has_an_end() -> None:
    most = [identity_number.make(123_456_789 + step) for step in range(service.NUMBERS_MAX)]
    assert told(batch(service.ADD, *most)).text(f"{SHOWN}/EklenenSayisi") == "200"
    with pytest.raises(faults.TooManyCriteria):
        told(batch(service.ADD, *most, FIRST))


def test_the_words_of_the_wire_are_those_of_the_roster() -> None:
    assert {service.ADD, service.REMOVE, service.REPLACE} == set(Action)
    assert SERVICE.event is Event.ROSTER_REPLACED
    assert SERVICE.open_grant is None
