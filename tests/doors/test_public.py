"""The public door's answers, byte by byte (wire A.4, A.5), over a real socket."""

from hashlib import sha256

import pytest
from lxml import etree
from public_samples import (
    DOCUMENT,
    FORMAT,
    VERSIONS,
    golden,
    holds,
    refused,
    verdict,
    without_receipt,
)
from served import (
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
    House,
    ask,
    call,
    citizen,
    envelope,
    headers_of,
    post,
    receipt_of_entry,
)

from kps_soap import identity_number
from kps_soap.entry import Event

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
