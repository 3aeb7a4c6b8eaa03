"""The closed lists that an agreement file may use, spelt as on the wire and in the law.

A list here is what the file format accepts (design §6).  This module judges nothing: which kind
of institution may receive addresses is dated data (``address_rights``), and which door or
profile this gateway serves is for the caller of the loader to say.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PUBLIC_BODY: Final = "KAMU"
OTHER_LEGAL_ENTITY: Final = "DIGER_TUZEL"

#: K2.2: the recipient is a public body or another legal entity.
CLASSES: Final = (PUBLIC_BODY, OTHER_LEGAL_ENTITY)

_PUBLIC_KINDS = (
    "BAKANLIK",
    "VALILIK",
    "KAYMAKAMLIK",
    "IL_OZEL_IDARESI",
    "BUYUKSEHIR_BELEDIYESI",
    "BELEDIYE",
    "BELEDIYE_BAGLI_IDARESI",
    "MAHALLI_IDARE_BIRLIGI",
    "MUHTARLIK",
    "UNIVERSITE",
    "SGK",
    "YARGI",
    "KOLLUK",
    "KAMU_HASTANESI",
    "DUZENLEYICI_KURUM",
    "KAMU_IKTISADI_TESEBBUSU",
    "DIGER_KAMU",
)
_OTHER_KINDS = (
    "BANKA",
    "SIGORTA",
    "EMEKLILIK",
    "GUVENCE_HESABI",
    "FINANSAL_HIZMET",
    "ADRESE_DAYALI_KAMU_HIZMETI",
    "DERECELENDIRME",
    "LEASING",
    "ARACI_KURUM",
    "PORTFOY_YONETIMI",
    "NOTERLER_BIRLIGI",
    "SIRKET",
    "VAKIF_DERNEK",
)

#: Every kind of institution with the class it belongs to (§2.2, rule USER-2020).
CLASS_OF_KIND: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(_PUBLIC_KINDS, PUBLIC_BODY) | dict.fromkeys(_OTHER_KINDS, OTHER_LEGAL_ENTITY)
)

UNDERTAKING: Final = "TAAHHUTNAME"
BILATERAL: Final = "IKILI_ANLASMA"
INSTRUMENTS: Final = (UNDERTAKING, BILATERAL)

APPROVERS: Final = ("GENEL_MUDUR", "BAKAN", "VERI_PAYLASIMI_KURULU")

DRAFT: Final = "TASLAK"
TEST: Final = "TEST"
OPEN: Final = "ACIK"
SUSPENDED: Final = "ASKIDA"
CLOSED: Final = "KAPALI"

#: §2.4, in the order of an agreement's life.
STATES: Final = (DRAFT, "IMZALI", "TANIMLI", TEST, OPEN, SUSPENDED, "FESIH", "SONA_ERDI")

#: States in which calls are answered: TEST from the synthetic register only (design D20).
ANSWERING_STATES: Final = frozenset({TEST, OPEN})

#: States in which an agreement holds its accounts and addresses, answering or not.
LIVING_STATES: Final = frozenset({"TANIMLI", TEST, OPEN, SUSPENDED})

PILOT: Final = "PILOT"
STAGES: Final = (CLOSED, TEST, PILOT, OPEN, SUSPENDED)
ANSWERING_STAGES: Final = frozenset({TEST, PILOT, OPEN})

#: The stages of a public service: a pilot names its inquirers, and there are none.
PUBLIC_STAGES: Final = (CLOSED, TEST, OPEN, SUSPENDED)

DOORS: Final = ("direct", "routing", "console")

CLASSIC: Final = "KLASIK"
STRONG: Final = "GUCLU"
PROFILES: Final = (CLASSIC, "STANDART", STRONG)

NAME_MATCHINGS: Final = ("TAM", "DUZELTMELI")
SIGNATURES: Final = ("RSA", "P256")

RELATION_OFF: Final = "KAPALI"
RELATIONS: Final = (RELATION_OFF, "UYAR", "ENGELLE")

PAYS: Final = "YOK"
#: K16.1: who is exempt from the fee.
EXEMPTIONS: Final = ("GENEL_YONETIM", "MUHTARLIK", PAYS)

#: Services that list persons nobody named: they need a legal basis of their own (45/2, K7.3).
BULK_SERVICES: Final = frozenset({"KisiListeleServis"})

#: The longest age of a password that an agreement may name, in days (§5.15).
PASSWORD_DAYS_MAX: Final = 3650

#: How a record begins to name the mandate under which a vendor's account acted (§5.17).
MANDATE: Final = "VEKALET"
