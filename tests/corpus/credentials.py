"""Cases of who asks: Security headers, tokens with their proofs, and requests for a token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from corpus.shapes import Make, body_content, in_header
from corpus.world import ACTIONS, Case, Message, World, case, timestamp

TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
USER = "<o:UsernameToken><o:Username>{user}</o:Username><o:Password>{password}</o:Password>"
END = "</o:UsernameToken>"
GOOD = USER + END
SIGNATURE = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'
SECURITIES = {
    "empty": ("", "SecurityMissing"),
    "time-only": ("{time}", "SecurityMissing"),
    "two-tokens": ("{time}" + GOOD * 2, "SecurityMissing"),
    "two-timestamps": ("{time}{time}" + GOOD, "SecurityMissing"),
    "two-names": ("{time}" + USER + "<o:Username>x</o:Username>" + END, "SecurityMissing"),
    "two-passwords": ("{time}" + USER + "<o:Password>x</o:Password>" + END, "SecurityMissing"),
    "no-password": (
        "{time}<o:UsernameToken><o:Username>{user}</o:Username></o:UsernameToken>",
        "SecurityMissing",
    ),
    "no-name": (
        "{time}<o:UsernameToken><o:Password>{password}</o:Password></o:UsernameToken>",
        "SecurityMissing",
    ),
    "blank-name": (
        "{time}<o:UsernameToken><o:Username> </o:Username><o:Password>x</o:Password>" + END,
        "SecurityMissing",
    ),
    "element-in-a-name": (
        "{time}<o:UsernameToken><o:Username>{user}<x/></o:Username>"
        "<o:Password>{password}</o:Password>" + END,
        "SecurityMissing",
    ),
    "element-in-a-password": (
        "{time}<o:UsernameToken><o:Username>{user}</o:Username>"
        "<o:Password>{password}<x/></o:Password>" + END,
        "SecurityMissing",
    ),
    "digest": (
        "{time}<o:UsernameToken><o:Username>{user}</o:Username><o:Password Type="
        '"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0'
        '#PasswordDigest">x</o:Password>' + END,
        "SecurityMissing",
    ),
    "signature-beside": ("{time}" + GOOD + SIGNATURE, "SecurityMissing"),
    "certificate-beside": (
        "{time}" + GOOD + "<o:BinarySecurityToken>x</o:BinarySecurityToken>",
        "SecurityMissing",
    ),
    "encrypted": (
        '{time}<e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"/>',
        "SecurityMissing",
    ),
    "derived-key": (
        "{time}" + GOOD + '<c:DerivedKeyToken xmlns:c="http://schemas.xmlsoap.org/ws/2005/02/sc"/>',
        "SecurityMissing",
    ),
    "assertion": (
        '{time}<m:Assertion xmlns:m="urn:oasis:names:tc:SAML:1.0:assertion"/>',
        "SecurityMissing",
    ),
    "nested-token": ("{time}<x>" + GOOD + "</x>", "SecurityMissing"),
    "name-of-65": (
        "{time}<o:UsernameToken><o:Username>" + "x" * 65 + "</o:Username>"
        "<o:Password>x</o:Password>" + END,
        "SecurityMissing",
    ),
    "password-of-257": (
        "{time}<o:UsernameToken><o:Username>{user}</o:Username><o:Password>" + "x" * 257
        + "</o:Password>" + END,
        "SecurityMissing",
    ),
    "name-in-other-letters": (
        "{time}<o:UsernameToken><o:Username>krm-nobody</o:Username>"
        "<o:Password>{password}</o:Password>" + END,
        "CredentialsRefused",
    ),
    "unknown-account": (
        "{time}<o:UsernameToken><o:Username>KRM-99-9999</o:Username>"
        "<o:Password>x</o:Password>" + END,
        "CredentialsRefused",
    ),
    "wrong-password": (
        "{time}<o:UsernameToken><o:Username>{other}</o:Username>"
        "<o:Password>wrong</o:Password>" + END,
        "CredentialsRefused",
    ),
    "password-with-blanks": (
        "{time}<o:UsernameToken><o:Username>{other}</o:Username>"
        "<o:Password> {password}</o:Password>" + END,
        "CredentialsRefused",
    ),
}  # fmt: skip
LEGAL_SECURITIES = {
    "token-first": GOOD + "{time}",
    "name-with-blanks": "{time}" + GOOD.replace("{user}", " {user}\n"),
    "nonce-and-created": "{time}" + USER + "<o:Nonce>AAAA</o:Nonce>"
    "<u:Created>2026-01-01T00:00:00Z</u:Created>" + END,
    "password-type": "{time}" + GOOD.replace(
        "<o:Password>", '<o:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-'
        'wss-username-token-profile-1.0#PasswordText">'
    ),
    "password-in-cdata": "{time}" + GOOD.replace("{password}", "<![CDATA[{password}]]>"),
    "comment-in-a-name": "{time}" + GOOD.replace("{user}", "<!-- c -->{user}"),
}  # fmt: skip
#: What a Timestamp says is fixed when the case is made; all of it is far from any bound.
TIMES = {
    "expired": timestamp(-30),
    "from-the-future": timestamp(30),
    "life-of-a-day": timestamp(-1, 1440),
    "no-life": timestamp(0, 0),
    "turned-round": timestamp(0, -1),
    "no-times": "<u:Timestamp/>",
    "created-only": "<u:Timestamp><u:Created>2026-01-01T00:00:00Z</u:Created></u:Timestamp>",
    "week-date": "<u:Timestamp><u:Created>2026-W01-1T00:00:00Z</u:Created>"
    "<u:Expires>2026-W01-1T00:05:00Z</u:Expires></u:Timestamp>",
    "year-one": "<u:Timestamp><u:Created>0001-01-01T00:00:00Z</u:Created>"
    "<u:Expires>0001-01-01T00:05:00Z</u:Expires></u:Timestamp>",
    "year-9999": "<u:Timestamp><u:Created>9999-12-31T23:59:59Z</u:Created>"
    "<u:Expires>9999-12-31T23:59:59Z</u:Expires></u:Timestamp>",
    "no-time": "<u:Timestamp><u:Created>now</u:Created><u:Expires>then</u:Expires>"
    "</u:Timestamp>",
}  # fmt: skip


def header(text: str) -> Make:
    def change(world: World, message: Message) -> Message:
        start = message.text.index("<o:Security")
        inner = message.text.index(">", start) + 1
        stop = message.text.index("</o:Security>")
        filled = text.format(
            user=world.account["username"],
            # Wrong passwords lock an account; no good message comes from this one.
            other=world.other_account["username"],
            password=world.account["password"],
            time=timestamp(),
        )
        return replace(message, body=message.text[:inner] + filled + message.text[stop:])

    return change


def security() -> list[Case]:
    """User name tokens, Timestamps, and whatever else may stand in a Security header."""
    cases: list[Case] = []
    for name, (text, refusal) in SECURITIES.items():
        for door in ("direct", "direct12", "issuer"):
            cases.append(case(f"security/{name}", door, header(text), refusal))
    for name, text in LEGAL_SECURITIES.items():
        for door in ("direct", "direct12", "issuer"):
            cases.append(case(f"legal/security-{name}", door, header(text), ""))
    cases.append(case("legal/security-without-timestamp", "direct", header(GOOD), ""))
    cases.append(case("security/without-timestamp", "issuer", header(GOOD), "StaleMessage"))
    for name, time in TIMES.items():
        for door in ("direct", "issuer"):
            cases.append(case(f"security/time-{name}", door, header(time + GOOD), "StaleMessage"))
    for door in ("direct", "issuer", "routing"):
        cases.append(case("security/no-header", door, without_security, "SecurityMissing"))
        cases.append(case("security/two-headers", door, security_twice, "ShapeRefused"))
        cases.append(
            case("security/for-somebody-else", door, security_for("urn:x"), "SecurityMissing")
        )
    return cases


def _security_of(message: Message) -> str:
    start, stop = message.text.index("<o:Security"), message.text.index("</o:Security>") + 13
    return message.text[start:stop]


def without_security(_world: World, message: Message) -> Message:
    return message.swapped(_security_of(message), "")


def security_twice(_world: World, message: Message) -> Message:
    return message.swapped(_security_of(message), _security_of(message) * 2)


def security_for(role: str) -> Make:
    def change(_world: World, message: Message) -> Message:
        name = "actor" if "http://schemas.xmlsoap.org/soap/envelope/" in message.text else "role"
        return message.swapped("<o:Security ", f'<o:Security s:{name}="{role}" ')

    return change


def written(make: Callable[[World], str]) -> Make:
    return lambda world, message: replace(message, body=make(world))


def between(first: str, last: str, new: Callable[[str], str]) -> Make:
    def change(_world: World, message: Message) -> Message:
        start = message.text.index(first) + len(first)
        stop = message.text.index(last, start)
        found = message.text[start:stop]
        return replace(message, body=message.text[:start] + new(found) + message.text[stop:])

    return change


def other(value: str) -> str:
    return ("B" if value[0] != "B" else "C") + value[1:]


TOKENS: dict[str, tuple[Make, str]] = {
    "other-cipher-of-the-key": (between("<e:CipherValue>", "<", other), "TokenRefused"),
    "other-cipher-of-the-token": (between("<xenc:CipherValue>", "<", other), "TokenRefused"),
    "empty-cipher": (between("<e:CipherValue>", "<", lambda _old: ""), "TokenRefused"),
    "cipher-without-base64": (between("<e:CipherValue>", "<", lambda _old: "????"), "TokenRefused"),
    "cipher-cut": (between("<e:CipherValue>", "<", lambda old: old[:-4]), "TokenRefused"),
    "other-digest": (between("<DigestValue>", "<", other), "ProofRefused"),
    "other-signature": (between("<SignatureValue>", "<", other), "ProofRefused"),
    "empty-signature": (between("<SignatureValue>", "<", lambda _old: ""), "ProofRefused"),
    "other-time": (
        between("<u:Created>", "Z", lambda old: old[:-1] + "98"[old[-1] == "9"]),
        "ProofRefused",
    ),
    "other-identifier": (between('SAMLAssertionID">', "<", other), "ProofRefused"),
    "another-key": (
        written(lambda world: world.signed_with("sha1", "sha1", bytes(32))),
        "ProofRefused",
    ),
    "no-reference": (between('URI="', '"', lambda _old: ""), "ProofRefused"),
    "remote-reference": (
        between('<Reference URI="', '"', lambda _old: "http://127.0.0.1:9/x"),
        "ProofRefused",
    ),
    "body-instead-of-time": (
        lambda world, message: between('<Reference URI="', '"', lambda _old: "#b")(
            world, message.swapped("<s:Body>", '<s:Body Id="b">')
        ),
        "ProofRefused",
    ),
    "id-twice": (
        in_header('<x:w xmlns:x="urn:x" Id="_0"/>'),
        "ProofRefused",
    ),
    "user-name-instead": (
        lambda world, message: message.swapped(_security_of(message), world.security()),
        "SecurityMissing",
    ),
    "user-name-beside": (
        lambda world, message: message.swapped("</o:Security>", "<o:UsernameToken/></o:Security>"),
        "SecurityMissing",
    ),
}


def tokens() -> list[Case]:
    """The routing door's token and its proof."""

    cases = [
        case(f"token/{name}", "routing", make, refusal) for name, (make, refusal) in TOKENS.items()
    ]
    for algorithm in ("hmac-md5", "rsa-sha1", "rsa-sha256", "hmac-sha384", "dsa-sha1"):
        change = between("xmldsig#hmac-", '"', lambda _old, algorithm=algorithm: algorithm[5:])
        cases.append(case(f"token/method-{algorithm}", "routing", change, "ProofRefused"))
    for where in ("CanonicalizationMethod", "Transform", "DigestMethod"):
        for algorithm in ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
                          "http://www.w3.org/TR/1999/REC-xslt-19991116",
                          "http://www.w3.org/TR/1999/REC-xpath-19991116",
                          "http://www.w3.org/2001/04/xmldsig-more#md5", "urn:x", ""):  # fmt: skip
            before = "</Transforms>" if where == "DigestMethod" else ""
            start = f'{before}<{where} Algorithm="'
            change = between(start, '"', lambda _old, new=algorithm: new)
            name = algorithm.rpartition("/")[2] or "none"
            cases.append(case(f"token/{where}-{name}", "routing", change, "ProofRefused"))
    for method, digest in (("sha256", "sha256"), ("sha1", "sha256"), ("sha256", "sha1")):
        cases.append(
            case(
                f"legal/token-hmac-{method}-{digest}",
                "routing",
                written(lambda world, m=method, d=digest: world.signed_with(m, d)),
                "",
            )
        )
    for name, new in {"unknown": "urn:x", "empty": "", "of-the-public-door": ACTIONS["public"],
                      "in-capitals": ACTIONS["direct"].upper()}.items():  # fmt: skip
        change = between('<a:Action s:mustUnderstand="1">', "<", lambda _old, new=new: new)
        cases.append(case(f"token/action-{name}", "routing", change, "ActionUnknown"))
    return cases


def trusts() -> list[Case]:
    """What one may ask of the token service."""

    def asked(old: str, new: str) -> Make:
        def change(_world: World, message: Message) -> Message:
            start, stop = message.text.index("<s:Body>"), message.text.index("</s:Body>")
            body = message.text[start:stop]
            assert old in body, old
            text = message.text
            return replace(message, body=text[:start] + body.replace(old, new) + text[stop:])

        return change

    request = f"<t:RequestType>{TRUST}/Issue</t:RequestType>"
    texts = {
        "renew": (request, request.replace("Issue", "Renew")),
        "validate": (request, request.replace("Issue", "Validate")),
        "cancel": (request, request.replace("Issue", "Cancel")),
        "unknown-request": (request, "<t:RequestType>urn:x</t:RequestType>"),
        "two-requests": (request, request * 2),
        "public-key": (
            request,
            f"{request}<t:KeyType>{TRUST}/PublicKey</t:KeyType>",
        ),
        "bearer": (
            request,
            f"{request}<t:KeyType>{TRUST}/Bearer</t:KeyType>",
        ),
        "saml-2": (
            request,
            f"{request}<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType>",
        ),
        "key-of-64-bits": (request, f"{request}<t:KeySize>64</t:KeySize>"),
        "key-of-no-size": (request, f"{request}<t:KeySize>many</t:KeySize>"),
    }
    cases = [
        case(f"trust/{name}", "issuer", asked(old, new), "TrustRequestRefused")
        for name, (old, new) in texts.items()
    ]
    cases += [
        case("trust/another-element", "issuer", body_content(lambda _old: "<x/>"),
             "TrustRequestRefused"),
        case("trust/collection", "issuer",
             body_content(lambda old: f'<t:RequestSecurityTokenCollection xmlns:t="{TRUST}">{old}'
                          "</t:RequestSecurityTokenCollection>"), "TrustRequestRefused"),
        case("trust/query", "issuer",
             lambda world, message: body_content(lambda _old: world.query())(world, message),
             "TrustRequestRefused"),
        case("trust/action-unknown", "issuer",
             lambda _world, message: message.swapped(f"{TRUST}/RST/Issue", "urn:x"),
             "ActionUnknown"),
    ]  # fmt: skip
    return cases
