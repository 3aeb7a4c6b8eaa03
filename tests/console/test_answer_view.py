"""Answers as a page shows them, from the bytes that were signed."""

import pytest

from kps_soap.console.answer_view import Fact, view_of

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def answer(inner: str, header: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:i="{XSI}"><s:Header>{header}</s:Header>'
        f'<s:Body><XResponse xmlns="urn:x"><XResult>{inner}</XResult></XResponse></s:Body>'
        "</s:Envelope>"
    ).encode()


def records(inner: str) -> str:
    return f"<SorguSonucu><Kisi>{inner}</Kisi></SorguSonucu>"


def test_members_become_words_and_values() -> None:
    view = view_of(
        answer(
            records(
                "<Soyad>ÖZTÜRK</Soyad><Ad>AYŞE</Ad>"
                "<Durum><Aciklama>Açık</Aciklama><Kod>1</Kod></Durum>"
                "<DogumTarih><Ay>3</Ay><Gun>9</Gun><Yil>1981</Yil></DogumTarih>"
                "<SoyadYok>false</SoyadYok>"
            )
        ),
        "tr",
    )
    (record,) = view.records
    assert record.facts == (
        Fact("Adı", "AYŞE"),
        Fact("Soyadı", "ÖZTÜRK"),
        Fact("Doğum tarihi", "09.03.1981"),
        Fact("Durum", "Açık (1)"),
        Fact("Soyadı yok", "hayır"),
    )
    assert view.refusal == ""


def test_nil_empty_and_unknown_are_left_out_and_notes_are_told() -> None:
    view = view_of(
        answer(
            records(
                '<Ad i:nil="true"/><Il/><DogumTarih><Ay i:nil="true"/><Gun/><Yil/></DogumTarih>'
                "<TemelBilgisi><Soyad/></TemelBilgisi>"
                "<HataBilgisi><Aciklama>Yetkiniz yoktur.</Aciklama><Kod>8</Kod></HataBilgisi>"
            )
        ),
        "tr",
    )
    (record,) = view.records
    assert record.facts == ()
    assert record.sections == ()
    assert record.notes == ("Yetkiniz yoktur.",)


def test_a_partial_date_shows_what_is_known() -> None:
    view = view_of(
        answer(records('<DogumTarih><Ay i:nil="true"/><Gun/><Yil>1944</Yil></DogumTarih>')), "tr"
    )
    assert view.records[0].facts[0].value == "--.--.1944"


def test_a_record_that_is_no_list_and_lists_of_values() -> None:
    view = view_of(
        answer(
            "<SorguSonucu><AdresNo>17</AdresNo><Amaclar><Amac>A</Amac><Amac>B</Amac></Amaclar>"
            "<Yetkiler><Yetki><Servis>S</Servis></Yetki><Yetki><Servis>T</Servis></Yetki>"
            "</Yetkiler></SorguSonucu>"
        ),
        "en",
    )
    (record,) = view.records
    assert [fact.value for fact in record.facts] == ["17", "A, B"]
    (rights,) = record.sections
    assert [one.facts[0].value for one in rights.sections] == ["S", "T"]


def test_two_records_are_two() -> None:
    inner = "<SorguSonucu><Kisi><Ad>A</Ad></Kisi><Kisi><Ad>B</Ad></Kisi></SorguSonucu>"
    assert len(view_of(answer(inner), "tr").records) == 2


def test_what_is_no_text_for_people_is_only_measured() -> None:
    view = view_of(answer(records(f"<Fotograf>{'QUJD' * 200}</Fotograf>")), "tr")
    assert view.records[0].facts[0].value == "bu sayfada gösterilmez (600 bayt)"
    view = view_of(answer(records("<Fotograf>QUI=</Fotograf>")), "tr")
    assert view.records[0].facts[0].value == "bu sayfada gösterilmez (2 bayt)"
    view = view_of(answer(records(f"<Yazi>{'x' * 401}</Yazi>")), "en")
    assert "not shown on this page" in view.records[0].facts[0].value


@pytest.mark.parametrize(
    ("inner", "sentence"),
    [
        (
            '<HataBilgisi><Aciklama>Olmaz.</Aciklama></HataBilgisi><SorguSonucu i:nil="true"/>',
            "Olmaz.",
        ),
        ('<SorguSonucu i:nil="1"/>', "Yanıtta gösterilecek bilgi yok."),
        ("", "Yanıtta gösterilecek bilgi yok."),
    ],
)
def test_an_answer_that_is_a_note_says_it(inner: str, sentence: str) -> None:
    view = view_of(answer(inner), "tr")
    assert view.refusal == sentence
    assert view.records == ()


def test_a_fault_says_its_sentence() -> None:
    fault = (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
        "<faultstring>Kaynak sistem yanıt vermiyor.</faultstring></s:Fault></s:Body>"
        "</s:Envelope>"
    )
    assert view_of(fault.encode(), "tr").refusal == "Kaynak sistem yanıt vermiyor."
    bare = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault/></s:Body></s:Envelope>'
    assert view_of(bare.encode(), "tr").refusal == "Yanıtta gösterilecek bilgi yok."
    assert view_of(b"<x/>", "en").refusal == "There is nothing to show in the answer."


def test_the_receipt_is_read_from_the_header() -> None:
    header = (
        '<r:Alindi xmlns:r="urn:kps-soap:alindi:1"><r:AlindiNo>N</r:AlindiNo>'
        "<r:Zaman>T</r:Zaman><r:YanitOzeti>ab</r:YanitOzeti></r:Alindi>"
    )
    receipt = view_of(answer("", header), "tr").receipt
    assert (receipt.number, receipt.time, receipt.answer_digest) == ("N", "T", "ab")
    assert receipt.question_digest == ""


def test_parts_that_only_say_why_they_are_empty_are_one_line_together() -> None:
    nothing = "<KimlikNo>1</KimlikNo><HataBilgisi><Aciklama>Yok.</Aciklama></HataBilgisi>"
    view = view_of(
        answer(
            records(
                f"<KisiBilgisi><Ad>A</Ad></KisiBilgisi><MaviKartBilgisi>{nothing}"
                f"</MaviKartBilgisi><TCKKBilgisi>{nothing}<MaviKartBilgisi>{nothing}"
                "</MaviKartBilgisi></TCKKBilgisi>"
                "<DoluBilesenler><Parca>X</Parca></DoluBilesenler>"
            )
        ),
        "tr",
    )
    (record,) = view.records
    assert [one.name for one in record.sections] == ["Kişi"]
    assert record.notes == ("Mavi kart, T.C. kimlik kartı: Yok.",)
    assert record.facts == ()
