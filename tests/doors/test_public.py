"""The public door's answers and faults, byte by byte (wire A.4, A.5), over a real socket."""

import logging
import re
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import etree
from served import (
    ACTION,
    AGREEMENT_DIGEST,
    ANNA,
    AYSE,
    CARDS,
    ISIK,
    MEDIA,
    NAMESPACE,
    NOBODY,
    PATH,
    SINGLE,
    SOAP11,
    SOAP12,
    House,
    Reply,
    ask,
    call,
    citizen,
    envelope,
    headers_of,
    post,
    receipt_of_entry,
)

from kps_soap import faults, identity_number
from kps_soap.entry import Event

GOLDEN = Path(__file__).parent.parent / "golden" / "public"
VERSIONS = pytest.mark.parametrize("namespace", [SOAP11, SOAP12], ids=["soap11", "soap12"])

READ = "Server was unable to read request. ---> "
PROCESS = "Server was unable to process request. ---> "
FORMAT = "Input string was not in a correct format."
NO_BODY = READ + "Request format is invalid: Missing required soap:Body element."
NO_ENVELOPE = READ + "Request format is invalid: Missing required soap:Envelope element."
NO_ACTION = (
    "Unable to handle request without a valid action parameter. Please supply a valid soap action."
)

DOCUMENT = {
    "TCKimlikNo": AYSE.number,
    "Ad": "AYŞE GÜL",
    "Soyad": "ÖZTÜRK",
    "SoyadYok": "false",
    "DogumGun": 9,
    "DogumGunYok": "false",
    "DogumAy": 3,
    "DogumAyYok": "false",
    "DogumYil": 1981,
    "CuzdanSeri": "A09",
    "CuzdanNo": 123456,
    "TCKKSeriNo": "A12B34567",
}
FOREIGNER = {
    "KimlikNo": ANNA.number,
    "Ad": "ANNA",
    "Soyad": "NOWAK",
    "DogumGun": 5,
    "DogumAy": 9,
    "DogumYil": 1990,
}
SERVICES = {
    "tckimlikno": ("KPSPublic", "TCKimlikNoDogrula", citizen(), "DogumYili"),
    "cuzdan": ("KPSPublicV2", "KisiVeCuzdanDogrula", DOCUMENT, "CuzdanNo"),
    "yabanci": ("KPSPublicYabanciDogrula", "YabanciKimlikNoDogrula", FOREIGNER, "DogumYil"),
}


def soap_version(namespace: str) -> str:
    return "soap11" if namespace == SOAP11 else "soap12"


def golden(name: str, namespace: str) -> bytes:
    return (GOLDEN / f"{name}-{soap_version(namespace)}.xml").read_bytes()


def fault_of(reply: Reply) -> tuple[str, str]:
    """Code and text of a fault, taken by position; its layout is held by the golden files."""
    root = etree.fromstring(reply.body)
    namespace = etree.QName(root).namespace
    assert namespace in (SOAP11, SOAP12)
    assert reply.headers["content-type"] == MEDIA[namespace]
    ((fault,),) = root
    assert fault.tag == f"{{{namespace}}}Fault"
    code = fault[0] if namespace == SOAP11 else fault[0][0]
    text = fault[1] if namespace == SOAP11 else fault[1][0]
    assert code.text is not None
    assert text.text is not None
    return code.text, text.text


def verdict(reply: Reply) -> bool:
    """The boolean of an answer that has to be one, byte by byte."""
    assert reply.status == 200, reply.text
    found = re.search(r"Result>(true|false)</", reply.text)
    assert found is not None
    return found[1] == "true"


def holds(house: House, members: dict[str, object] | str) -> bool:
    return verdict(ask(house, call("TCKimlikNoDogrula", members)))


def refused(house: House, members: dict[str, object] | str) -> str:
    """The text of the fault that a request element gets in SOAP 1.1."""
    reply = ask(house, call("TCKimlikNoDogrula", members))
    assert reply.status == 500
    code, text = fault_of(reply)
    assert code == "soap:Client"
    return text


# Answers


@VERSIONS
@pytest.mark.parametrize("service", SERVICES)
def test_an_answer_has_the_originals_bytes(house: House, service: str, namespace: str) -> None:
    name, operation, members, wrong = SERVICES[service]
    for said, expected in ((members, "true"), ({**members, wrong: 7}, "false")):
        reply = ask(
            house,
            call(operation, said),
            namespace=namespace,
            path=f"/Service/{name}.asmx",
            operation=operation,
        )
        assert reply.status == 200
        assert reply.body == golden(f"{service}-{expected}", namespace)


@VERSIONS
def test_an_answer_has_the_originals_headers_and_our_own(house: House, namespace: str) -> None:
    reply = ask(house, call("TCKimlikNoDogrula", citizen()), namespace=namespace)
    assert reply.headers["content-type"] == MEDIA[namespace]
    assert reply.headers["cache-control"] == "private, max-age=0"
    assert reply.headers["content-length"] == str(len(reply.body))
    assert reply.headers["kps-istek-no"] == house.entry.request_id
    assert reply.headers["kps-sonuc-kodu"] == "0"
    assert reply.headers["kps-veri-turu"] == "SENTETIK"
    assert reply.headers["kps-alindi-no"] == house.entry.receipt_number != ""
    assert "transfer-encoding" not in reply.headers
    assert "content-encoding" not in reply.headers


@VERSIONS
def test_the_receipt_covers_question_and_answer(house: House, namespace: str) -> None:
    raw = post(
        PATH, headers_of(namespace), envelope(call("TCKimlikNoDogrula", citizen()), namespace)
    )
    reply = house.send(raw)
    entry = house.entry
    (body,) = etree.fromstring(reply.body)
    canonical = etree.tostring(body, method="c14n", exclusive=True)
    assert entry.answer_digest == sha256(canonical).hexdigest()
    assert entry.sent_digest == sha256(reply.body).hexdigest()
    assert entry.question_digest == sha256(raw.partition(b"\r\n\r\n")[2]).hexdigest()
    assert entry.agreement_digest == AGREEMENT_DIGEST
    assert reply.headers["kps-alindi-ozeti"] == sha256(receipt_of_entry(entry)).hexdigest()


def test_the_receipt_of_a_fault_covers_its_body_too(house: House) -> None:
    reply = ask(house, call("TCKimlikNoDogrula", citizen(DogumYili="x")))
    entry = house.entry
    (body,) = etree.fromstring(reply.body)
    canonical = etree.tostring(body, method="c14n", exclusive=True)
    assert entry.answer_digest == sha256(canonical).hexdigest()
    assert entry.sent_digest == sha256(reply.body).hexdigest()
    assert reply.headers["kps-alindi-no"] == entry.receipt_number != ""
    assert reply.headers["kps-alindi-ozeti"] == sha256(receipt_of_entry(entry)).hexdigest()


def test_the_record_of_an_answer_says_who_was_asked_about_and_what_came_of_it(
    house: House,
) -> None:
    assert holds(house, citizen())
    entry = house.entry
    assert (entry.event, entry.outcome, entry.units) == (Event.VERIFICATION, 0, 0)
    assert entry.persons == [AYSE.number]
    assert (entry.service, entry.version, entry.operation) == (
        "KPSPublic",
        "WS",
        "TCKimlikNoDogrula",
    )
    assert (entry.door, entry.source_address) == ("public", "127.0.0.1")
    assert entry.http_status == 200


def without_receipt(reply: Reply) -> dict[str, str]:
    own = {"kps-istek-no", "kps-alindi-no", "kps-alindi-ozeti", "date"}
    return {name: value for name, value in reply.headers.items() if name not in own}


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_can_tell_an_unknown_person_from_a_wrong_statement(
    house: House, service: str
) -> None:
    name, operation, members, wrong = SERVICES[service]
    number = next(iter(members))
    unknown = identity_number.make(990_000_009) if service == "yabanci" else NOBODY
    replies, counts = [], []
    for said in ({**members, number: unknown}, {**members, wrong: 7}, {**members, "Ad": "X"}):
        house.register.lookups = 0
        replies.append(
            ask(house, call(operation, said), path=f"/Service/{name}.asmx", operation=operation)
        )
        counts.append(house.register.lookups)
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert len({tuple(sorted(without_receipt(reply).items())) for reply in replies}) == 1
    assert [entry.outcome for entry in house.evidence.records] == [301, 301, 301]
    assert len(set(counts)) == 1
    assert counts[0] > 0


def test_a_number_that_cannot_exist_is_false_and_no_question_to_the_register(
    house: House,
) -> None:
    for number in (0, 1, -5, 12345678901, 2**63 - 1, -(2**63), AYSE.number + 2):
        assert not holds(house, citizen(TCKimlikNo=number))
    assert house.register.lookups == 0
    assert {entry.outcome for entry in house.evidence.records} == {101}


def test_the_level_of_name_matching_is_the_public_agreements(house: House) -> None:
    said = citizen(Ad="AYŞE-GÜL")
    assert not holds(house, said)
    house.wishes.name_matching = "DUZELTMELI"
    assert holds(house, said)


# Leniency


def test_members_may_come_in_any_order(house: House) -> None:
    members = citizen()
    assert holds(house, dict(reversed(members.items())))
    assert holds(
        house, {name: members[name] for name in ("Ad", "Soyad", "DogumYili", "TCKimlikNo")}
    )


def test_unknown_elements_are_passed_over(house: House) -> None:
    known = call("", citizen()).removeprefix(f'< xmlns="{NAMESPACE}">').removesuffix("</>")
    assert holds(house, f"<Uyruk>TR</Uyruk>{known}<Ek><Ad>X</Ad></Ek>")
    assert holds(house, f'<Ad xmlns="urn:baska">X</Ad>{known}')


def test_the_first_of_two_equal_members_counts(house: House) -> None:
    known = call("", citizen()).removeprefix(f'< xmlns="{NAMESPACE}">').removesuffix("</>")
    assert holds(house, f"{known}<DogumYili>1900</DogumYili>")
    assert not holds(house, f"<DogumYili>1900</DogumYili>{known}")
    assert holds(house, f"{known}<DogumYili>x</DogumYili>")


def test_a_missing_number_is_zero_and_a_missing_text_is_nothing(house: House) -> None:
    for name in citizen():
        members = citizen()
        del members[name]
        assert not holds(house, members), name


def test_a_surname_that_nobody_sent_is_right_for_who_has_none(house: House) -> None:
    members = citizen(SINGLE)
    assert holds(house, members)
    del members["Soyad"]
    assert holds(house, members)
    assert not holds(house, {**members, "Soyad": "NUR"})


@pytest.mark.parametrize(
    "written",
    ["1981", " 1981", "1981\n", "\t\r\n 1981 ", "01981", "+1981", "0000000000000000000001981"],
)
def test_a_number_is_read_as_the_original_reads_it(house: House, written: str) -> None:
    assert holds(house, citizen(DogumYili=written))


def test_any_count_of_leading_zeros_is_read(house: House) -> None:
    assert holds(house, citizen(TCKimlikNo="0" * 3000 + str(AYSE.number)))


def test_blanks_around_a_name_and_small_letters_are_forgiven(house: House) -> None:
    assert holds(house, citizen(Ad="\n   ayşe \t gül  ", Soyad=" öztürk"))
    assert holds(house, citizen(ISIK, Ad="şükran çiğdem", Soyad="ışık"))
    assert not holds(house, citizen(ISIK, Soyad="işik"))


def test_characters_may_be_references_or_cdata_or_interrupted_by_a_comment(house: House) -> None:
    assert holds(house, citizen(Ad="AY&#350;E G&#xDC;L", Soyad="<![CDATA[ÖZTÜRK]]>"))
    assert holds(house, citizen(DogumYili="19<!-- yıl -->81", Ad="AYŞE<!---->&#32;GÜL"))


def test_nil_is_nothing_for_a_text(house: House) -> None:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    members = {name: value for name, value in citizen(SINGLE).items() if name != "Soyad"}
    known = call("", members).removeprefix(f'< xmlns="{NAMESPACE}">').removesuffix("</>")
    for nil in ("true", "1", " true "):
        assert holds(house, f'{known}<Soyad xmlns:i="{xsi}" i:nil="{nil}"/>')
    assert not holds(house, f'{known}<Soyad xmlns:i="{xsi}" i:nil="false">X</Soyad>')


def test_nil_where_a_number_must_be_is_unreadable(house: House) -> None:
    members = citizen()
    del members["DogumYili"]
    known = call("", members).removeprefix(f'< xmlns="{NAMESPACE}">').removesuffix("</>")
    xsi = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    assert FORMAT in refused(house, f'{known}<DogumYili {xsi} i:nil="true"/>')
    assert FORMAT in refused(house, f'{known}<DogumYili {xsi} i:nil="1">1981</DogumYili>')


def knows_document(house: House, members: dict[str, object] | str) -> bool:
    operation = "KisiVeCuzdanDogrula"
    path = "/Service/KPSPublicV2.asmx"
    return verdict(ask(house, call(operation, members), path=path, operation=operation))


def test_a_nillable_number_may_be_nil_absent_or_zero_which_all_mean_unknown(house: House) -> None:
    xsi = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    known = (
        f"<TCKimlikNo>{ISIK.number}</TCKimlikNo><Ad>ŞÜKRAN ÇİĞDEM</Ad><Soyad>IŞIK</Soyad>"
        f"<DogumYil>1979</DogumYil><TCKKSeriNo>{CARDS[ISIK.number]}</TCKKSeriNo>"
    )
    assert knows_document(house, known)
    assert knows_document(house, f"{known}<DogumGun>00</DogumGun>")
    assert knows_document(house, f'{known}<DogumGun {xsi} i:nil="true"/>')
    assert knows_document(house, f'{known}<DogumGun {xsi} i:nil="true"></DogumGun>')
    assert not knows_document(house, f"{known}<DogumGun>01</DogumGun>")


@pytest.mark.parametrize(
    ("flag", "has_none"),
    [("true", True), ("1", True), (" true\n", True), ("false", False), ("0", False)],
)
def test_a_boolean_is_read_as_the_original_reads_it(
    house: House, flag: str, has_none: bool
) -> None:
    members: dict[str, object] = {
        "TCKimlikNo": SINGLE.number,
        "Ad": SINGLE.given_name,
        "SoyadYok": flag,
        "DogumGun": "01",
        "DogumAy": 12,
        "DogumYil": 1990,
        "TCKKSeriNo": CARDS[SINGLE.number],
    }
    assert knows_document(house, members) is has_none


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


# Routing


def routed(house: House, *headers: str, content: str = "", namespace: str = SOAP11) -> Reply:
    content = content or envelope(call("TCKimlikNoDogrula", citizen()), namespace)
    return house.send(post(PATH, ("Host: kapi.example", *headers), content))


@pytest.mark.parametrize(
    "value",
    [
        f'"{ACTION}"',
        ACTION,
        f'  "{ACTION}"  ',
        ACTION.replace(":", "%3A").replace("/", "%2F"),
        f'"{ACTION.replace("/", "%2f")}"',
    ],
)
def test_a_soap_action_may_be_bare_or_quoted_or_percent_encoded(house: House, value: str) -> None:
    assert verdict(routed(house, "Content-Type: text/xml", f"SOAPAction: {value}"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""),
        ('""', ""),
        ("TCKimlikNoDogrula", "TCKimlikNoDogrula"),
        (f'"{NAMESPACE}/Baska"', f"{NAMESPACE}/Baska"),
        (ACTION.replace("TCK", "TcK"), ACTION.replace("TCK", "TcK")),
        ("a%3Cb%3E%26%00", "a<b>&?"),
        ("x" * 500, "x" * 200),
    ],
)
def test_an_unknown_soap_action_is_named_in_the_fault(house: House, value: str, shown: str) -> None:
    reply = routed(house, "Content-Type: text/xml", f"SOAPAction: {value}")
    assert reply.status == 500
    assert fault_of(reply) == (
        "soap:Client",
        f"Server did not recognize the value of HTTP Header SOAPAction: {shown}.",
    )
    assert house.evidence.records == []
    assert house.evidence.counted == [("127.0.0.1", "public", "OriginalFault")]


@pytest.mark.parametrize("media", ["text/xml", "text/xml; charset=utf-8"])
def test_without_soap_action_the_request_element_decides(house: House, media: str) -> None:
    assert verdict(routed(house, f"Content-Type: {media}"))


def test_in_soap_12_the_soap_action_header_means_nothing(house: House) -> None:
    reply = routed(
        house, "Content-Type: application/soap+xml", "SOAPAction: urn:baska", namespace=SOAP12
    )
    assert verdict(reply)


@pytest.mark.parametrize("value", [f'"{ACTION}"', ACTION, '""', "", ACTION.replace("/", "%2F")])
def test_the_action_parameter_may_be_right_or_empty(house: House, value: str) -> None:
    media = f"application/soap+xml; charset=utf-8; action={value}"
    assert verdict(routed(house, f"Content-Type: {media}", namespace=SOAP12))


@pytest.mark.parametrize(
    ("headers", "content", "text"),
    [
        (
            ('Content-Type: application/soap+xml; action="urn:baska"',),
            envelope(call("TCKimlikNoDogrula", citizen()), SOAP12),
            "Unable to handle request. The action 'urn:baska' was not recognized.",
        ),
        (
            ('Content-Type: application/soap+xml; action="urn:baska"',),
            envelope("<Sil/>", SOAP12),
            "Unable to handle request. The action 'urn:baska' was not recognized.",
        ),
        (
            ("Content-Type: application/soap+xml",),
            envelope(call("TcKimlikNoDogrula", citizen()), SOAP12),
            NO_ACTION,
        ),
        (("Content-Type: application/soap+xml",), envelope("<Sil/>", SOAP12), NO_ACTION),
        (("Content-Type: application/soap+xml",), envelope("", SOAP12), NO_ACTION),
        (
            ("Content-Type: application/soap+xml",),
            f'<s:Envelope xmlns:s="{SOAP12}"/>',
            NO_BODY,
        ),
        (
            ("Content-Type: application/soap+xml",),
            f'<s:Envelope xmlns:s="{SOAP12}"><s:Header/></s:Envelope>',
            NO_BODY,
        ),
        (("Content-Type: application/soap+xml",), "<Sil/>", NO_ENVELOPE),
    ],
)
def test_what_cannot_be_routed_in_soap_12(
    house: House, headers: tuple[str, ...], content: str, text: str
) -> None:
    reply = routed(house, *headers, content=content)
    assert reply.status == 500
    assert fault_of(reply) == ("soap:Sender", text)
    assert house.evidence.records == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f'<s:Envelope xmlns:s="{SOAP11}"/>', NO_BODY),
        (f'<s:Envelope xmlns:s="{SOAP11}"></s:Envelope>', NO_BODY),
        (f'<s:Envelope xmlns:s="{SOAP11}"><Body/></s:Envelope>', NO_BODY),
        (envelope(""), NO_BODY),
        (call("TCKimlikNoDogrula", citizen()), NO_ENVELOPE),
    ],
)
def test_what_is_no_message_in_soap_11(house: House, content: str, text: str) -> None:
    reply = routed(house, "Content-Type: text/xml", f'SOAPAction: "{ACTION}"', content=content)
    assert reply.status == 500
    assert fault_of(reply) == ("soap:Client", text)


def test_an_empty_body_without_any_action_is_not_routed(house: House) -> None:
    reply = routed(house, "Content-Type: text/xml", content=envelope(""))
    assert fault_of(reply) == ("soap:Client", NO_ACTION)


@pytest.mark.parametrize("media", ["text/xml", "application/soap+xml"])
@pytest.mark.parametrize("action", [f'SOAPAction: "{ACTION}"', "SOAPAction: urn:baska", "X-A: 1"])
def test_an_unknown_envelope_is_a_version_mismatch_before_anything_else(
    house: House, media: str, action: str
) -> None:
    strange = "http://schemas.example/soap/?a=1&b='2'"
    content = envelope("<a/>", strange.replace("&", "&amp;"))
    reply = routed(house, f"Content-Type: {media}", action, content=content)
    assert reply.status == 500
    assert fault_of(reply) == (
        "soap:VersionMismatch",
        f"Possible SOAP version mismatch: Envelope namespace {strange} was unexpected. "
        f"Expecting {SOAP11}.",
    )


@pytest.mark.parametrize("media", MEDIA.values())
@VERSIONS
def test_the_answer_has_the_envelopes_version_whatever_the_media_type(
    house: House, media: str, namespace: str
) -> None:
    reply = routed(house, f"Content-Type: {media}", namespace=namespace)
    assert reply.body == golden("tckimlikno-true", namespace)
    assert reply.headers["content-type"] == MEDIA[namespace]


@VERSIONS
def test_a_header_that_must_be_understood_is_refused_without_detail(
    house: House, namespace: str
) -> None:
    head = '<s:Header><i:Izleme xmlns:i="urn:x" s:mustUnderstand="1">7</i:Izleme></s:Header>'
    content = envelope(call("TCKimlikNoDogrula", citizen()), namespace, head=head)
    reply = routed(house, f"Content-Type: {MEDIA[namespace]}", content=content)
    assert reply.status == 500
    assert reply.body == golden("header-not-understood", namespace)
    assert house.register.lookups == 0


def test_other_headers_are_passed_over(house: House) -> None:
    head = (
        '<s:Header><i:Izleme xmlns:i="urn:x" s:mustUnderstand="0">7</i:Izleme>'
        '<i:Uzak xmlns:i="urn:x" s:mustUnderstand="1" s:actor="urn:baska">7</i:Uzak></s:Header>'
    )
    content = envelope(call("TCKimlikNoDogrula", citizen()), head=head)
    assert verdict(routed(house, "Content-Type: text/xml", content=content))


# Transport


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Content-Type: application/json",), 415),
        (("Content-Type: text/plain",), 415),
        (("X-Type: none",), 415),
        (("Content-Type: text/xml; charset=iso-8859-9",), 415),
        (("Content-Type: text/xml", "Content-Encoding: gzip"), 415),
    ],
)
def test_another_media_type_is_refused_with_a_fault(
    house: House, headers: tuple[str, ...], status: int
) -> None:
    reply = routed(house, *headers)
    assert reply.status == status
    code, text = fault_of(reply)
    assert code == "soap:Client"
    assert text.startswith(READ)
    assert house.evidence.records == []


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "NotWellFormed"),
        (b"Ad=AY&Soyad=X", "NotWellFormed"),
        (envelope(call("TCKimlikNoDogrula", "<Ad>A & B</Ad>")).encode(), "NotWellFormed"),
        (envelope(call("TCKimlikNoDogrula", "<Ad>&yok;</Ad>")).encode(), "NotWellFormed"),
        (envelope(call("TCKimlikNoDogrula", "<Ad>Ş</Ad>")).encode("iso-8859-9"), "NotWellFormed"),
        (envelope("<a/>").encode("utf-16-le"), "EncodingRefused"),
        (
            b'<?xml version="1.0" encoding="iso-8859-9"?>' + envelope("<a/>").encode(),
            "EncodingRefused",
        ),
        (b"<!DOCTYPE a>" + envelope("<a/>").encode(), "DoctypeRefused"),
    ],
)
def test_what_is_not_well_formed_is_http_400_with_a_fault(
    house: House, content: bytes, name: str
) -> None:
    for media, code in (("text/xml", "soap:Client"), ("application/soap+xml", "soap:Sender")):
        house.evidence.counted.clear()
        reply = house.send(post(PATH, ("Host: kapi.example", f"Content-Type: {media}"), content))
        assert reply.status == 400
        found, text = fault_of(reply)
        assert found == code
        assert text.startswith(READ)
        ((_, _, refusal),) = house.evidence.counted
        assert refusal == name


def test_a_message_over_a_structural_limit_is_a_fault_of_the_caller(house: House) -> None:
    deep = "<a>" * 40 + "</a>" * 40
    reply = routed(house, "Content-Type: text/xml", content=envelope(deep))
    assert reply.status == 500
    assert fault_of(reply)[0] == "soap:Client"


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
