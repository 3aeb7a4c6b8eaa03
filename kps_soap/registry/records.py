"""What the register answers with: one frozen record a question.

Coded values carry their texts already, dates keep their unknown parts, names stand as they are
stored (upper case, domain K3.9).  This module refuses to speak the wire's language: element
names, ``nil`` and notes belong to the services.  No record holds the bytes of a photo except
``Photo``, so that a photo is read only when somebody asks for exactly that.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Self

#: ``Durum`` of a record that is in use; every other value closes it (wire C.8).
OPEN_STATUS_CODE = 1

#: ``Durum`` of a deceased person (wire C.8).
DECEASED_STATUS_CODE = 3


class AddressKind(IntEnum):
    """``AdresTip``, which says what variant of an address is filled (K3.5 R2)."""

    UNDEFINED = -1
    CENTRE = 1
    TOWN = 2
    VILLAGE = 3
    ABROAD = 4


class PhotoKind(IntEnum):
    """On what document a photo stands; the numbers are those of the ``photos`` table."""

    IDENTITY_CARD = 1
    TEMPORARY_IDENTITY = 2
    NEW_BLUE_CARD = 3
    NEW_BLUE_CARD_TEMPORARY = 4


@dataclass(frozen=True, slots=True)
class Coded:
    """A value of a code table (``Parametre`` on the wire)."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date whose parts may be unknown (``TarihBilgisi`` on the wire); never a ``date``."""

    day: int | None
    month: int | None
    year: int | None

    @property
    def packed(self) -> int:
        """The date as the tables keep it: ``yyyymmdd``, an unknown part being zero."""
        return (self.year or 0) * 10000 + (self.month or 0) * 100 + (self.day or 0)

    @property
    def is_unknown(self) -> bool:
        """Whether not even one part is known."""
        return self.day is None and self.month is None and self.year is None

    @classmethod
    def of_packed(cls, packed: int | None) -> Self:
        """Read ``yyyymmdd``; nothing at all (``None``) is the wholly unknown date."""
        year, rest = divmod(packed or 0, 10000)
        month, day = divmod(rest, 100)
        return cls(day or None, month or None, year or None)


#: The date of which no part is known.
UNKNOWN_DATE = PartialDate(None, None, None)


@dataclass(frozen=True, slots=True)
class Registration:
    """Where a citizen stands in the family register (``KayitYeriBilgisi``, K3.11)."""

    province: Coded
    district: Coded
    volume: Coded
    family_no: int
    member_no: int


@dataclass(frozen=True, slots=True)
class Citizen:
    """A person of the citizens' register (``TCKisiBilgisi``, ``KisiBilgisi``).

    ``closed`` is true for every ``Durum`` but open.  ``surname`` is absent for the few who
    have none (K3.5 R15).  ``guardianship`` (``VeliVasiTur``) is absent without a guardian.
    ``registered`` is the day on which the person was entered (``TescilTarih``).
    """

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    mother_number: int | None
    father_number: int | None
    spouse_number: int | None
    mother_ancestry_not_found: bool
    father_ancestry_not_found: bool
    sex: Coded
    born: PartialDate
    birth_place: str | None
    birth_place_code: int | None
    status: Coded
    civil_status: Coded | None
    religion: Coded | None
    died: PartialDate | None
    registration: Registration | None
    former_surname: str | None
    former_foreigner_number: int | None
    real_person_number: int | None
    guardianship: Coded | None
    protected: bool
    closed: bool
    registered: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Foreigner:
    """A person of the foreigners' register (``YabanciKisiBilgisi``).

    ``born`` without a known part stands for a birth date that is absent.  The two permit
    dates are civil time of Istanbul without a zone, as the wire shows them.
    """

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    mother_number: int | None
    father_number: int | None
    spouse_number: int | None
    sex: Coded
    born: PartialDate
    birth_place: str | None
    birth_place_code: int | None
    status: Coded
    civil_status: Coded | None
    died: PartialDate | None
    nationality: Coded | None
    standing: Coded | None
    permit_no: str | None
    permit_start: datetime | None
    permit_end: datetime | None
    permit_open_end_reason: Coded | None
    permit_province: Coded | None
    source_unit: Coded | None
    real_person_number: int | None
    acquired_citizen_number: int | None
    guardianship: Coded | None
    protected: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class BlueCardPerson:
    """A person of the blue card register (``MaviKartKisiBilgisi``); ``country`` is ``Ulke``."""

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    mother_number: int | None
    father_number: int | None
    spouse_number: int | None
    sex: Coded
    born: PartialDate
    birth_place: str | None
    birth_place_code: int | None
    status: Coded
    civil_status: Coded | None
    died: PartialDate | None
    country: Coded | None
    real_person_number: int | None
    acquired_citizen_number: int | None
    guardianship: Coded | None
    protected: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class OldBooklet:
    """The old identity booklet (``TCCuzdanBilgisi``): ``Seri``, ``No``, ``CuzdanKayitNo``."""

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    born: PartialDate | None
    birth_place: str | None
    series: str
    serial: int
    record_no: int
    issue_reason: Coded | None
    issuing_district: Coded | None
    issued: PartialDate | None


@dataclass(frozen=True, slots=True)
class IdentityCard:
    """The chip card (``TCKK``); the last six members are those of 2011 alone and of 2021 on.

    2011 only: ``birth_place``, ``application_reason`` (``BasvuruNeden``), ``record_no``
    (``KayitNo``), ``delivering_unit`` (``TeslimEdenBirim``), ``delivered`` (``TeslimTarih``).
    From 2017: ``blood_group``; from 2021: ``licence_loaded``, ``licence_loaded_on``.
    """

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    sex: Coded
    born: PartialDate | None
    serial_no: str
    expires: PartialDate | None
    authority: str | None
    blood_group: Coded | None
    licence_loaded: bool
    licence_loaded_on: PartialDate | None
    birth_place: str | None
    application_reason: Coded | None
    record_no: int | None
    delivering_unit: Coded | None
    delivered: PartialDate | None


@dataclass(frozen=True, slots=True)
class TemporaryIdentity:
    """A citizen's temporary identity document (``TCGeciciKimlikBilgisi``), without its photo."""

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    sex: Coded
    born: PartialDate | None
    document_no: str
    issued: PartialDate | None
    issuing_district: Coded | None
    former_surname: str | None
    expires: PartialDate | None
    blood_group: Coded | None


@dataclass(frozen=True, slots=True)
class Photo:
    """The photo on one document (``Fotograf``): PNG or JPEG bytes."""

    number: int
    image: bytes


@dataclass(frozen=True, slots=True)
class OldBlueCard:
    """The old blue card (``MaviKartBilgi``); ``unit_code`` is ``Birim``."""

    number: int
    given_name: str
    surname: str | None
    former_surname: str | None
    mother_name: str | None
    father_name: str | None
    sex: Coded
    born: PartialDate | None
    birth_place: str | None
    birth_place_code: int | None
    civil_status: Coded | None
    nationality: Coded | None
    series: str
    serial: int
    record_no: int
    unit_code: int | None
    issue_reason: Coded | None
    issued: PartialDate | None


@dataclass(frozen=True, slots=True)
class NewBlueCard:
    """The new blue card (``YeniMaviKartBilgi``, from 2023)."""

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    sex: Coded
    born: PartialDate | None
    nationality: Coded | None
    serial_no: str
    expires: PartialDate | None
    authority: str | None


@dataclass(frozen=True, slots=True)
class NewBlueCardTemporary:
    """The new blue card's temporary document (``YeniMaviKartGeciciKimlikBilgi``), no photo."""

    number: int
    given_name: str
    surname: str | None
    mother_name: str | None
    father_name: str | None
    sex: Coded
    born: PartialDate | None
    nationality: Coded | None
    document_no: str
    issued: PartialDate | None
    issuing_district: Coded | None
    expires: PartialDate | None


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A numbered unit of the national address base: centre, town or village (K3.4).

    ``street`` is ``Csbm``; ``village*`` are filled for towns and villages only; ``lot_*`` are
    ``BinaAda``, ``BinaPafta``, ``BinaParsel``; ``estate_name`` is ``BinaSiteAdi``.
    """

    province: Coded
    district: Coded
    neighbourhood: Coded | None
    village_name: str | None
    village_code: int | None
    village_record_no: int | None
    street: Coded | None
    building_code: int | None
    building_no: int | None
    building_status: Coded | None
    building_kind: Coded | None
    building_use: Coded | None
    numbering_kind: Coded | None
    lot_block: str | None
    lot_sheet: str | None
    lot_parcel: str | None
    block_name: str | None
    estate_name: str | None
    outer_door_no: str | None
    inner_door_no: str | None
    floor_no: str | None
    unit_status: Coded | None
    unit_kind: Coded | None
    deed_unit_no: str | None
    floors_below_road: int | None
    floors_above_road: int | None


@dataclass(frozen=True, slots=True)
class AbroadAddress:
    """An address abroad (``YurtDisiAdresi``); ``correction_*`` are ``DisTemsDuzeltme…``."""

    mission: Coded | None
    country: Coded | None
    city: str | None
    text: str | None
    correction_declared: datetime | None
    correction_decided: datetime | None
    correction_reason: Coded | None


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a person (``KimlikNoileKisiAdresBilgisi``).

    ``residence`` marks the one ``YerlesimYeriAdresi``.  Exactly one of ``dwelling`` and
    ``abroad`` is filled; ``kind`` (``AdresTip``) says as what variant a dwelling is shown.
    """

    number: int
    residence: bool
    address_no: int | None
    kind: Coded
    text: str | None
    declared: PartialDate | None
    declared_by_number: int | None
    moved: PartialDate | None
    registered: PartialDate | None
    move_reason: Coded | None
    move_reason_text: str | None
    dwelling: Dwelling | None
    abroad: AbroadAddress | None
