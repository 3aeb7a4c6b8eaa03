"""Declaration, schema and WSDL of every contract are one and the same interface.

The table is typed from the published interface, not from the code.
"""

from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import zeep
from lxml import etree

from kps_soap import places
from kps_soap.contracts import catalogue
from kps_soap.contracts.catalogue import all_contracts, compile_all
from kps_soap.contracts.contract import CompiledContract, compile_contract
from kps_soap.contracts.schemas import read_schema
from kps_soap.contracts.shape import compare, declared_shape, differences, published_shape
from kps_soap.contracts.wsdl import WSDL, file_of, wsdl_of
from kps_soap.entry import Event
from kps_soap.fields import Grant
from kps_soap.spyne_import import Int, Service, Unicode, rpc

XSD = "{http://www.w3.org/2001/XMLSchema}"
KPS = "http://kps.nvi.gov.tr"
PUBLIC = "http://tckimlik.nvi.gov.tr/WS"


class Published(NamedTuple):
    namespace: str
    operation: str
    action: str
    messages: tuple[str, str]
    port_type: str
    ports: tuple[str, str]


def _kps(service: str, version: str, operation: str) -> Published:
    return Published(
        namespace=f"{KPS}/{version}",
        operation=operation,
        action=f"{KPS}/{version}/{service}/{operation}",
        messages=(
            f"{service}_{operation}_InputMessage",
            f"{service}_{operation}_OutputMessage",
        ),
        port_type=service,
        ports=(f"BasicHttpBinding_{service}", f"CustomBinding_{service}"),
    )


def _own(service: str, namespace: str, operation: str) -> Published:
    dated = _kps(service, "", operation)
    return dated._replace(namespace=namespace, action=f"{namespace}/{service}/{operation}")


def _public(service: str, operation: str) -> Published:
    return Published(
        namespace=PUBLIC,
        operation=operation,
        action=f"{PUBLIC}/{operation}",
        messages=(f"{operation}SoapIn", f"{operation}SoapOut"),
        port_type=f"{service}Soap",
        ports=(f"{service}Soap", f"{service}Soap12"),
    )


BILESIK = "BilesikKutukSorgulaKimlikNoServis"
ADRES = "KimlikNoSorgulaAdresServis"
YABANCI = "YbKisiSorgulaYbKimlikNoServis"
PUBLISHED: dict[tuple[str, str], Published] = {
    ("AksOkuTumIlServis", "2011/01/01"): _kps("AksOkuTumIlServis", "2011/01/01", "Listele"),
    ("AksOkuTumIleBagliIlceServis", "2011/01/01"): _kps(
        "AksOkuTumIleBagliIlceServis", "2011/01/01", "Listele"
    ),
    (BILESIK, "2011/01/01"): _kps(BILESIK, "2011/01/01", "Sorgula"),
    (BILESIK, "2017/08/01"): _kps(BILESIK, "2017/08/01", "Sorgula"),
    (BILESIK, "2021/04/01"): _kps(BILESIK, "2021/04/01", "Sorgula"),
    (BILESIK, "2023/02/01"): _kps(BILESIK, "2023/02/01", "Sorgula"),
    (BILESIK, "2024/04/01"): _kps(BILESIK, "2024/04/01", "Sorgula"),
    ("CuzdanSorgulaTCKimlikNoServis", "2014/09/01"): _kps(
        "CuzdanSorgulaTCKimlikNoServis", "2014/09/01", "ListeleCoklu"
    ),
    ("KPSPublic", "WS"): _public("KPSPublic", "TCKimlikNoDogrula"),
    ("KPSPublicV2", "WS"): _public("KPSPublicV2", "KisiVeCuzdanDogrula"),
    ("KPSPublicYabanciDogrula", "WS"): _public("KPSPublicYabanciDogrula", "YabanciKimlikNoDogrula"),
    ("AileListesiAraTCNoServis", "2011/01/01"): _kps(
        "AileListesiAraTCNoServis", "2011/01/01", "Sorgula"
    ),
    ("KisiListeleServis", "2011/01/01"): _kps("KisiListeleServis", "2011/01/01", "Sayfala"),
    ("NkoSorgulaKayitYeriServis", "1"): _own(
        "NkoSorgulaKayitYeriServis", "urn:kps-soap:nko-kayit-yeri:1", "Sorgula"
    ),
    ("NkoSorgulaTCKimlikNoServis", "2021/04/01"): _kps(
        "NkoSorgulaTCKimlikNoServis", "2021/04/01", "Sorgula"
    ),
    (ADRES, "2015/07/01"): _kps(ADRES, "2015/07/01", "Sorgula"),
    (ADRES, "2016/10/01"): _kps(ADRES, "2016/10/01", "Sorgula"),
    (ADRES, "2021/04/01"): _kps(ADRES, "2021/04/01", "Sorgula"),
    (ADRES, "2023/07/01"): _kps(ADRES, "2023/07/01", "Sorgula"),
    ("KisiAdresNoSorgulaServis", "2011/01/01"): _kps(
        "KisiAdresNoSorgulaServis", "2011/01/01", "Sorgula"
    ),
    ("KisiSorgulaTCKimlikNoServis", "2011/01/01"): _kps(
        "KisiSorgulaTCKimlikNoServis", "2011/01/01", "ListeleCoklu"
    ),
    ("TcKimlikNoSorgulaAdresServis", "2011/01/01"): _kps(
        "TcKimlikNoSorgulaAdresServis", "2011/01/01", "Sorgula"
    ),
    ("TumKutukDogrulaServis", "2025/08/01"): _kps("TumKutukDogrulaServis", "2025/08/01", "Sorgula"),
    ("AlindiServis", "1"): _own("AlindiServis", "urn:kps-soap:alindi-servis:1", "Dogrula"),
    ("BilgiServis", "1"): _own("BilgiServis", "urn:kps-soap:bilgi:1", "Getir"),
    ("KimlikDogrulaServis", "1"): _own(
        "KimlikDogrulaServis", "urn:kps-soap:kimlik-dogrula:1", "Dogrula"
    ),
    ("KisiListesiYukleServis", "1"): _own(
        "KisiListesiYukleServis", "urn:kps-soap:kisi-listesi:1", "Yukle"
    ),
    ("ParolaServis", "1"): _own("ParolaServis", "urn:kps-soap:parola:1", "ParolaDegistir"),
    ("KimlikNoBulServis", "1"): _own("KimlikNoBulServis", "urn:kps-soap:kimlik-no-bul:1", "Bul"),
    (YABANCI, "2013/06/01"): _kps(YABANCI, "2013/06/01", "ListeleCoklu"),
    (YABANCI, "2016/01/01"): _kps(YABANCI, "2016/01/01", "ListeleCoklu"),
}

every_contract = pytest.mark.parametrize(
    "compiled", compile_all(), ids=lambda one: f"{one.name} {one.version}"
)


def contract(name: str, version: str) -> CompiledContract:
    return next(one for one in compile_all() if (one.name, one.version) == (name, version))


def wsdl_root(compiled: CompiledContract) -> Any:
    return etree.fromstring(wsdl_of(compiled.contract))


def test_the_published_contracts_are_all_there_and_no_others() -> None:
    assert {(one.name, one.version) for one in all_contracts()} == PUBLISHED.keys()


@every_contract
def test_names_are_those_of_the_public_interface(compiled: CompiledContract) -> None:
    expected = PUBLISHED[compiled.name, compiled.version]
    assert compiled.namespace == expected.namespace
    assert compiled.operation == expected.operation
    assert compiled.action == expected.action


@every_contract
def test_the_names_in_the_wsdl_are_those_of_the_public_interface(
    compiled: CompiledContract,
) -> None:
    expected, root = PUBLISHED[compiled.name, compiled.version], wsdl_root(compiled)
    assert root.get("targetNamespace") == expected.namespace

    def names(kind: str) -> list[str]:
        return [found.get("name") for found in root.iter(f"{{{WSDL}}}{kind}")]

    assert names("message") == list(expected.messages)
    assert names("portType") == [expected.port_type]
    assert names("binding") == names("port") == list(expected.ports)
    assert names("service") == [compiled.name]
    assert set(names("operation")) == {expected.operation}
    assert [part.get("name") for part in root.iter(f"{{{WSDL}}}part")] == ["parameters"] * 2
    assert [part.get("element") for part in root.iter(f"{{{WSDL}}}part")] == [
        f"tns:{expected.operation}",
        f"tns:{expected.operation}Response",
    ]
    assert set(root.xpath("//@soapAction")) == {expected.action}


@every_contract
def test_declaration_and_schema_agree_member_by_member(compiled: CompiledContract) -> None:
    assert differences(compiled.contract) == ()


@every_contract
def test_schema_and_wsdl_agree_member_by_member(compiled: CompiledContract) -> None:
    files = [read_schema(file) for file in compiled.contract.schema_files]
    inside = list(wsdl_root(compiled).iter(f"{XSD}schema"))
    assert len(inside) == len(files)
    assert published_shape(inside) == published_shape(files)


@every_contract
def test_members_of_dated_contracts_stand_in_the_byte_order_of_their_names(
    compiled: CompiledContract,
) -> None:
    if not compiled.has_notes:
        return
    for file in compiled.contract.schema_files:
        for sequence in read_schema(file).iter(f"{XSD}sequence"):
            names = [str(member.get("name")).encode() for member in sequence]
            assert names == sorted(names)


@every_contract
def test_every_named_type_has_its_nillable_global_element(compiled: CompiledContract) -> None:
    for file in compiled.contract.schema_files:
        schema = read_schema(file)
        named = {found.get("name") for found in schema if found.tag.endswith("Type")}
        elements = {
            found.get("name"): found.get("nillable")
            for found in schema
            if found.get("type") is not None
        }
        assert elements == dict.fromkeys(named, "true")


def _change(schema: Any, change: str) -> None:
    row = next(found for found in schema.iter(f"{XSD}element") if found.get("name") == "KimlikNo")
    if change == "renamed":
        row.set("name", "KimlikNumarasi")
    elif change == "retyped":
        row.set("type", "xs:string")
    elif change == "required":
        row.set("minOccurs", "1")
    elif change == "not nillable":
        del row.attrib["nillable"]
    elif change == "repeated":
        row.set("maxOccurs", "2")
    elif change == "moved":
        row.getparent().insert(0, row)
    elif change == "removed":
        row.getparent().remove(row)
    elif change == "type removed":
        named = schema.find(f"{XSD}complexType[@name='TCKKFotoBilgisi']")
        schema.remove(named)
    elif change == "unqualified":
        schema.set("elementFormDefault", "unqualified")
    else:
        etree.SubElement(schema, f"{XSD}group", name="Yeni")


@pytest.mark.parametrize(
    "change",
    [
        *("renamed", "retyped", "required", "not nillable", "repeated", "moved", "removed"),
        *("type removed", "unqualified", "something new"),
    ],
)
def test_the_comparison_sees_every_kind_of_difference(change: str) -> None:
    compiled = contract(BILESIK, "2023/02/01")
    schemas = [deepcopy(read_schema(file)) for file in compiled.contract.schema_files]
    _change(schemas[0], change)
    found = list(compare(declared_shape(compiled.contract), published_shape(schemas)))
    assert len(found) == 1


def test_a_declaration_that_is_not_its_schema_is_not_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "differences", lambda _: ("type X differs",))
    with pytest.raises(TypeError, match="type X differs"):
        catalogue._compile(all_contracts()[0])


def test_a_contract_declared_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    first = all_contracts()[0]
    monkeypatch.setattr(catalogue, "_declared", lambda: iter((first, first)))
    all_contracts.cache_clear()
    try:
        with pytest.raises(ValueError, match="twice"):
            all_contracts()
    finally:
        all_contracts.cache_clear()


# What a contract tells the rest of the house


def test_dictionaries_verifications_and_queries_are_told_apart() -> None:
    kinds = {one.name: one.event for one in compile_all()}
    assert kinds["KPSPublicV2"] is Event.VERIFICATION
    assert kinds["AksOkuTumIlServis"] is Event.DICTIONARY
    assert kinds["KisiSorgulaTCKimlikNoServis"] is Event.QUERY
    assert kinds["TumKutukDogrulaServis"] is kinds["KimlikDogrulaServis"] is Event.VERIFICATION
    assert kinds["KimlikNoBulServis"] is Event.QUERY
    assert kinds["BilgiServis"] is Event.INFORMATION
    assert kinds["AlindiServis"] is Event.RECEIPT


def test_only_what_gives_nobodys_data_is_open_to_every_account() -> None:
    opened = {one.name: one.open_grant for one in compile_all() if one.open_grant is not None}
    assert opened.keys() == {"AlindiServis", "BilgiServis", "ParolaServis"}
    assert {one.withheld_leaves for one in opened.values()} == {()}
    assert contract("BilgiServis", "1").criteria is None


def test_only_the_address_services_are_under_the_address_law() -> None:
    marked = {(one.name, one.version) for one in compile_all() if one.address}
    names = {ADRES, "KisiAdresNoSorgulaServis", "TcKimlikNoSorgulaAdresServis"}
    assert marked == {(name, version) for name, version in PUBLISHED if name in names}


def test_birth_dates_are_criteria_from_2021_on() -> None:
    policies = {(one.name, one.version): one.criteria for one in compile_all()}
    assert policies["KPSPublic", "WS"] is None
    demanded = {key for key, policy in policies.items() if policy and policy.birth_date}
    assert demanded == {
        (BILESIK, "2021/04/01"),
        (BILESIK, "2023/02/01"),
        (BILESIK, "2024/04/01"),
        (ADRES, "2021/04/01"),
        (ADRES, "2023/07/01"),
        ("NkoSorgulaTCKimlikNoServis", "2021/04/01"),
        ("TumKutukDogrulaServis", "2025/08/01"),
        ("KimlikDogrulaServis", "1"),
        ("KimlikNoBulServis", "1"),
    }


def test_public_contracts_tell_the_door_their_members() -> None:
    members = contract("KPSPublicV2", "WS").members
    assert [(one.name, str(one.kind), one.nillable) for one in members[:5]] == [
        ("TCKimlikNo", "long", False),
        ("Ad", "string", False),
        ("Soyad", "string", False),
        ("SoyadYok", "boolean", False),
        ("DogumGun", "int", True),
    ]


def test_an_operation_that_is_no_coroutine_is_refused_at_start() -> None:
    class Blocking(Service):
        @rpc(Unicode, _returns=Int)
        def Sor(ctx: Any, kriter: str) -> int:  # noqa: N805
            return 1

    bad = replace(all_contracts()[0], service=Blocking, operation="Sor")
    with pytest.raises(TypeError, match="not a coroutine"):
        compile_contract(bad)


def test_an_answer_without_its_record_type_is_refused_at_start() -> None:
    bad = replace(contract("AksOkuTumIlServis", "2011/01/01").contract, item="Ilce")
    with pytest.raises(TypeError, match="does not answer with Ilce"):
        compile_contract(bad)


def test_a_part_without_a_section_is_refused_at_start() -> None:
    chosen = contract(BILESIK, "2023/02/01").contract
    bad = replace(chosen, parts={"TCKisiBilgisi": "BilesikKutukBilgileri/Yok"})
    with pytest.raises(TypeError, match="no section"):
        compile_contract(bad)


def test_a_result_that_is_one_record_is_filtered_as_one() -> None:
    chosen = contract("KisiAdresNoSorgulaServis", "2011/01/01")
    assert chosen.fields is not None
    assert not chosen.is_list
    assert contract(ADRES, "2021/04/01").is_list
    everything = Grant.of(chosen.fields, [chosen.item])
    record = {"AdresNo": 9000000001, "HataBilgisi": None}
    shown = chosen.filter({"SorguSonucu": record}, everything)
    assert shown == {"SorguSonucu": {"AdresNo": 9000000001}}
    withheld = chosen.filter({"SorguSonucu": record}, Grant.of(chosen.fields, []))
    assert withheld["SorguSonucu"]["HataBilgisi"]["Kod"] == 8
    with pytest.raises(TypeError, match="under a grant"):
        chosen.filter({"SorguSonucu": record}, None)


def test_records_do_not_leave_without_a_grant() -> None:
    chosen = contract("AksOkuTumIlServis", "2011/01/01")
    with pytest.raises(TypeError, match="under a grant"):
        chosen.filter({"SorguSonucu": {"Il": []}}, None)
    assert chosen.filter({"HataBilgisi": {"Kod": 2}}, None) == {"HataBilgisi": {"Kod": 2}}


# zeep, an independent reader of the WSDL


@every_contract
def test_zeep_reads_every_wsdl(compiled: CompiledContract) -> None:
    client = zeep.Client(str(places.wsdl() / file_of(compiled.contract)))
    expected = PUBLISHED[compiled.name, compiled.version]
    service = client.wsdl.services[compiled.name]
    assert list(service.ports) == list(expected.ports)


@every_contract
def test_zeep_finds_the_members_that_spyne_declares(compiled: CompiledContract) -> None:
    client = zeep.Client(str(places.wsdl() / file_of(compiled.contract)))
    for name, rows in declared_shape(compiled.contract).items():
        kind, _, qualified = name.partition(" ")
        if kind != "type" or (rows and isinstance(rows[0], str)):
            continue
        seen = [
            (f"{{{element.qname.namespace}}}{element.qname.localname}", element.nillable)
            for _, element in client.get_type(qualified).elements
        ]
        assert seen == [(row.element, row.nillable) for row in rows]


def _zeep_request(compiled: CompiledContract, **arguments: Any) -> Any:
    client = zeep.Client(str(places.wsdl() / file_of(compiled.contract)))
    envelope = client.create_message(client.service, compiled.operation, **arguments)
    return envelope[-1][0]


def test_zeep_builds_a_list_of_criteria_that_is_read() -> None:
    compiled = contract(BILESIK, "2021/04/01")
    item = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    element = _zeep_request(
        compiled,
        kriterListesi={
            item: [
                {"DogumAy": 3, "DogumGun": zeep.xsd.Nil, "DogumYil": 1985, "KimlikNo": 10000000146},
                {"KimlikNo": 10000000214},
            ]
        },
    )
    compiled.validate_request(element)
    assert compiled.open(element).parameters == (
        [
            {"DogumAy": 3, "DogumGun": None, "DogumYil": 1985, "KimlikNo": 10000000146},
            {"DogumAy": None, "DogumGun": None, "DogumYil": None, "KimlikNo": 10000000214},
        ],
    )


def test_zeep_builds_the_public_requests_that_are_read() -> None:
    compiled = contract("KPSPublicYabanciDogrula", "WS")
    element = _zeep_request(
        compiled,
        KimlikNo=99000000042,
        Ad="İPEK",
        Soyad="ÖZ",
        DogumGun=zeep.xsd.Nil,
        DogumAy=3,
        DogumYil=1985,
    )
    compiled.validate_request(element)
    assert compiled.open(element).parameters == (99000000042, "İPEK", "ÖZ", None, 3, 1985)


def test_zeep_reads_our_answer() -> None:
    compiled = contract("AksOkuTumIlServis", "2011/01/01")
    client = zeep.Client(str(places.wsdl() / file_of(compiled.contract)))
    binding = client.service._binding
    write = compiled.server.app.out_protocol.write
    payload = write({"SorguSonucu": {"Il": [{"Ad": "İZMİR", "Kod": 35}, None]}})
    envelope = etree.fromstring(
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<s:Body>{payload}</s:Body></s:Envelope>"
    )
    result = binding.get("Listele").process_reply(envelope)
    # zeep makes an object without values of a nil complex member.
    assert result.HataBilgisi.Kod is None
    assert result.SorguSonucu.Il[0].Ad == "İZMİR"
    assert result.SorguSonucu.Il[0].Kod == 35
    assert result.SorguSonucu.Il[1].Kod is None


def test_two_services_may_call_their_operation_the_same() -> None:
    assert len([one for one in compile_all() if one.operation == "Sorgula"]) > 4
