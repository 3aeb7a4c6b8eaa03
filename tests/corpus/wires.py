"""Cases of HTTP: methods, paths, media types, actions; and texts that want to be something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from corpus.shapes import in_header
from corpus.world import (
    ACTIONS,
    DOORS,
    FIRST,
    MAIN,
    PATHS,
    PUBLIC_NS,
    SOAP11,
    SOAP12,
    Case,
    Expect,
    Message,
    World,
    case,
    everywhere,
    refused,
    understood,
)

Make = Callable[[World, Message], Message]


def named(**headers: str | None) -> Make:
    return lambda _world, message: message.named(**headers)


def asked(method: str) -> Make:
    return lambda _world, message: replace(message, method=method)


def at(target: str) -> Make:
    return lambda _world, message: replace(message, target=target)


def methods() -> list[Case]:
    cases: list[Case] = []
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "LOCK", "MKCOL"):
        cases += everywhere(f"http/method-{method.lower()}", asked(method), "MethodRefused")
    for door, path in PATHS.items():
        soap = DOORS[door]
        page = replace(Message(path, "", "GET"), headers=(("Host", "kapi.example"),))
        for method in ("GET", "HEAD"):
            cases.append(
                Case(
                    f"http/method-{method.lower()}-for-the-page",
                    door,
                    lambda _world, page=page, method=method: replace(page, method=method),
                    Expect(status=200) if method == "GET" else Expect(status=200),
                    anywhere=method == "GET",
                )
            )
        if soap == SOAP11:
            # A GET with a SOAP body is a question for a page; the body is nobody's.
            cases.append(case(f"http/method-get-with-a-{door}-message", door, asked("GET"),
                              Expect(status=200)))  # fmt: skip
        else:
            cases.append(case("http/method-get-with-a-message", door, asked("GET"), ""))
    return cases


UNKNOWN_PATHS = (
    "/", "/Service", "/Service/", "/Service/KPSPublic.asmx.bak", "/Service/KPSPublic",
    "/Service/KPSPublic.asmx%00", "/Service/../Service/KPSPublic.asmx", "//Service/KPSPublic.asmx",
    "/Service/./KPSPublic.asmx", "/Service/KPSPublic.asmx;a=b", "/Service/KPSPublic.asmx/",
    "/kps", "/kps/", "/kps/KisiSorgulaTCKimlikNoServis", "/kps/KisiSorgulaTCKimlikNoServis/",
    "/kps/KisiSorgulaTCKimlikNoServis/2011/01/02", "/kps/KisiSorgulaTCKimlikNoServis/2011/01",
    "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01/x", "/kps/../kps.toml", "/etc/passwd",
    "/kps/%2e%2e/%2e%2e/etc/passwd", "/Services/Issuer.svc", "/Services/Issuer.svc/IWSTrust14",
    "/Services/RoutingService.svc/x", "/services/", "/demo.json", "/keys/rsa.key",
    "/tcKimlikNoDogrula/search", "/.git/config", "/.env", "/%", "/%zz", "/\\..\\x",
)  # fmt: skip
#: The original's own sentence for path information behind an address (wire A.5).
_PATH_INFO = ("/Service/KPSPublic.asmx/",)
#: A page, and nothing that hears messages.
_PAGES = ("/Services/Issuer.svc",)


def paths() -> list[Case]:
    cases = [
        Case(
            f"http/path-{path}",
            "public",
            lambda world, path=path: replace(world.good("public"), target=path),
            Expect(status=500 if path in _PATH_INFO else 405 if path in _PAGES else 404),
        )
        for path in UNKNOWN_PATHS
    ]
    for door, path in PATHS.items():
        for name, target in {
            "lower-case": path.lower(),
            "upper-case": path.upper(),
            "with-a-query": f"{path}?op=TCKimlikNoDogrula",
            "with-wsdl-as-query": f"{path}?WSDL",
            "with-a-long-query": f"{path}?{'x' * 3000}",
            "percent-encoded": path.replace("S", "%53").replace("k", "%6b"),
        }.items():
            cases.append(case(f"legal/path-{name}", door, at(target), ""))
    for name, target in {
        "operation": "/Service/KPSPublic.asmx/TCKimlikNoDogrula",
        "markup": "/Service/KPSPublic.asmx/<script>alert(1)</script>".replace("<", "%3C"),
        "line-break": "/Service/KPSPublic.asmx/x%0d%0aSet-Cookie:%20a=b",
    }.items():
        cases.append(case(f"http/path-info-{name}", "public", at(target), Expect(status=500)))
    return cases


MEDIA_REFUSED = {
    "none": None,
    "empty": "",
    "plain": "text/plain",
    "html": "text/html",
    "xml-of-applications": "application/xml; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "octets": "application/octet-stream",
    "multipart": 'multipart/related; type="application/xop+xml"; start="<a>"; boundary=b',
    "mtom": "application/xop+xml; charset=utf-8",
    "soap-alone": "application/soap",
    "xml-suffix": "application/vnd.x+xml",
    "two-types": "text/xml, application/soap+xml",
    "any": "*/*",
    "no-subtype": "text",
    "unfinished-quote": 'text/xml; charset="utf-8',
    "two-charsets": "text/xml; charset=utf-8; charset=windows-1254",
    "two-charsets-in-cases": "text/xml; charset=utf-8; CHARSET=utf-16",
    "parameter-without-value": "text/xml; charset",
    "blank-inside": "text /xml",
    "fullwidth": "te\xa0xt/xml",
    "very-long": "text/xml; " + "a" * 4000,
}


def media() -> list[Case]:
    cases: list[Case] = []
    for name, value in MEDIA_REFUSED.items():
        for door in MAIN:
            stated = value
            expected: str | Expect = refused(door, "MediaTypeRefused")
            if value is not None and value.startswith("text/xml") and DOORS[door] == SOAP12:
                stated = value.replace("text/xml", "application/soap+xml")
            if door == "direct" and stated is not None and "soap+xml" in stated:
                expected = Expect("MediaTypeRefused", 415, "Sender")
            if door == "public" and stated is not None and "soap+xml" in stated:
                expected = Expect("MediaTypeRefused", 415, "Sender")
            cases.append(
                case(f"http/content-type-{name}", door, named(Content_Type=stated), expected)
            )
    for door in ("issuer", "routing"):
        cases.append(
            case("http/content-type-of-soap-1.1", door, named(Content_Type="text/xml"),
                 "MediaTypeRefused")
        )  # fmt: skip
    for name, change in {
        "without-charset": lambda kind: kind,
        "charset-in-quotes": lambda kind: f'{kind}; charset="utf-8"',
        "charset-in-capitals": lambda kind: f"{kind}; charset=UTF-8",
        "charset-utf8": lambda kind: f"{kind}; charset=utf8",
        "type-in-capitals": lambda kind: kind.upper(),
        "blanks-around": lambda kind: f" {kind} ; charset = utf-8 ",
        "no-blanks": lambda kind: f"{kind};charset=utf-8",
        "semicolon-last": lambda kind: f"{kind}; charset=utf-8;",
        "unknown-parameter": lambda kind: f"{kind}; charset=utf-8; x=y",
        "empty-charset": lambda kind: f"{kind}; charset=",
    }.items():
        for door, soap in DOORS.items():
            kind = "text/xml" if soap == SOAP11 else "application/soap+xml"
            cases.append(
                case(f"legal/content-type-{name}", door, named(Content_Type=change(kind)), "")
            )
    for door in MAIN:
        cases.append(
            case("legal/content-encoding-identity", door, named(Content_Encoding="identity"), "")
        )
    return cases


def actions() -> list[Case]:
    """SOAPAction, and the action parameter of SOAP 1.2 (wire A.5; clients write both)."""
    cases: list[Case] = []
    for door in ("public", "direct"):
        action = ACTIONS[door]
        other = "OriginalFault" if door == "public" else "ActionRefused"
        for name, value in {
            "unknown": '"urn:x"',
            "of-another-operation": f'"{PUBLIC_NS}/KisiVeCuzdanDogrula"',
            "of-another-service": f'"{FIRST}/AileListesiAraTCNoServis/Listele"',
            "cut": f'"{action[:-1]}"',
            "longer": f'"{action}x"',
            "in-capitals": f'"{action.upper()}"',
            "with-a-line-break": f'"{action}%0d%0a"',
            "markup": '"<script>alert(1)</script>"',
            "very-long": f'"{"x" * 4000}"',
        }.items():
            cases.append(case(f"http/action-{name}", door, named(SOAPAction=value), other))
        cases.append(
            case(
                "http/action-twice",
                door,
                lambda _world, message: message.more(("SOAPAction", '"urn:x"')),
                other,
            )
        )
        for name, value in {
            "quoted": f'"{action}"',
            "unquoted": action,
            "percent-encoded": f'"{action.replace(":", "%3A")}"',
            "blanks-around": f'  "{action}"  ',
            "missing": None,
        }.items():
            cases.append(case(f"legal/action-{name}", door, named(SOAPAction=value), ""))
    # An empty action is an unknown one to the original, and none to the direct door.
    for value in ('""', ""):
        cases.append(
            case(f"http/action-empty-{len(value)}", "public", named(SOAPAction=value),
                 "OriginalFault")
        )  # fmt: skip
        cases.append(
            case(f"legal/action-empty-{len(value)}", "direct", named(SOAPAction=value), "")
        )
    for door in ("public12", "direct12"):
        action = ACTIONS[door.removesuffix("12")]
        other = "OriginalFault" if door == "public12" else "ActionRefused"
        media = "application/soap+xml; charset=utf-8"
        for name, value, expected in (
            ("right", f'{media}; action="{action}"', ""),
            ("unquoted", f"{media}; action={action}".replace(":", "%3A"), None),
            ("empty", f'{media}; action=""', ""),
            ("unknown", f'{media}; action="urn:x"', other),
            ("twice", f'{media}; action="{action}"; action="urn:x"', "MediaTypeRefused"),
        ):
            if expected is not None:
                cases.append(
                    case(f"http/action-parameter-{name}", door, named(Content_Type=value), expected)
                )
        cases.append(
            case("legal/action-header-beside-soap-1.2", door, named(SOAPAction=f'"{action}"'), "")
        )
    for door in ("issuer", "routing"):
        cases.append(case("legal/action-header-beside-soap-1.2", door, named(SOAPAction='""'), ""))
    cases += mismatches()
    return cases


def mismatches() -> list[Case]:
    """The body, the action and the address must be of one operation (WSS4J, CXF: spoofing)."""

    def operation(old: str, new: str) -> Make:
        return lambda _world, message: replace(message, body=message.text.replace(old, new))

    direct = operation("ListeleCoklu", "Sil")
    return [
        case("http/action-mismatch-body", "direct", direct, "ActionRefused"),
        case("http/action-mismatch-body", "direct12", direct, "ActionRefused"),
        case("http/action-mismatch-body", "public", operation("TCKimlikNoDogrula", "Sil"),
             "OriginalFault"),
        case("http/action-mismatch-body", "public12", operation("TCKimlikNoDogrula", "Sil"),
             "OriginalFault"),
        case("http/action-mismatch-body", "routing", operation("ListeleCoklu", "Sil"),
             "ActionUnknown"),
        case("http/body-of-another-namespace", "direct",
             operation(f'"{FIRST}"', '"http://kps.nvi.gov.tr/2012/01/01"'), "ActionRefused"),
        case("http/body-without-namespace", "direct",
             operation(f' xmlns="{FIRST}"', ""), "ActionRefused"),
        case("http/body-of-another-namespace", "public",
             operation(f'"{PUBLIC_NS}"', '"http://tckimlik.nvi.gov.tr/ws"'), "OriginalFault"),
        case("http/body-without-namespace", "public",
             operation(f' xmlns="{PUBLIC_NS}"', ""), "OriginalFault"),
        case("http/message-of-the-public-door", "direct",
             lambda world, message: replace(message, body=world.good("public").body),
             "ActionRefused"),
        case("http/message-of-the-direct-door", "public",
             lambda world, message: replace(message, body=world.good("direct").body),
             "OriginalFault"),
    ]  # fmt: skip


#: Texts that mean something to somebody: a shell, a log, a page, a query, a template.
TEXTS = {
    "line-break": "a&#13;&#10;b",
    "line-break-as-log": "a&#10;2026-01-01 INFO kps fake line",
    "tab": "a&#9;b",
    "next-line": "a\u0085b",
    "line-separator": "a\u2028b\u2029c",
    "bidi": "a\u202eb\u202c",
    "bidi-isolate": "\u2066a\u2069",
    "zero-width": "a\u200b\u200d\ufeffb",
    "control-c1": "a\u009b31mb",
    "delete": "a\x7fb",
    "private-use": "\ue000\U000f0000",
    "not-a-character-that-xml-allows": "\U0001fffe",
    "markup": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "markup-in-cdata": "<![CDATA[</a><b>]]>",
    "quotes": "'\"&gt;&amp;apos;",
    "sql": "' OR 1=1; DROP TABLE evidence; --",
    "ldap": "*)(uid=*))(|(uid=*",
    "xpath": "'] | //* | ['",
    "shell": "$(touch x); `id` | cat",
    "format": "%s%n%x{0}{0.__class__}%(a)s",
    "template": "{{7*7}}${7*7}#{7*7}",
    "jndi": "${jndi:ldap://127.0.0.1:9/x}",
    "path": "../../../../etc/passwd",
    "url": "http://127.0.0.1:9/",
    "csv": "=cmd|' /C calc'!A1",
    "null-in-text": "a\\0b",
    "long": "x" * 4000,
    "astral": "😀𝒜",
    "combining": "e\u0301" * 50,
    "turkish": "İıŞşĞğÇçÖöÜü",
    "dotless": "i\u0307",
    "decomposed": "S\u0327",
    "right-to-left": "\u0645\u0631\u062d\u0628\u0627",
    "digits-of-another-script": "\u0661\u0662",
    "fullwidth": "\uff11\uff12",
}


def element_text(tag: str, new: str) -> Make:
    """Another text in the one element of a name."""

    def change(_world: World, message: Message) -> Message:
        start = message.text.index(f"<{tag}>") + len(tag) + 2
        end = message.text.index(f"</{tag}>")
        return replace(message, body=message.text[:start] + new + message.text[end:])

    return change


WSA = "http://www.w3.org/2005/08/addressing"
FALSE = Expect(result="<TCKimlikNoDogrulaResult>false</TCKimlikNoDogrulaResult>")


def texts() -> list[Case]:
    """A text at every place where a door takes one: none reaches a log line, a page or a query."""
    cases: list[Case] = []
    for name, text in TEXTS.items():
        cases.append(case(f"text/name-{name}", "public", element_text("Ad", text), FALSE))
        user = "SecurityMissing" if name in ("long", "combining") else "CredentialsRefused"
        # A slow comparison each, so the second door gets some of them.
        for door in ("direct", "issuer") if name in ("line-break", "sql") else ("direct",):
            change = element_text("o:Username", text)
            cases.append(case(f"text/account-{name}", door, change, user))
        long = name == "long"
        for door in ("direct", "routing"):
            inquirer = f'<q:Sorgulayan xmlns:q="{FIRST}/sorgulayan">{text}</q:Sorgulayan>'
            context = (
                '<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1">'
                f"<b:AmacKodu>{text}</b:AmacKodu></b:SorguBaglami>"
            )
            identity = f'<m:MessageID xmlns:m="{WSA}">{text}</m:MessageID>'
            cases.append(case(f"text/inquirer-{name}", door, in_header(inquirer), inquired(text)))
            cases.append(case(f"text/purpose-{name}", door, in_header(context), PURPOSE))
            cases.append(case(f"text/message-id-{name}", door, in_header(identity), ""))
        for door in MAIN:
            if not long and text.isascii() and "&" not in text and text.isprintable():
                cases.append(case(f"text/agent-{name}", door, named(User_Agent=text), ""))
    for number, raw in enumerate(("\x85", "\x9b31m", "a\tb", "ş".encode().decode("latin-1"))):
        cases += everywhere(f"text/agent-raw-{number}", named(User_Agent=raw), "")
    return cases


def inquired(text: str) -> Expect:
    """What comes of an inquirer's name: on record letter by letter, or refused.

    A name is printable and at most 64 characters long.
    """
    value = etree.fromstring(f"<a>{text}</a>").text or ""
    if len(value.strip()) <= 64 and value.strip().isprintable():
        return Expect(received=(("inquirer", value.strip()),), result="{number}")
    return Expect("InquirerNotAllowed")


PURPOSE = Expect("PurposeNotGranted", result="HataBilgisi")


def wires() -> list[Case]:
    return [*methods(), *paths(), *media(), *actions(), *texts()]


__all__ = ["understood", "wires"]
