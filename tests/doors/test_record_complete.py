"""A record is complete (domain §2.5): every column is filled where a call has something for it.

Each call of the table below fills exactly the columns that stand beside it, and together they
fill all but the few that nothing in this gateway can know yet.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from direct_house import Direct, direct, message
from issuer_house import House as Issuer
from issuer_house import house as issuer_house
from issuer_house import shape
from routed import Message, agreements, person_query, router
from served import ask, call, citizen, house_with, served

from kps_soap import faults
from kps_soap.audit.records import plain_values
from kps_soap.entry import Entry
from kps_soap.models import PLAIN_COLUMNS
from kps_soap.signing import Signer

#: Columns for which there is no source: a mandate, a unit of an institution, a certificate of the
#: caller's own, a repetition that is answered without asking again.
WITHOUT_A_SOURCE = {"on_behalf_of", "unit", "client_certificate", "repeats"}

#: What is known of every request that leaves a record of its own.
ALWAYS = {
    *("received_us", "event", "request_id", "door", "channel", "source_address"),
    *("client_software", "service", "operation", "version"),
    *("outcome", "units", "http_status", "duration_us", "count", "records"),
    *("question_digest", "answer_digest", "sent_digest"),
}
WHO = {"account", "institution", "agreement", "agreement_digest", "vouched_by", "receipt_number"}
SCOPE = {"inquirer", "purpose", "case_number", "message_id", "withheld_digest"}
ANSWERED = {"criterion_outcomes", "returned_digest"}
CHARGED = {"amount", "fee"}
REFUSED = {"refusal", "detail"}

CONTEXT = (
    '<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1"><b:AmacKodu>EMLAK_BEYAN</b:AmacKodu>'
    "<b:IslemNo>E-17</b:IslemNo></b:SorguBaglami>"
)
ID = '<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">urn:uuid:1</a:MessageID>'
ANOTHER = (
    '<q:Sorgulayan xmlns:q="http://kps.nvi.gov.tr/2011/01/01/sorgulayan">MEHMET</q:Sorgulayan>'
)


class Away:
    """A register that does not answer in time."""

    kind = "SENTETIK"

    def __getattr__(self, question: str) -> Any:
        async def ask(*_about: object) -> Any:
            raise faults.RegisterUnavailable("TimeoutError", retry_after_s=5)

        return ask


def filled(entry: Entry) -> set[str]:
    """The columns of the record that this entry becomes."""
    values = plain_values(entry, "d" if entry.returned_fields else "")
    return {name for name, value in zip(PLAIN_COLUMNS, values, strict=True) if value is not None}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("complete")


def asked_directly(
    folder: Callable[[], Path], signers: Mapping[str, Signer], body: str, **house: Any
) -> Entry:
    door: Direct = direct(agreements(folder()), signers, **house)
    door.send(body)
    return door.entry


SAID = CONTEXT + ID
DIRECT: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "answered": (message(before=SAID), {}, WHO | SCOPE | ANSWERED | CHARGED),
    "nobody found": (
        message(person_query(10000000382), before=SAID), {}, WHO | SCOPE | ANSWERED | CHARGED,
    ),
    "refused by the agreement": (
        message(before=SAID, inquirer=""), {}, WHO | REFUSED | {"message_id"},
    ),
    "refused for its criteria": (
        message(person_query(*[10000000214] * 200), before=SAID), {}, WHO | SCOPE | REFUSED,
    ),
    "failed at the schema": (
        message(person_query("on bir"), before=SAID), {}, WHO | SCOPE | REFUSED,
    ),
    "timed out at the register": (
        message(before=SAID), {"asked": Away()}, WHO | SCOPE | REFUSED,
    ),
    "a wrong password": (
        message(before=SAID, password="yanlış bir parola"), {}, {"account"} | REFUSED,
    ),
}  # fmt: skip
ABOUT_SOMEBODY = {"answered", "nobody found", "timed out at the register"}


@pytest.mark.parametrize("case", DIRECT)
def test_a_call_of_the_direct_door_fills_every_column_that_it_can(
    folder: Callable[[], Path], signers: Mapping[str, Signer], case: str
) -> None:
    body, house, columns = DIRECT[case]
    entry = asked_directly(folder, signers, body, **house)
    assert filled(entry) == ALWAYS | columns
    assert entry.question == body.encode()
    assert entry.answer != b""
    assert (entry.persons != []) == (case in ABOUT_SOMEBODY)


def routed_entry(folder: Callable[[], Path], signers: Mapping[str, Signer], **parts: Any) -> Entry:
    found = router(agreements(folder()), signers)
    found.send(Message(**parts).text)
    return found.entry


def test_a_call_of_the_routing_door_names_its_token_and_whom_it_was_issued_for(
    folder: Callable[[], Path], signers: Mapping[str, Signer]
) -> None:
    entry = routed_entry(folder, signers, headers=CONTEXT + ANOTHER)
    assert filled(entry) == ALWAYS | WHO | SCOPE | ANSWERED | {"token", "bound_inquirer"}


def test_a_request_for_a_token_names_the_token_that_it_got(tmp_path: Path) -> None:
    sts: Issuer = issuer_house(tmp_path)
    sts.ask(shape("shape-1-php"))
    assert filled(sts.entry) == ALWAYS | WHO | {"token", "message_id"}


def test_a_call_of_the_public_door_names_nobody_who_asks() -> None:
    with served(house_with()) as house:
        ask(house, call("TCKimlikNoDogrula", citizen()))
        # The stage of this house notes no more than the digest of its terms.
        known = {"agreement_digest", "receipt_number", "criterion_outcomes"}
        assert filled(house.entry) == (ALWAYS | known) - {"client_software"}


def test_together_they_fill_all_but_what_nothing_can_know_yet(
    folder: Callable[[], Path], signers: Mapping[str, Signer]
) -> None:
    seen: set[str] = set()
    for body, house, _ in DIRECT.values():
        seen |= filled(asked_directly(folder, signers, body, **house))
    seen |= filled(routed_entry(folder, signers, headers=CONTEXT + ANOTHER))
    assert set(PLAIN_COLUMNS) - seen == WITHOUT_A_SOURCE
