"""The public door's faults, byte by byte (wire A.4, A.5): what cannot be read, and where."""

import logging
import re

import pytest
from public_samples import (
    DOCUMENT,
    FORMAT,
    READ,
    VERSIONS,
    fault_of,
    golden,
    holds,
    refused,
    without_receipt,
)
from served import (
    ACTION,
    AYSE,
    MEDIA,
    NAMESPACE,
    PATH,
    SOAP11,
    SOAP12,
    House,
    ask,
    call,
    citizen,
    envelope,
    headers_of,
    post,
)

from kps_soap import faults
from kps_soap.entry import Event

PROCESS = "Server was unable to process request. ---> "


# Values that cannot be read


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "x", "19 81", "1981.0", "1e3", "0x7bd", "19_81", "１９８１", "١٩٨١", "1981,"),
        *("--1", "+-1", "+", "-", "2147483648", "-2147483649", "9" * 300, "\u00a01981"),
        *("<b>1981</b>", "1981<b/>"),
    ],
)
def test_what_is_no_int_is_a_fault(house: House, written: str) -> None:
    text = refused(house, citizen(DogumYili=written))
    place = "There is an error in XML document (1, "
    assert text.startswith(READ + place)
    assert text.endswith(f"). ---> {FORMAT}")


@pytest.mark.parametrize("written", ["9223372036854775808", "-9223372036854775809", "1" * 20])
def test_what_is_no_long_is_a_fault(house: House, written: str) -> None:
    assert refused(house, citizen(TCKimlikNo=written)).endswith(FORMAT)


@pytest.mark.parametrize("written", ["2147483647", "-2147483648", "-0"])
def test_the_ends_of_an_int_are_answers(house: House, written: str) -> None:
    assert not holds(house, citizen(DogumYili=written))


@pytest.mark.parametrize("written", ["TRUE", "True", "yes", "2", "", "evet"])
def test_what_is_no_boolean_is_a_fault(house: House, written: str) -> None:
    operation = "KisiVeCuzdanDogrula"
    reply = ask(
        house,
        call(operation, {**DOCUMENT, "SoyadYok": written}),
        path="/Service/KPSPublicV2.asmx",
        operation=operation,
    )
    assert reply.status == 500
    assert fault_of(reply)[1].endswith(FORMAT)


def test_an_element_inside_a_name_is_a_fault(house: House) -> None:
    assert refused(house, citizen(Ad="AYŞE <b>GÜL</b>")).endswith(FORMAT)


@pytest.mark.parametrize("content", ["", "<Baska>1</Baska>", "<!-- boş -->", f"{'':>40}"])
def test_a_request_that_lost_its_arguments_is_told_so(house: House, content: str) -> None:
    assert refused(house, content).endswith(FORMAT)
    assert house.register.lookups == 0


def test_members_outside_the_namespace_are_lost_arguments(house: House) -> None:
    bare = "".join(f'<{name} xmlns="">{value}</{name}>' for name, value in citizen().items())
    assert refused(house, bare).endswith(FORMAT)


def test_an_unreadable_value_is_on_record_without_its_text(house: House) -> None:
    refused(house, citizen(DogumYili="bin dokuz yüz"))
    entry = house.entry
    assert (entry.event, entry.refusal, entry.units) == (Event.REFUSAL, "ValueUnreadable", 0)
    assert entry.detail == "value of DogumYili"
    assert house.register.lookups == 0


# Places


SAMPLE = f"""<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:soap="{{0}}">
  <soap:Body>
    <TCKimlikNoDogrula xmlns="{NAMESPACE}">
      <TCKimlikNo>{AYSE.number}</TCKimlikNo>
      <Ad>AYŞE GÜL</Ad>
      <Soyad>ÖZTÜRK</Soyad>
      <DogumYili></DogumYili>
    </TCKimlikNoDogrula>
  </soap:Body>
</soap:Envelope>"""


@VERSIONS
def test_the_captured_fault_comes_out_byte_by_byte(house: House, namespace: str) -> None:
    reply = house.send(post(PATH, headers_of(namespace), SAMPLE.format(namespace)))
    assert reply.status == 500
    assert reply.body == golden("unreadable-number", namespace)
    assert reply.headers["content-type"] == MEDIA[namespace]
    assert reply.headers["cache-control"] == "private, max-age=0"


def place_of(house: House, body: str | bytes, media: str = "text/xml") -> tuple[int, int]:
    """Line and column that the fault names."""
    headers = ("Host: kapi.example", f"Content-Type: {media}")
    reply = house.send(post(PATH, headers, body))
    assert reply.status == 500, reply.text
    found = re.search(r"XML document \((\d+), (\d+)\)", fault_of(reply)[1])
    assert found is not None, reply.text
    return int(found[1]), int(found[2])


def message(member: str, *, before: str = "", line_end: str = "\n") -> str:
    lines = (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>',
        f'<TCKimlikNoDogrula xmlns="{NAMESPACE}">',
        f"{before}{member}</TCKimlikNoDogrula></s:Body></s:Envelope>",
    )
    return line_end.join(lines)


@pytest.mark.parametrize(
    ("member", "column"),
    [
        ("<DogumYili>x</DogumYili>", 25),
        ("<DogumYili>x</DogumYili \t >", 28),
        ("<DogumYili/>", 13),
        ("<DogumYili />", 14),
        ("<DogumYili a='>' b=\"/>\"/>", 26),
        ("<DogumYili a='\"'>x</DogumYili>", 31),
        ("<DogumYili><a><DogumYili/></a></DogumYili>", 43),
        ("<DogumYili>x<!-- </DogumYili> ' --></DogumYili>", 48),
        ('<DogumYili><![CDATA[</DogumYili>">]]></DogumYili>', 50),
        ("<DogumYili>/></DogumYili>", 26),
        ("<DogumYili\n>x</DogumYili>", 15),
        ("<Ad>ÇĞİÖŞÜ</Ad><DogumYili>x</DogumYili>", 40),
        ("<Ad>𝔸𝔹</Ad><DogumYili>x</DogumYili>", 38),
        ("<Ad>&lt;&#x131;</Ad><DogumYili>x</DogumYili>", 45),
        ("<Ad><!-- < ' --></Ad><DogumYili>x</DogumYili>", 46),
    ],
)
def test_the_column_is_what_follows_the_end_tag(house: House, member: str, column: int) -> None:
    line = 4 if "\n" in member else 3
    assert place_of(house, message(member)) == (line, column)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_any_line_end_counts_as_one(house: House, line_end: str) -> None:
    before = f"<Ad>A</Ad>{line_end}{line_end}  "
    body = message("<DogumYili>x</DogumYili>", before=before, line_end=line_end)
    assert place_of(house, body) == (5, 27)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("declaration", [True, False])
def test_the_place_is_counted_in_characters_of_any_encoding(
    house: House, codec: str, declaration: bool
) -> None:
    # U+3E00 and U+003E share a byte: a search for the bracket's byte would stop there.
    body = message("<Ad>ŞÜKRAN 㸀</Ad><DogumYili>x</DogumYili>")
    if declaration:
        name = "utf-16" if codec.startswith("utf-16") else "utf-8"
        body = f'<?xml version="1.0" encoding="{name}"?>{body}'
    mark = "\ufeff" if codec in ("utf-16-le", "utf-16-be") else ""
    assert place_of(house, (mark + body).encode(codec)) == (3, 42)


def test_the_place_of_lost_arguments_is_the_end_of_the_request_element(house: House) -> None:
    assert place_of(house, message("")) == (3, 21)


@VERSIONS
def test_a_request_element_of_another_name_is_shown_where_it_starts(
    house: House, namespace: str
) -> None:
    content = envelope(f'\n  <tns:Sil xmlns:tns="{NAMESPACE}"><a/></tns:Sil>', namespace)
    action = f'; action="{ACTION}"' if namespace == SOAP12 else ""
    headers = (f"Content-Type: {MEDIA[namespace]}{action}", f'SOAPAction: "{ACTION}"')
    reply = house.send(post(PATH, ("Host: kapi.example", *headers), content))
    assert reply.status == 500
    code, text = fault_of(reply)
    assert code == ("soap:Client" if namespace == SOAP11 else "soap:Sender")
    assert text == (
        f"{READ}There is an error in XML document (2, 3). ---> "
        f"<Sil xmlns='{NAMESPACE}'> was not expected."
    )
    assert house.entry.refusal == "OriginalFault"


# Refusals behind the door


@VERSIONS
def test_a_refusal_of_the_agreement_is_the_servers_no(house: House, namespace: str) -> None:
    house.wishes.refusal = faults.QuotaFull("fake", retry_after_s=3)
    reply = ask(house, call("TCKimlikNoDogrula", citizen()), namespace=namespace)
    assert reply.status == 500
    code, text = fault_of(reply)
    assert code == ("soap:Server" if namespace == SOAP11 else "soap:Receiver")
    assert text == PROCESS + faults.QuotaFull.english
    assert reply.headers["retry-after"] == "3"
    assert reply.headers["kps-sonuc-kodu"] == "401"
    assert house.register.lookups == 0
    assert (house.entry.event, house.entry.outcome) == (Event.REFUSAL, 401)


@VERSIONS
def test_a_register_that_does_not_answer_is_a_fault_with_retry_after(
    house: House, namespace: str
) -> None:
    house.register.trouble = faults.RegisterUnavailable("fake")
    reply = ask(house, call("TCKimlikNoDogrula", citizen()), namespace=namespace)
    assert reply.status == 500
    code, text = fault_of(reply)
    assert code == ("soap:Server" if namespace == SOAP11 else "soap:Receiver")
    assert text == PROCESS + faults.RegisterUnavailable.english
    assert reply.headers["retry-after"] == "5"
    assert reply.headers["kps-sonuc-kodu"] == "501"


def test_a_surprise_is_a_fault_that_tells_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.register.trouble = ZeroDivisionError(f"gizli {AYSE.number}")
    with caplog.at_level(logging.ERROR, logger="kps.gateway"):
        reply = ask(house, call("TCKimlikNoDogrula", citizen()))
    assert reply.status == 500
    assert fault_of(reply) == ("soap:Server", PROCESS + faults.InternalFailure.english)
    assert "ZeroDivisionError" in caplog.text
    for told in (reply.text, caplog.text, house.entry.detail):
        assert "gizli" not in told
        assert str(AYSE.number) not in told


def test_without_evidence_true_and_false_are_the_same_fault(house: House) -> None:
    house.evidence.down = True
    replies = [
        ask(house, call("TCKimlikNoDogrula", said))
        for said in (citizen(), citizen(DogumYili=1900), citizen(TCKimlikNo=1))
    ]
    assert {reply.status for reply in replies} == {500}
    assert fault_of(replies[0]) == ("soap:Server", PROCESS + faults.EvidenceUnavailable.english)
    assert len({reply.body for reply in replies}) == 1
    assert len({tuple(sorted(without_receipt(reply).items())) for reply in replies}) == 1
    for reply in replies:
        assert reply.headers["kps-sonuc-kodu"] == "502"
        assert reply.headers["retry-after"] == "5"
        assert "kps-alindi-no" not in reply.headers
        assert "kps-alindi-ozeti" not in reply.headers


def test_no_fault_repeats_a_value_of_the_request(house: House) -> None:
    secret = "GİZLİDEĞER"
    bodies = [
        call("TCKimlikNoDogrula", citizen(Ad=secret, DogumYili=secret)),
        call("TCKimlikNoDogrula", f"<Ad>{secret}"),
        call("Sil", citizen(Ad=secret)),
        f"{call('TCKimlikNoDogrula', citizen(Ad=secret))}{secret}",
        call("TCKimlikNoDogrula", citizen(Ad=secret * 900)),
    ]
    for content in bodies:
        reply = ask(house, content)
        assert reply.status >= 400
        assert secret not in reply.text
    assert all(secret not in entry.detail for entry in house.evidence.records)
