"""A register made of plain dictionaries, one person of each kind, and a way to ask a contract.

The people are invented; their numbers have good check digits, as every synthetic number has.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.criteria import Enquiry, check
from kps_soap.fields import Grant
from kps_soap.registry.records import (
    AbroadAddress,
    Address,
    AddressKind,
    BlueCardPerson,
    Citizen,
    Coded,
    Dwelling,
    Foreigner,
    IdentityCard,
    NewBlueCard,
    NewBlueCardTemporary,
    OldBlueCard,
    OldBooklet,
    PartialDate,
    Photo,
    Registration,
    TemporaryIdentity,
)
from kps_soap.registry.store import Register

CITIZEN_NUMBER = 10000000214
FOREIGNER_NUMBER = 99000000042
NOBODY = 10000000382
BORN = PartialDate(4, 3, 1985)
WOMAN = Coded(2, "Kadın")
OPEN = Coded(1, "Açık")
MARRIED = Coded(2, "Evli")
DISTRICT = Coded(90001, "ÖRNEKKÖY")
NAMES: dict[str, Any] = {
    "given_name": "İPEK NAZ",
    "surname": "ŞABLONOĞLU",
    "mother_name": "GÜLSÜM",
    "father_name": "KÂZIM",
}


def citizen(**changes: Any) -> Citizen:
    members: dict[str, Any] = {
        "number": CITIZEN_NUMBER,
        **NAMES,
        "mother_number": 10000000450,
        "father_number": 12345678950,
        "spouse_number": 98765432150,
        "mother_ancestry_not_found": False,
        "father_ancestry_not_found": True,
        "sex": WOMAN,
        "born": BORN,
        "birth_place": "ÖRNEKKÖY",
        "birth_place_code": 90001,
        "status": OPEN,
        "civil_status": MARRIED,
        "religion": Coded(1, "İslam"),
        "died": None,
        "registration": Registration(
            Coded(34, "İSTANBUL"), DISTRICT, Coded(12, "ÖRNEK MAH."), 45, 7
        ),
        "former_surname": "TASLAKGİL",
        "former_foreigner_number": None,
        "real_person_number": None,
        "guardianship": None,
        "protected": False,
        "closed": False,
    }
    return Citizen(**members | changes)


def foreigner(**changes: Any) -> Foreigner:
    members: dict[str, Any] = {
        "number": FOREIGNER_NUMBER,
        **NAMES,
        "mother_number": None,
        "father_number": None,
        "spouse_number": 99000000110,
        "sex": WOMAN,
        "born": BORN,
        "birth_place": "TİFLİS",
        "birth_place_code": None,
        "status": OPEN,
        "civil_status": MARRIED,
        "died": None,
        "nationality": Coded(9001, "Örnek Ülke"),
        "standing": Coded(5, "Çalışma İzni"),
        "permit_no": "İZN-17",
        "permit_start": datetime(2024, 1, 15, 9, 30),
        "permit_end": datetime(2027, 1, 14),
        "permit_open_end_reason": None,
        "permit_province": Coded(35, "İZMİR"),
        "source_unit": Coded(1, "Göç"),
        "real_person_number": None,
        "acquired_citizen_number": CITIZEN_NUMBER,
        "guardianship": None,
        "protected": False,
        "closed": False,
    }
    return Foreigner(**members | changes)


def blue_card_person(**changes: Any) -> BlueCardPerson:
    members: dict[str, Any] = {
        "number": CITIZEN_NUMBER,
        **NAMES,
        "mother_number": None,
        "father_number": None,
        "spouse_number": None,
        "sex": WOMAN,
        "born": BORN,
        "birth_place": "KARS",
        "birth_place_code": 36,
        "status": OPEN,
        "civil_status": None,
        "died": None,
        "country": Coded(9002, "Başka Ülke"),
        "real_person_number": None,
        "acquired_citizen_number": None,
        "guardianship": None,
        "protected": False,
        "closed": False,
    }
    return BlueCardPerson(**members | changes)


def old_booklet(**changes: Any) -> OldBooklet:
    members: dict[str, Any] = {
        "number": CITIZEN_NUMBER,
        **NAMES,
        "born": BORN,
        "birth_place": "ÖRNEKKÖY",
        "series": "A01",
        "serial": 123456,
        "record_no": 4711,
        "issue_reason": Coded(5, "Değiştirme"),
        "issuing_district": DISTRICT,
        "issued": None,
    }
    return OldBooklet(**members | changes)


def identity_card(**changes: Any) -> IdentityCard:
    members: dict[str, Any] = {
        "number": CITIZEN_NUMBER,
        **NAMES,
        "sex": WOMAN,
        "born": None,
        "serial_no": "A01B23456",
        "expires": PartialDate(1, 2, 2030),
        "authority": "T.C. ÖRNEK",
        "blood_group": Coded(1, "A Rh+"),
        "licence_loaded": True,
        "licence_loaded_on": None,
        "birth_place": "ÖRNEKKÖY",
        "application_reason": Coded(2, "Yenileme"),
        "record_no": 4712,
        "delivering_unit": Coded(3, "PTT"),
        "delivered": PartialDate(3, 2, 2020),
    }
    return IdentityCard(**members | changes)


def temporary_identity() -> TemporaryIdentity:
    return TemporaryIdentity(
        number=CITIZEN_NUMBER,
        **NAMES,
        sex=WOMAN,
        born=BORN,
        document_no="GKB-1",
        issued=None,
        issuing_district=DISTRICT,
        former_surname=None,
        expires=PartialDate(1, 1, 2026),
        blood_group=Coded(2, "A Rh-"),
    )


def old_blue_card() -> OldBlueCard:
    return OldBlueCard(
        number=CITIZEN_NUMBER,
        **NAMES,
        former_surname=None,
        sex=WOMAN,
        born=None,
        birth_place="KARS",
        birth_place_code=36,
        civil_status=MARRIED,
        nationality=Coded(9002, "Başka Ülke"),
        series="M01",
        serial=42,
        record_no=4713,
        unit_code=7,
        issue_reason=Coded(1, "İlk"),
        issued=None,
    )


def new_blue_card() -> NewBlueCard:
    return NewBlueCard(
        number=CITIZEN_NUMBER,
        **NAMES,
        sex=WOMAN,
        born=None,
        nationality=Coded(9002, "Başka Ülke"),
        serial_no="M01B23456",
        expires=PartialDate(1, 2, 2031),
        authority="T.C. ÖRNEK",
    )


def new_blue_card_temporary() -> NewBlueCardTemporary:
    return NewBlueCardTemporary(
        number=CITIZEN_NUMBER,
        **NAMES,
        sex=WOMAN,
        born=None,
        nationality=Coded(9002, "Başka Ülke"),
        document_no="MGK-1",
        issued=PartialDate(1, 2, 2025),
        issuing_district=DISTRICT,
        expires=None,
    )


def dwelling(**changes: Any) -> Dwelling:
    members: dict[str, Any] = {
        "province": Coded(34, "İSTANBUL"),
        "district": DISTRICT,
        "neighbourhood": Coded(900011, "ÖRNEK MAH."),
        "village_name": "ÖRNEKKÖY",
        "village_code": 900012,
        "village_record_no": 4714,
        "street": Coded(900013, "ÖRNEK SOKAK"),
        "building_code": 900014,
        "building_no": 5,
        "building_status": Coded(1, "Kullanılıyor"),
        "building_kind": Coded(2, "Betonarme"),
        "building_use": Coded(3, "Mesken"),
        "numbering_kind": Coded(4, "Ana"),
        "lot_block": "101",
        "lot_sheet": "P2",
        "lot_parcel": "7",
        "block_name": "A BLOK",
        "estate_name": "ÖRNEK SİTESİ",
        "outer_door_no": "5/1",
        "inner_door_no": "12",
        "floor_no": "3",
        "unit_status": Coded(1, "Dolu"),
        "unit_kind": Coded(2, "Daire"),
        "deed_unit_no": "12",
        "floors_below_road": 1,
        "floors_above_road": 6,
    }
    return Dwelling(**members | changes)


def address(kind: AddressKind = AddressKind.CENTRE, **changes: Any) -> Address:
    members: dict[str, Any] = {
        "number": CITIZEN_NUMBER,
        "residence": True,
        "address_no": 9000000001,
        "kind": Coded(int(kind), "İl/İlçe Merkezi"),
        "text": "ÖRNEK MAH. ÖRNEK SOKAK NO: 5/1 İÇ KAPI NO: 12",
        "declared": PartialDate(1, 6, 2020),
        "declared_by_number": 98765432150,
        "moved": PartialDate(1, 5, 2020),
        "registered": None,
        "move_reason": Coded(1, "Evlilik"),
        "move_reason_text": None,
        "dwelling": dwelling(),
        "abroad": None,
    }
    return Address(**members | changes)


def abroad(**changes: Any) -> Address:
    place = AbroadAddress(
        mission=Coded(1, "Örnek Başkonsolosluğu"),
        country=Coded(9002, "Başka Ülke"),
        city="ÖRNEKŞEHİR",
        text="ÖRNEK CADDE 1",
        correction_declared=datetime(2023, 5, 6),
        correction_decided=None,
        correction_reason=None,
    )
    return address(AddressKind.ABROAD, dwelling=None, abroad=place, **changes)


@dataclass
class FakeRegister:
    """Answers from ``held`` (question name to record) and remembers what was asked."""

    held: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def _answer(self, question: str, number: int) -> Any:
        self.asked.append(question)
        found = self.held.get(question)
        if isinstance(found, list):
            return found
        return found if found is not None and found.number == number else None

    async def document_kind(self, text: str) -> Coded:
        return Coded(7, text)

    def __getattr__(self, question: str) -> Any:
        async def ask(number: int = 0) -> Any:
            return self._answer(question, number)

        return ask


def photo(number: int = CITIZEN_NUMBER) -> Photo:
    return Photo(number, b"\x89PNG SENTETIK")


def contract(name: str, version: str) -> CompiledContract:
    return next(one for one in compile_all() if (one.name, one.version) == (name, version))


def grant_of(chosen: CompiledContract, *paths: str, special: Iterable[str] = ()) -> Grant:
    """A grant of some paths, or of everything and every special category."""
    assert chosen.fields is not None
    if paths:
        return Grant.of(chosen.fields, paths, special)
    return Grant.of(chosen.fields, [chosen.item], chosen.fields.special)


@dataclass(frozen=True)
class Told:
    """What came of a question: the answer's tree, the unfiltered result, enquiry and bytes."""

    tree: etree._Element
    result: Any
    enquiry: Enquiry
    payload: bytes

    def texts(self, path: str) -> list[str | None]:
        """The texts of the elements at a path of local names below the response element."""
        steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
        return [found.text for found in self.tree.xpath(steps)]

    def text(self, path: str) -> str | None:
        (found,) = self.texts(path)
        return found

    def is_nil(self, path: str) -> bool:
        steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
        (found,) = self.tree.xpath(steps)
        return found.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"


def ask(
    chosen: CompiledContract,
    request: str,
    register: FakeRegister | Register,
    *,
    grant: Grant | None = None,
    name_matching: str = "TAM",
    **about_asker: Any,
) -> Told:
    """Send the content of a request element through every stage of the contract.

    ``about_asker`` is what else the criteria stage would tell the ``Enquiry``.
    """
    element = etree.fromstring(
        f'<{chosen.operation} xmlns="{chosen.namespace}">{request}</{chosen.operation}>'
    )
    chosen.validate_request(element)
    call = chosen.open(element)
    checked = ()
    if chosen.criteria is not None:
        policy, given = chosen.criteria, call.parameters[0] or ()
        criteria = given if isinstance(given, list) else [given] if given else []
        checked = tuple(check(one, policy, year_max=2026) for one in criteria)
    if chosen.has_notes:
        grant = grant or grant_of(chosen)
    enquiry = Enquiry(
        register=register,  # type: ignore[arg-type]
        checked=checked,
        wants=(lambda path: True) if grant is None else grant.wants,
        name_matching=name_matching,
        **about_asker,
    )
    result = asyncio.run(chosen.run(call, enquiry))
    payload = chosen.write(call, chosen.filter(result, grant))
    return Told(chosen.validate_answer(payload), result, enquiry, payload)
