"""KimlikNoSorgulaAdresServis in its four dated versions: what sets them apart."""

from typing import Any

import pytest
from lxml import etree
from register_samples import (
    BORN,
    CITIZEN_NUMBER,
    NOBODY,
    FakeRegister,
    Told,
    abroad,
    address,
    ask,
    citizen,
    contract,
    grant_of,
)

from kps_soap.contracts.contract import CompiledContract
from kps_soap.faults import Outcome, SchemaRefused
from kps_soap.registry.records import PartialDate

NAME = "KimlikNoSorgulaAdresServis"
V2015, V2016, V2021, V2023 = (
    contract(NAME, date) for date in ("2015/07/01", "2016/10/01", "2021/04/01", "2023/07/01")
)
OLD, NEW = (V2015, V2016), (V2021, V2023)
ITEM = "SorgulaResult/SorguSonucu/KimlikNoileKisiAdresBilgileri"
HOME = f"{ITEM}/YerlesimYeriAdresi"
SHARED = "http://kps.nvi.gov.tr/2011/01/01"
CRITERION = "KimlikNoileAdresSorguKriteri"

every_version = pytest.mark.parametrize("chosen", [*OLD, *NEW], ids=lambda one: str(one.version))


def criteria(
    chosen: CompiledContract,
    number: int = CITIZEN_NUMBER,
    *,
    born: PartialDate = BORN,
    namespace: str = "",
) -> str:
    own = namespace or (SHARED if chosen is V2015 else chosen.namespace)
    date = (
        f"<DogumAy>{born.month or 0}</DogumAy><DogumGun>{born.day or 0}</DogumGun>"
        f"<DogumYil>{born.year or 0}</DogumYil>"
    )
    return (
        f'<kriterListesi><{CRITERION} xmlns="{own}">{date if chosen in NEW else ""}'
        f"<KimlikNo>{number}</KimlikNo></{CRITERION}></kriterListesi>"
    )


def query(chosen: CompiledContract, *held: Any, **how: Any) -> Told:
    register = FakeRegister({"citizen": citizen(), "addresses": list(held)})
    return ask(chosen, criteria(chosen), register, **how)


@every_version
def test_a_residence_is_shown_in_every_version(chosen: CompiledContract) -> None:
    told = query(chosen, address(), abroad(residence=False))
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.text(f"{ITEM}/KimlikNo") == str(CITIZEN_NUMBER)
    assert told.text(f"{HOME}/AdresNo") == "9000000001"
    assert told.text(f"{HOME}/IlIlceMerkezAdresi/Il") == "İSTANBUL"
    others = f"{ITEM}/DigerAdresBilgileri/KimlikNoileKisiAdresBilgisi"
    assert told.text(f"{others}/YurtDisiAdresi/YabanciSehir") == "ÖRNEKŞEHİR"


@every_version
def test_the_answer_stands_in_the_namespace_of_its_version(chosen: CompiledContract) -> None:
    payload = query(chosen, address()).payload.decode()
    assert payload.startswith(f'<SorgulaResponse xmlns="{chosen.namespace}"><SorgulaResult xmlns:i')
    assert "<IlIlceMerkezAdresi><BagimsizBolumDurum xmlns:b=" in payload
    assert f'<YurtDisiAdresi i:nil="true" xmlns:b="{SHARED}"/>' in payload


@pytest.mark.parametrize("chosen", [V2016, V2021, V2023], ids=lambda one: str(one.version))
def test_the_reason_of_a_move_is_told_from_2016_on(chosen: CompiledContract) -> None:
    assert query(chosen, address()).text(f"{HOME}/TasinmaNeden/Aciklama") == "Evlilik"
    told = query(V2015, address())
    assert told.texts(f"{HOME}/TasinmaNeden") == []
    assert told.texts(f"{HOME}/TasinmaNedenAciklama") == []


def test_2015_reads_its_criteria_in_the_namespace_of_2011_alone() -> None:
    register = FakeRegister({"citizen": citizen(), "addresses": [address()]})
    with pytest.raises(SchemaRefused):
        ask(V2015, criteria(V2015, namespace=V2015.namespace), register)


@pytest.mark.parametrize("namespace", [SHARED, V2016.namespace])
def test_2016_reads_its_criteria_in_both_namespaces_that_they_may_have(namespace: str) -> None:
    register = FakeRegister({"citizen": citizen(), "addresses": [address()]})
    told = ask(V2016, criteria(V2016, namespace=namespace), register)
    assert told.text(f"{HOME}/AdresNo") == "9000000001"


def test_a_request_of_2016_is_one_form_after_it_was_validated() -> None:
    item = etree.fromstring(
        f'<Sorgula xmlns="{V2016.namespace}">{criteria(V2016, namespace=SHARED)}</Sorgula>'
    )
    V2016.validate_request(item)
    assert {etree.QName(found).namespace for found in item.iter()} == {V2016.namespace}
    assert V2016.open(item).parameters == ([{"KimlikNo": CITIZEN_NUMBER}],)


@pytest.mark.parametrize("namespace", [SHARED, "urn:other"])
def test_2021_takes_no_criteria_of_another_namespace(namespace: str) -> None:
    with pytest.raises(SchemaRefused):
        ask(V2021, criteria(V2021, namespace=namespace), FakeRegister())


@pytest.mark.parametrize("chosen", NEW, ids=lambda one: str(one.version))
def test_the_birth_date_is_a_criterion_from_2021_on(chosen: CompiledContract) -> None:
    register = FakeRegister({"citizen": citizen(), "addresses": [address()]})
    without = criteria(chosen, born=PartialDate(4, 3, None))
    assert ask(chosen, without, register).enquiry.outcomes == [Outcome.MISSING]
    born = PartialDate(None, None, 1985)
    unknown_day = FakeRegister({"citizen": citizen(born=born), "addresses": []})
    said = criteria(chosen, born=born)
    assert ask(chosen, said, unknown_day).enquiry.outcomes == [Outcome.OK]


@pytest.mark.parametrize("chosen", NEW, ids=lambda one: str(one.version))
def test_nobody_and_a_wrong_birth_date_are_one_answer_at_one_cost(
    chosen: CompiledContract,
) -> None:
    nobody = FakeRegister()
    other = FakeRegister({"citizen": citizen(number=NOBODY), "addresses": [address()]})
    wrong = criteria(chosen, NOBODY, born=PartialDate(5, 3, 1985))
    assert ask(chosen, wrong, nobody).payload == ask(chosen, wrong, other).payload
    assert nobody.asked == other.asked == ["blue_card_person", "citizen"]


@every_version
def test_a_withheld_residence_says_so_for_everyone(chosen: CompiledContract) -> None:
    grant = grant_of(chosen, "KimlikNoileKisiAdresBilgileri/KimlikNo")
    with_home, without = query(chosen, address(), grant=grant), query(chosen, grant=grant)
    assert with_home.payload == without.payload
    assert with_home.text(f"{HOME}/HataBilgisi/Kod") == "8"
    assert with_home.is_nil(f"{HOME}/AcikAdres")
