"""A signed message cut into its parts, and how its answer is judged."""

from direct_house import PERSON
from routed import person_query, register
from signed_house import NUMBER, SignedMessage, Strong

from kps_soap.authentication import WSSE
from kps_soap.gateway import Answer

GOOD = SignedMessage()
TEXT = GOOD.text
TIMESTAMP = TEXT[TEXT.index("<u:Timestamp") : TEXT.index("<ds:Signature ")]
SIGNATURE = TEXT[TEXT.index("<ds:Signature ") : TEXT.index("</o:Security>")]
TOKEN = TEXT[TEXT.index("<o:BinarySecurityToken") : TEXT.index("<u:Timestamp")]
SECURITY = TEXT[TEXT.index("<o:Security ") : TEXT.index("</s:Header>")]
BODY = TEXT[TEXT.index("<s:Body") : TEXT.index("</s:Envelope>")]
OTHER_BODY = BODY.replace(str(NUMBER), "10000000146")
PINNED = "P256", "RSA"


def accepted(answer: Answer) -> bool:
    return answer.status == 200 and b"ListeleCokluResult" in answer.body


def is_fault(answer: Answer) -> bool:
    return answer.status in (400, 500) and b"<s:Fault>" in answer.body


def assert_refused(guarded: Strong, text: str | bytes, detail: str | None = None) -> Answer:
    """The generic fault, nothing executed, and one trace of it."""
    house = guarded.house
    answer = guarded.send(text)
    assert is_fault(answer), answer.body[:300]
    assert not register().asked
    assert len(house.records) + len(house.counted) == 1
    assert not any(entry.persons or entry.units for entry in house.records)
    if detail is not None:
        assert house.records[0].detail == detail
    house.records.clear()
    house.counted.clear()
    return answer


EVIL = person_query(10000000146)
WRAPPINGS: dict[str, str] = {
    "body moved into a header, another in its place": TEXT.replace(
        BODY, f'<s:Body u:Id="Baska">{EVIL}</s:Body>'
    ).replace("</s:Header>", f'<x:w xmlns:x="urn:x">{BODY}</x:w></s:Header>'),
    "body moved into a header, the other without an id": TEXT.replace(
        BODY, f"<s:Body>{EVIL}</s:Body>"
    ).replace("</s:Header>", f'<x:w xmlns:x="urn:x">{BODY}</x:w></s:Header>'),
    "body moved into a header, the other with the same id": TEXT.replace(BODY, OTHER_BODY).replace(
        "</s:Header>", f'<x:w xmlns:x="urn:x">{BODY}</x:w></s:Header>'
    ),
    "body moved into the Security header": TEXT.replace(BODY, OTHER_BODY).replace(
        "</o:Security>", f"{BODY}</o:Security>"
    ),
    "body moved into the signature's Object": TEXT.replace(BODY, OTHER_BODY).replace(
        "</ds:Signature>", f"<ds:Object>{BODY}</ds:Object></ds:Signature>"
    ),
    "body moved into KeyInfo": TEXT.replace(BODY, OTHER_BODY).replace(
        "</ds:KeyInfo>", f"{BODY}</ds:KeyInfo>"
    ),
    "body moved into the other body": TEXT.replace(
        BODY, f'<s:Body u:Id="Baska">{EVIL}{BODY}</s:Body>'
    ),
    "body moved into an element of the other body": TEXT.replace(
        BODY,
        OTHER_BODY.replace('u:Id="Govde"', "").replace("</ListeleCoklu>", f"{BODY}</ListeleCoklu>"),
    ),
    "two bodies, the signed one first": TEXT.replace(BODY, BODY + OTHER_BODY),
    "two bodies, the signed one last": TEXT.replace(BODY, OTHER_BODY + BODY),
    "the signed envelope in a body": (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/>'
        f"<s:Body>{TEXT}</s:Body></s:Envelope>"
    ),
    "the header of one around another": TEXT.replace(
        SECURITY, f'<x:w xmlns:x="urn:x">{SECURITY}</x:w>'
    ),
    "Timestamp moved aside, a fresh one in its place": TEXT.replace(
        TIMESTAMP, TIMESTAMP.replace('"Zaman"', '"Yeni"').replace("09:00", "09:01")
    ).replace("</s:Header>", f'<x:w xmlns:x="urn:x">{TIMESTAMP}</x:w></s:Header>'),
    "Action moved aside, another in its place": TEXT.replace(
        "<s:Header>", f'<s:Header><a:Action>{PERSON.action}</a:Action><x:w xmlns:x="urn:x">'
    ).replace("<a:MessageID", "</x:w><a:MessageID"),
    "MessageID moved aside, another in its place": TEXT.replace(
        "<a:MessageID", '<a:MessageID>urn:uuid:0</a:MessageID><x:w xmlns:x="urn:x"><a:MessageID'
    ).replace("</a:MessageID><q:", "</a:MessageID></x:w><q:"),
    "Sorgulayan moved aside, another in its place": TEXT.replace(
        "<q:Sorgulayan",
        '<q:Sorgulayan xmlns:q="http://kps.nvi.gov.tr/2011/01/01/sorgulayan">FATMA</q:Sorgulayan>'
        '<x:w xmlns:x="urn:x"><q:Sorgulayan',
    ).replace("</q:Sorgulayan><o:", "</q:Sorgulayan></x:w><o:"),
    "the other header added, unsigned": TEXT.replace(
        "</s:Header>",
        '<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1"><b:AmacKodu>SOSYAL_YARDIM</b:AmacKodu>'
        "</b:SorguBaglami></s:Header>",
    ),
    "the other header with the signed one's id": TEXT.replace(
        "</s:Header>",
        '<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1" u:Id="Soran"><b:AmacKodu>SOSYAL_YARDIM'
        "</b:AmacKodu></b:SorguBaglami></s:Header>",
    ),
    "two Security headers": TEXT.replace(SECURITY, SECURITY * 2),
    "two Security headers, one for somebody else": TEXT.replace(
        SECURITY, SECURITY + SECURITY.replace("<o:Security ", '<o:Security s:actor="urn:x" ')
    ),
    "the Security header for somebody else": TEXT.replace(
        "<o:Security ", '<o:Security s:actor="urn:x" '
    ),
    "no Security header": TEXT.replace(SECURITY, ""),
    "empty Security header": TEXT.replace(SECURITY, f'<o:Security xmlns:o="{WSSE}"/>'),
    "two signatures": TEXT.replace(SIGNATURE, SIGNATURE * 2),
    "the signature beside the header": TEXT.replace(SIGNATURE, "").replace(
        "</s:Header>", f"{SIGNATURE}</s:Header>"
    ),
    "the signature in the body": TEXT.replace(SIGNATURE, "").replace(
        "</s:Body>", f"{SIGNATURE}</s:Body>"
    ),
    "the signature within an element": TEXT.replace(
        SIGNATURE, f'<x:w xmlns:x="urn:x">{SIGNATURE}</x:w>'
    ),
    "two Timestamps": TEXT.replace(TIMESTAMP, TIMESTAMP * 2),
    "two certificates": TEXT.replace(TOKEN, TOKEN * 2),
    "Security in the body": TEXT.replace(SECURITY, "").replace(BODY, BODY + SECURITY),
}
