"""Public clients that ask about documents and foreigners, hold conversations, or never worked.

Their requests are sent letter by letter (wire D, clients §6).
"""

import re
import socket
from xml.etree import ElementTree

import pytest
from client_samples import (
    DECLARATION,
    HOST,
    PATH,
    QUOTED,
    REAL_HOST,
    SAMPLE_NAMESPACES,
    SOAP,
    XML,
    Said,
    epigra,
    ibodev1,
    isaeken_with,
    mono_over_http_10,
    mono_with,
    namespace_aware,
    php_soap_client,
    pynvi,
    said_of,
    strip_tags_of_a_200,
    substring,
    tcsorgu,
    third_level,
)
from served import (
    ANNA,
    AYSE,
    CARDS,
    ISIK,
    NAMESPACE,
    SINGLE,
    SOAP11,
    SOAP12,
    House,
    Person,
    Reply,
    post,
    receive,
)

V2 = "/Service/KPSPublicV2.asmx"
FOREIGN = "/Service/KPSPublicYabanciDogrula.asmx"


# How clients read an answer


def contains_document_result(reply: Reply) -> bool:
    return substring(reply, "KisiVeCuzdanDogrula")


def third_level_below_400(reply: Reply) -> bool:
    assert reply.status < 400
    return third_level(reply)


def text_content(reply: Reply) -> bool:
    """SAAJ: ``getSOAPBody().getTextContent()``."""
    body = ElementTree.fromstring(reply.body)[0]
    return "".join(body.itertext()) == "true"


# The document service


def pytcid(content: str) -> bytes:
    """Tabs, no line end after the wrapper's start tag, a length that was counted by hand."""
    body = (
        f'{DECLARATION}\n<soap12:Envelope {SAMPLE_NAMESPACES} xmlns:soap12="{SOAP12}">\n'
        f'\t<soap12:Body>\n\t\t<KisiVeCuzdanDogrula xmlns="{NAMESPACE}">\t\t\t{content}'
        "\n\t\t</KisiVeCuzdanDogrula>\n\t</soap12:Body>\n</soap12:Envelope>"
    )
    return post(V2, (REAL_HOST, SOAP), body)


def pytcid_members(person: Person, *, year: int) -> str:
    born = person.born
    lines = [
        f"<TCKimlikNo>{person.number}</TCKimlikNo>",
        f"<Ad>{person.given_name}</Ad>",
        f"<TCKKSeriNo>{CARDS[person.number]}</TCKKSeriNo>",
        f"<DogumYil>{year}</DogumYil>",
    ]
    if born.day:
        lines.append(f"<DogumGun>{born.day}</DogumGun>")
    lines.append(f"<DogumGunYok>{'false' if born.day else 'true'}</DogumGunYok>")
    if born.month:
        lines.append(f"<DogumAy>{born.month}</DogumAy>")
    lines.append(f"<DogumAyYok>{'false' if born.month else 'true'}</DogumAyYok>")
    if person.surname:
        lines.append(f"<Soyad>{person.surname}</Soyad>")
    lines.append(f"<SoyadYok>{'false' if person.surname else 'true'}</SoyadYok>")
    return "\n\t\t\t".join(lines)


@pytest.mark.parametrize("person", [AYSE, ISIK, SINGLE], ids=["whole", "year only", "no surname"])
def test_pytcid_sends_what_it_knows_and_flags_what_it_does_not(
    house: House, person: Person
) -> None:
    year = person.born.year or 0
    right = house.send(pytcid(pytcid_members(person, year=year)))
    wrong = house.send(pytcid(pytcid_members(person, year=year + 1)))
    assert third_level_below_400(right) is True
    assert third_level_below_400(wrong) is False


def test_isaeken_leaves_five_members_of_the_document_service_out(house: House) -> None:
    def request(day: str) -> bytes:
        return isaeken_with(
            V2,
            f'<KisiVeCuzdanDogrula xmlns="{NAMESPACE}">\r\n'
            f"<TCKimlikNo>{AYSE.number}</TCKimlikNo>\r\n<Ad>AYŞE GÜL</Ad>\r\n"
            f"<Soyad>ÖZTÜRK</Soyad>\r\n<DogumGun>{day}</DogumGun>\r\n<DogumAy>03</DogumAy>\r\n"
            f"<DogumYil>1981</DogumYil>\r\n<TCKKSeriNo>{CARDS[AYSE.number]}</TCKKSeriNo>\r\n"
            "</KisiVeCuzdanDogrula>",
        )

    assert strip_tags_of_a_200(house.send(request("09"))) is True
    assert strip_tags_of_a_200(house.send(request("08"))) is False


@pytest.mark.parametrize("path", ["/service/kpspublicv2.asmx", "/Service/KPSPublicv2.asmx"])
def test_koala_finds_the_document_service_by_other_letters(house: House, path: str) -> None:
    def request(serial: int) -> bytes:
        body = (
            f'<soapenv:Envelope xmlns:soapenv="{SOAP11}" xmlns:ws="{NAMESPACE}"><soapenv:Header/>'
            f"<soapenv:Body><ws:KisiVeCuzdanDogrula><ws:TCKimlikNo>{AYSE.number}</ws:TCKimlikNo>"
            "<ws:Ad>AYŞE GÜL</ws:Ad><ws:Soyad>ÖZTÜRK</ws:Soyad><ws:SoyadYok>false</ws:SoyadYok>"
            "<ws:DogumGun>9</ws:DogumGun><ws:DogumGunYok>false</ws:DogumGunYok>"
            "<ws:DogumAy>3</ws:DogumAy><ws:DogumAyYok>false</ws:DogumAyYok>"
            "<ws:DogumYil>1981</ws:DogumYil><ws:CuzdanSeri>A09</ws:CuzdanSeri>"
            f"<ws:CuzdanNo>{serial}</ws:CuzdanNo></ws:KisiVeCuzdanDogrula></soapenv:Body>"
            "</soapenv:Envelope>"
        )
        action = f"SOAPAction: {NAMESPACE}/KisiVeCuzdanDogrula"
        return post(path, (HOST, XML, action, "User-Agent: Java/1.8"), body)

    assert contains_document_result(house.send(request(123456))) is True
    assert contains_document_result(house.send(request(123457))) is False


# Foreigners


def foreigner(day: str) -> str:
    return (
        f'<YabanciKimlikNoDogrula xmlns="{NAMESPACE}"><KimlikNo>{ANNA.number}</KimlikNo>'
        f"<Ad>ANNA</Ad><Soyad>NOWAK</Soyad><DogumGun>{day}</DogumGun><DogumAy>09</DogumAy>"
        "<DogumYil>1990</DogumYil></YabanciKimlikNoDogrula>"
    )


def test_foreigners_are_asked_about_in_soap_11_with_a_bare_action(house: House) -> None:
    def request(day: str) -> bytes:
        body = (
            f'{DECLARATION}\n<soap:Envelope {SAMPLE_NAMESPACES} xmlns:soap="{SOAP11}">'
            f"<soap:Body>{foreigner(day)}</soap:Body></soap:Envelope>"
        )
        action = f"SOAPAction: {NAMESPACE}/YabanciKimlikNoDogrula"
        return post(FOREIGN, (HOST, XML, action), body)

    for day, expected in (("5", True), ("6", False)):
        reply = house.send(request(day))
        found = re.search(r"<(YabanciKimlikNoDogrulaResult)>(.*)</\1>", reply.text)
        assert found is not None
        assert (found[2] == "true") is expected


def test_isaeken_asks_about_foreigners_with_padded_days(house: House) -> None:
    assert strip_tags_of_a_200(house.send(isaeken_with(FOREIGN, foreigner("05")))) is True
    assert strip_tags_of_a_200(house.send(isaeken_with(FOREIGN, foreigner("06")))) is False


# Conversations, and clients that never worked


def test_a_client_that_waits_for_100_continue_gets_it_before_its_body(house: House) -> None:
    head, _, body = mono_with(said_of(AYSE), "Expect: 100-continue").partition(b"\r\n\r\n")
    with house.connection() as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100, socket.MSG_PEEK).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert namespace_aware(receive(connection)) is True


def test_a_connection_is_kept_for_the_next_question(house: House) -> None:
    with house.connection() as connection:
        for year, expected in (("1981", True), ("1980", False), ("x", None), ("1981", True)):
            right = said_of(AYSE)
            connection.sendall(php_soap_client(Said(right.no, right.ad, right.soyad, year)))
            reply = receive(connection)
            assert reply.stays_open
            if expected is None:
                assert reply.status == 500
            else:
                assert namespace_aware(reply) is expected


def test_an_http_10_answer_closes_the_connection(house: House) -> None:
    reply = house.send(mono_over_http_10(said_of(AYSE)))
    assert not reply.stays_open
    assert reply.headers["connection"] == "close"


def test_saaj_with_its_empty_action_hears_what_the_original_said(house: House) -> None:
    body = (
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP11}" xmlns:tckn="{NAMESPACE}"><SOAP-ENV:Header/>'
        f"<SOAP-ENV:Body><tckn:TCKimlikNoDogrula>{said_of(AYSE).members('tckn:')}"
        "</tckn:TCKimlikNoDogrula></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    media = ("Accept: text/xml, multipart/related", XML)
    reply = house.send(post(PATH, (*media, 'SOAPAction: ""', HOST), body))
    assert reply.status == 500
    assert text_content(reply) is False
    assert "Server did not recognize the value of HTTP Header SOAPAction: .<" in reply.text
    named = house.send(post(PATH, (*media, QUOTED, HOST), body))
    assert text_content(named) is True


def test_a_confused_client_that_sends_no_arguments_gets_a_fault(house: House) -> None:
    body = (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP11}"><soapenv:Body>'
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}"/></soapenv:Body></soapenv:Envelope>'
    )
    reply = house.send(post(PATH, (HOST, XML, QUOTED), body))
    assert reply.status == 500
    assert "<faultcode>soap:Client</faultcode>" in reply.text


def test_a_fault_is_false_to_a_client_that_reads_by_position(house: House) -> None:
    right = said_of(AYSE)
    reply = house.send(tcsorgu(Said(right.no, right.ad, right.soyad, "bin")))
    assert reply.status == 500
    assert ElementTree.fromstring(reply.body)[0][0][0].text != "true"


def test_a_name_that_was_not_escaped_is_refused_with_400(house: House) -> None:
    right = said_of(AYSE)
    for request in (epigra, ibodev1):
        reply = house.send(request(Said(right.no, "A & B", right.soyad, right.yil)))
        assert reply.status == 400
        assert "Fault" in reply.text


def test_a_newline_before_the_xml_declaration_is_no_message(house: House) -> None:
    body = pynvi(said_of(AYSE)).partition(b"\r\n\r\n")[2]
    assert house.send(post(PATH, (HOST, SOAP), b"\n" + body)).status == 400


def test_deligoez_falls_back_to_soap_because_the_sibling_is_no_json(house: House) -> None:
    right = said_of(AYSE)
    question = (
        f'{{"TCKimlikNo":{right.no},"Ad":"A","Soyad":"B","DogumYil":1981,"DogumAy":3,"DogumGun":9}}'
    )
    headers = (HOST, "User-Agent: GuzzleHttp/7", "Content-Type: application/json")
    reply = house.send(post("/tcKimlikNoDogrula/search", headers, question))
    assert reply.status == 404
    assert not reply.text.lstrip().startswith(("{", "[", "true", "false", "null", '"'))
    assert namespace_aware(house.send(php_soap_client(right))) is True


@pytest.mark.parametrize(
    "path",
    [
        "/SERVICE/KPSPUBLIC.ASMX",
        "/service/kpspublic.asmx",
        "/Service/kpsPublic.asmx?op=TCKimlikNoDogrula",
        "/Service/KPSPublic.asmx?WSDL",
        "/Service/KPSPublic.asmx?disco&x=%00",
        "http://tckimlik.nvi.gov.tr/Service/KPSPublic.asmx",
        "/Service/%4BPSPublic.asmx",
    ],
)
def test_a_post_is_a_question_whatever_the_letters_and_the_query(house: House, path: str) -> None:
    body = php_soap_client(said_of(AYSE)).partition(b"\r\n\r\n")[2]
    assert namespace_aware(house.send(post(path, (HOST, XML, QUOTED), body))) is True
