"""BilgiServis: what an asker is told about itself."""

from datetime import UTC, datetime
from typing import Any

from register_samples import FakeRegister, Told, ask, contract, grant_of

from kps_soap.criteria import Asker, Granted

SERVICE = contract("BilgiServis", "1")
SEEN = "GetirResult/SorguSonucu"
ASKED_AT = datetime(2026, 1, 1, 9, 30, 15, 120000, tzinfo=UTC)
GRANTED = (
    Granted("AksOkuTumIlServis", "2011/01/01", "ACIK", ("EMLAK_BEYAN",), ("Il",)),
    Granted(
        "KisiSorgulaTCKimlikNoServis",
        "2011/01/01",
        "PILOT",
        ("EMLAK_BEYAN", "SOSYAL_YARDIM"),
        ("KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi"),
    ),
)


def asker(**changes: Any) -> Asker:
    members: dict[str, Any] = {
        "institution": "B-34-0417",
        "account": "KRM-34-0417",
        "inquirer": "AYSE",
        "source_address": "203.0.113.10",
        "asked_at": ASKED_AT,
        "agreement": "2026/117",
        "agreement_digest": "ab" * 32,
        "granted": lambda: GRANTED,
    }
    return Asker(**members | changes)


def get(register: FakeRegister | None = None, *, how: Any = None, **changes: Any) -> Told:
    held = register or FakeRegister()
    return ask(SERVICE, "", held, asker=asker(**changes), **(how or {}))


def test_the_asker_sees_itself_as_the_gateway_does() -> None:
    told = get()
    shown = {
        "AnlasmaNo": "2026/117",
        "AnlasmaSurumu": "ab" * 32,
        "GorulenAdres": "203.0.113.10",
        "GorulenHesap": "KRM-34-0417",
        "GorulenKurum": "B-34-0417",
        "GorulenSorgulayan": "AYSE",
    }
    assert {name: told.text(f"{SEEN}/{name}") for name in shown} == shown
    assert told.is_nil("GetirResult/HataBilgisi")


def test_the_time_is_utc_and_says_so() -> None:
    text = get().text(f"{SEEN}/UtcZamani")
    assert text is not None
    assert datetime.fromisoformat(text) == ASKED_AT
    assert text.endswith("+00:00")


def test_every_granted_version_is_told_with_stage_purposes_and_fields() -> None:
    told = get()
    right = f"{SEEN}/Yetkiler/Yetki"
    assert told.texts(f"{right}/Servis") == [one.service for one in GRANTED]
    assert told.texts(f"{right}/Surum") == ["2011/01/01"] * 2
    assert told.texts(f"{right}/Asama") == ["ACIK", "PILOT"]
    assert told.texts(f"{right}/Amaclar/Amac") == ["EMLAK_BEYAN", "EMLAK_BEYAN", "SOSYAL_YARDIM"]
    assert told.texts(f"{right}/Alanlar/Alan") == [
        "Il",
        "KisiBilgisi/TCKimlikNo",
        "KisiBilgisi/TemelBilgisi",
    ]


def test_an_asker_without_an_inquirer_or_grants_is_told_so() -> None:
    told = get(inquirer="", granted=lambda: ())
    assert told.is_nil(f"{SEEN}/GorulenSorgulayan")
    assert told.texts(f"{SEEN}/Yetkiler") == [None]
    assert not told.is_nil(f"{SEEN}/Yetkiler")


def test_it_reads_no_register_and_costs_nothing() -> None:
    held = FakeRegister()
    told = get(held)
    assert held.asked == []
    assert (told.enquiry.units, told.enquiry.records) == (0, 0)
    assert told.enquiry.persons == []


def test_a_file_may_grant_less_of_it() -> None:
    told = get(how={"grant": grant_of(SERVICE, "ErisimBilgisi/UtcZamani")})
    assert told.text(f"{SEEN}/UtcZamani") is not None
    assert told.is_nil(f"{SEEN}/Yetkiler")
    assert told.is_nil(f"{SEEN}/GorulenAdres")
