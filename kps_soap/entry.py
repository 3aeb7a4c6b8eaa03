"""What the evidence keeps of one request, gathered while the request walks down the line.

An ``Entry`` is filled from top to bottom by ``gateway.answer`` and handed, once, to the
evidence writer.  It holds facts only; it encrypts nothing, hashes nothing, stores nothing.
The columns follow domain.md §2.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Event(StrEnum):
    """The closed list of things that leave a record."""

    QUERY = "SORGU"
    REPETITION = "TEKRAR"
    DICTIONARY = "SOZLUK"
    INFORMATION = "BILGI"
    TOKEN = "ANAHTAR"  # noqa: S105 - the name of an event
    VERIFICATION = "DOGRULAMA"
    REFUSAL = "RET"
    AGGREGATE = "TOPLU_RET"
    AGREEMENTS_LOADED = "ANLASMA_YUKLEME"
    AGREEMENTS_TAKEN = "ANLASMA_ALMA"
    AGREEMENT_STATE = "ANLASMA_DURUM"
    AGREEMENT_SUSPENDED = "ANLASMA_ASKI"
    AGREEMENT_RESUMED = "ANLASMA_ASKI_KALDIRMA"
    AGREEMENT_NOTICE = "ANLASMA_SURE"
    SERVICE_STAGE = "SERVIS_ASAMA"
    SEARCH = "IZ_ARAMA"
    RECEIPT = "ALINDI"
    PASSWORD_SET = "HESAP_PAROLA"  # noqa: S105 - the name of an event
    ACCOUNT_BLOCKED = "HESAP_BLOKE"
    ACCOUNT_OPENED = "HESAP_ACMA"
    ACCOUNT_LOCKED = "HESAP_KILIT"
    PERSON_ADDED = "KISI_EKLEME"
    PERSON_CHANGED = "KISI_DEGISIKLIK"
    PERSON_BLOCKED = "KISI_BLOKE"
    PERSON_OPENED = "KISI_ACMA"
    PERSON_LEFT = "KISI_AYRILMA"
    PERSON_PASSWORD = "KISI_PAROLA"  # noqa: S105 - the name of an event
    PERSON_NARROWED = "KISI_YETKI"
    SEATS_SET = "KONTENJAN"
    MANDATE = "VEKALET"
    SYSTEM = "SISTEM_KAYIT"
    APPROVAL_ASKED = "ONAY_ISTEK"
    APPROVAL_DECIDED = "ONAY_KARAR"
    ROSTER_REPLACED = "LISTE_YUKLEME"
    ALARM = "UYARI"
    FINDING_SETTLED = "UYARI_ONAY"
    PERSON_PROTECTED = "KORUMA"
    PERSON_UNPROTECTED = "KORUMA_KALDIRMA"
    SIGNED_IN = "OTURUM_ACMA"
    SIGN_IN_REFUSED = "OTURUM_RET"
    SIGNED_OUT = "OTURUM_KAPAMA"
    CODE_SET = "KISI_KOD"
    ACCESS_NOTICE = "ERISIM_SURE"
    KEYS_LOADED = "ANAHTAR_YUKLEME"
    STATEMENT = "HESAP_OZETI"
    MONTH_CLOSED = "AY_KAPAMA"
    DESTROYED = "IMHA"
    HOLD_PLACED = "SAKLAMA"
    HOLD_LIFTED = "SAKLAMA_KALDIRMA"
    SECRECY_PLACED = "GIZLILIK"
    SECRECY_LIFTED = "GIZLILIK_KALDIRMA"
    KEY_ROTATED = "ANAHTAR_DEGISIMI"
    VERIFIED = "IZ_DOGRULAMA"
    TABLES_UPGRADED = "TABLO_YENILEME"
    EXPORTED = "DISA_AKTARMA"
    IMPORTED = "ICE_AKTARMA"
    STARTED = "BASLATMA"
    STOPPED = "DURDURMA"


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token of the routing door, as it is registered: nothing that opens it.

    ``digest`` is SHA-256 of both decoded cipher values, the key's first; ``wrapped_key`` is the
    proof key under the gateways' own key.  Times are microseconds since 1970 UTC.
    """

    digest: bytes
    assertion_id: str
    account: str
    credential_version: int
    institution: str
    inquirer: str
    agreement: str
    agreement_digest: str
    source_address: str
    issued_us: int
    not_after_us: int
    wrapped_key: bytes


@dataclass(frozen=True, slots=True)
class LoginNote:
    """What a log-in leaves in the credential store: a wrong password counts towards a lock."""

    account: str
    right: bool


@dataclass(slots=True)
class Entry:
    """One record in the making.  Times are aware UTC; digests are lower-case hex SHA-256.

    ``persons`` are the identity numbers asked about: the writer keeps only keyed digests.
    ``question`` and ``answer`` are the bytes as received and as sent: the writer encrypts them.
    ``units`` are billable units: criteria that reached the register (design D19).
    ``amount`` is what they cost, in hundredths of a kuruş; None where no tariff was applied.
    ``client_certificate`` is the SHA-256 of the caller's certificate (DER).
    ``token`` is the assertion id of the token that was used or issued, ``bound_inquirer`` the
    inquirer it names where the query named another one.
    ``records`` counts the records of persons that the answer held.  ``repeats`` names the record
    (``chain:sequence``) of which this is a repetition (design D18).
    ``fee`` says how ``amount`` follows from units and records: ``SORGU:300`` (hundredths of a
    kuruş a unit), ``KAYIT:300`` (a record), or ``MUAF:`` with the exemption.
    ``issued``, ``login`` and ``wrong_about`` are no part of the record: they are written in its
    transaction, so that a token or a failed log-in is known exactly when its record is.
    ``wrong_about`` holds keyed digests of the persons about whom the institution was mistaken,
    ``right_about`` of those about whom it was not; ``wrong_max`` is how often a day it may be.
    ``once`` is the key of a question that may be repeated (design D18), ``signed_message`` the
    digest of what its sender signed, which may be presented once.
    ``pilot`` names the pilot that an answered call counts towards, in the same way, and
    ``counts_for_day`` says that it counts towards its agreement's persons and calls of the day.
    ``protected`` are the protected persons that it met, shown or not.
    ``roster_asked`` persons were looked for on the institution's roster, and ``roster_missing`` of
    them were not on it; what follows is said by ``roster_mode``.
    """

    request_id: str
    received_at: datetime
    door: str
    event: Event = Event.REFUSAL
    channel: str = "WS"
    source_address: str = ""
    institution: str = ""
    agreement: str = ""
    agreement_digest: str = ""
    account: str = ""
    inquirer: str = ""
    vouched_by: str = ""
    service: str = ""
    operation: str = ""
    version: str = ""
    purpose: str = ""
    case_number: str = ""
    client_software: str = ""
    message_id: str = ""
    outcome: int = 0
    refusal: str = ""
    detail: str = ""
    criterion_outcomes: list[int] = field(default_factory=list)
    persons: list[int] = field(default_factory=list)
    returned_fields: tuple[str, ...] = ()
    withheld_digest: str = ""
    units: int = 0
    receipt_number: str = ""
    question_digest: str = ""
    answer_digest: str = ""
    sent_digest: str = ""
    question: bytes = b""
    answer: bytes = b""
    http_status: int = 0
    duration_us: int = 0
    count: int = 1
    on_behalf_of: str = ""
    unit: str = ""
    client_certificate: str = ""
    amount: int | None = None
    token: str = ""
    bound_inquirer: str = ""
    records: int = 0
    repeats: str = ""
    fee: str = ""
    issued: IssuedToken | None = None
    login: LoginNote | None = None
    wrong_about: tuple[bytes, ...] = ()
    right_about: tuple[bytes, ...] = ()
    wrong_max: int = 0
    pilot: str = ""
    counts_for_day: bool = False
    protected: list[int] = field(default_factory=list)
    roster_mode: str = ""
    roster_asked: int = 0
    roster_missing: int = 0
    once: str = ""
    signed_message: bytes = b""


class Repeated(Exception):
    """The question was asked before: ``first`` is the number of that request (design D18)."""

    def __init__(self, first: str) -> None:
        super().__init__("asked before")
        self.first = first


class Undone(Exception):
    """Some of a group's answers must not leave, so the transaction of their records must not be.

    ``reasons`` has, for the number of each such request, what its caller is told instead: a
    refusal, or ``Repeated``.
    """

    def __init__(self, reasons: Mapping[str, Exception]) -> None:
        super().__init__("not all of the group may be answered")
        self.reasons = reasons
