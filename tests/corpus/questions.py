"""Cases of what is asked: numbers, members of a person, and criteria, at each door."""

from __future__ import annotations

from collections.abc import Callable

from corpus.documents import CANARY
from corpus.shapes import Make, body_content
from corpus.world import FIRST, Case, Expect, Message, World, case, understood

XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
NO = Expect(result="<TCKimlikNoDogrulaResult>false</TCKimlikNoDogrulaResult>")
YES = understood("public")


def members(make: Callable[[World], str]) -> Make:
    """The public door's message with other members."""

    def change(world: World, message: Message) -> Message:
        return message.swapped(world.members(), make(world))

    return change


def number(new: str) -> Make:
    return lambda world, message: message.swapped(f">{world.number}<", f">{new}<")


#: Numbers as callers write them: what the public door and an XSD make of each.
NUMBERS: dict[str, tuple[str, str, str]] = {
    # name: text, public (true, false, or the refusal), direct and routing (refusal, or "")
    "letters": ("abc", "ValueUnreadable", "SchemaRefused"),
    "decimal": ("1.0", "ValueUnreadable", "SchemaRefused"),
    "exponent": ("1e9", "ValueUnreadable", "SchemaRefused"),
    "hexadecimal": ("0x10", "ValueUnreadable", "SchemaRefused"),
    "underscore": ("1_000", "ValueUnreadable", "SchemaRefused"),
    "blank-inside": ("100 000", "ValueUnreadable", "SchemaRefused"),
    "comma": ("1,000", "ValueUnreadable", "SchemaRefused"),
    "arabic-digits": ("١٠٠٠٠٠٠٠١٤٦", "ValueUnreadable", "SchemaRefused"),
    "fullwidth-digits": ("１００００００", "ValueUnreadable", "SchemaRefused"),
    "superscript": ("10²", "ValueUnreadable", "SchemaRefused"),
    "nbsp-around": ("\u00a01\u00a0", "ValueUnreadable", "SchemaRefused"),
    "next-line-around": ("\u00851", "ValueUnreadable", "SchemaRefused"),
    "empty": ("", "ValueUnreadable", "SchemaRefused"),
    "blank": ("   ", "ValueUnreadable", "SchemaRefused"),
    "two-signs": ("--1", "ValueUnreadable", "SchemaRefused"),
    "sign-alone": ("-", "ValueUnreadable", "SchemaRefused"),
    "infinity": ("INF", "ValueUnreadable", "SchemaRefused"),
    "not-a-number": ("NaN", "ValueUnreadable", "SchemaRefused"),
    "true": ("true", "ValueUnreadable", "SchemaRefused"),
    "past-a-long": ("9223372036854775808", "ValueUnreadable", "SchemaRefused"),
    "past-a-long-below": ("-9223372036854775809", "ValueUnreadable", "SchemaRefused"),
    "forty-digits": ("9" * 40, "ValueUnreadable", "SchemaRefused"),
    "a-long": ("9223372036854775807", "false", ""),
    "a-long-below": ("-9223372036854775808", "false", ""),
    "zero": ("0", "false", ""),
    "minus-zero": ("-0", "false", ""),
    "negative": ("-10000000146", "false", ""),
    "wrong-check-digit": ("10000000147", "false", ""),
    "ten-digits": ("1000000014", "false", ""),
    "nobody": ("10000000146", "false", ""),
}


def numbers() -> list[Case]:
    cases: list[Case] = []
    for name, (text, public, strict) in NUMBERS.items():
        expected: str | Expect = NO if public == "false" else public
        cases.append(case(f"schema/number-{name}", "public", number(text), expected))
        cases.append(case(f"schema/number-{name}", "public12", number(text), expected))
        for door in ("direct", "routing"):
            # The second published code: nobody was found (a criterion never raises).
            result: str | Expect = strict or Expect(
                result="<Kod>2</Kod>", received=(("records", 0),)
            )
            if door == "routing" and not text.strip():
                result = EMPTY
            cases.append(case(f"schema/number-{name}", door, number(text), result))
    return cases


PERSON = "<Ad>{Ad}</Ad><Soyad>{Soyad}</Soyad><DogumYili>{Yil}</DogumYili>"
PUBLIC_MEMBERS: dict[str, tuple[str, str | Expect]] = {
    "order-reversed": (
        "<DogumYili>{Yil}</DogumYili><Soyad>{Soyad}</Soyad><Ad>{Ad}</Ad>{No}",
        YES,
    ),
    "order-number-last": (PERSON + "{No}", YES),
    "extra-member": ("{No}<Yeni>1</Yeni>" + PERSON, YES),
    "extra-member-of-another-namespace": ('{No}<x:Ad xmlns:x="urn:x">B</x:Ad>' + PERSON, YES),
    "twice-first-wins": ("{No}" + PERSON + "<Ad>BAŞKA</Ad>", YES),
    "twice-wrong-first": ("{No}<Ad>BAŞKA</Ad>" + PERSON, NO),
    "missing-name": ("{No}<Soyad>{Soyad}</Soyad><DogumYili>{Yil}</DogumYili>", NO),
    "missing-number": (PERSON, NO),
    "missing-year": ("{No}<Ad>{Ad}</Ad><Soyad>{Soyad}</Soyad>", NO),
    "no-member": ("", "ValueUnreadable"),
    "only-unknown-members": ("<x/><y>1</y>", "ValueUnreadable"),
    "members-without-namespace": ('<TCKimlikNo xmlns="">1</TCKimlikNo>', "ValueUnreadable"),
    "nil-name": (
        "{No}<Ad " + XSI + ' i:nil="true"/><Soyad>{Soyad}</Soyad><DogumYili>{Yil}</DogumYili>',
        NO,
    ),
    "nil-number": ("<TCKimlikNo " + XSI + ' i:nil="true"/>' + PERSON, "ValueUnreadable"),
    "element-in-a-number": ("<TCKimlikNo>1<x/></TCKimlikNo>" + PERSON, "ValueUnreadable"),
    "year-with-zero": (
        "{No}<Ad>{Ad}</Ad><Soyad>{Soyad}</Soyad><DogumYili>0{Yil}</DogumYili>",
        YES,
    ),
    "year-with-plus": (
        "{No}<Ad>{Ad}</Ad><Soyad>{Soyad}</Soyad><DogumYili>+{Yil}</DogumYili>",
        YES,
    ),
    "year-past-an-int": (
        "{No}<Ad>{Ad}</Ad><Soyad>{Soyad}</Soyad><DogumYili>2147483648</DogumYili>",
        "ValueUnreadable",
    ),
    "year-empty": (
        "{No}<Ad>{Ad}</Ad><Soyad>{Soyad}</Soyad><DogumYili></DogumYili>",
        "ValueUnreadable",
    ),
    "name-with-blanks": (
        "{No}<Ad>  {Ad} </Ad><Soyad>{Soyad}</Soyad><DogumYili>{Yil}</DogumYili>",
        YES,
    ),
    "attribute-on-a-member": (
        "{No}<Ad x='1'>{Ad}</Ad><Soyad>{Soyad}</Soyad><DogumYili>{Yil}</DogumYili>",
        YES,
    ),
    "pretty-printed": ("\r\n  {No}\r\n  " + PERSON + "\r\n", YES),
    "empty-name": (
        "{No}<Ad></Ad><Soyad>{Soyad}</Soyad><DogumYili>{Yil}</DogumYili>",
        NO,
    ),
    "text-between": ("{No}x" + PERSON, YES),
    "href": ('{No}<Ad href="#x"/><Soyad>{Soyad}</Soyad><DogumYili>{Yil}</DogumYili>', NO),
}


def given(text: str) -> Make:
    def make(world: World) -> str:
        one = world.person
        return text.format(
            No=f"<TCKimlikNo>{world.number}</TCKimlikNo>",
            Ad=one["given_name"],
            Soyad=one["surname"],
            Yil=one["birth"]["year"],
        )

    return members(make)


def public_members() -> list[Case]:
    """The public door reads as leniently as the original, and no more (wire A.5)."""
    return [
        case(f"schema/{name}", door, given(text), expected)
        for name, (text, expected) in PUBLIC_MEMBERS.items()
        for door in ("public", "public12")
    ]


#: What the routing door's reader makes of a criterion: it passes over what it does not know, as
#: the original's serialiser does (design D5), and the XSD judges what is left.
EMPTY = Expect(result="<Kod>10</Kod>")
NOBODY = Expect(result="<Kod>2</Kod>")
FOUND = Expect(result="{number}")
NO_CRITERIA = Expect("CriteriaEmpty", result="<Kod>10</Kod>")


ITEM = "KisiSorgulaTCKimlikNoSorguKriteri"
ONE = f"<{ITEM}><TCKimlikNo>{{no}}</TCKimlikNo></{ITEM}>"
CRITERIA: dict[str, tuple[str, str | Expect, str | Expect]] = {
    "unknown-member": (
        f"<kriterListesi><{ITEM}><Ad>A</Ad></{ITEM}></kriterListesi>",
        "SchemaRefused",
        EMPTY,
    ),
    "number-twice": (
        f"<kriterListesi><{ITEM}><TCKimlikNo>1</TCKimlikNo><TCKimlikNo>2</TCKimlikNo>"
        f"</{ITEM}></kriterListesi>",
        *["SchemaRefused"] * 2,
    ),
    "list-twice": (f"<kriterListesi>{ONE}</kriterListesi>" * 2, *["SchemaRefused"] * 2),
    "other-item": ("<kriterListesi><x/></kriterListesi>", "SchemaRefused", NO_CRITERIA),
    "text-in-the-list": (f"<kriterListesi>x{ONE}</kriterListesi>", "SchemaRefused", FOUND),
    "member-of-another-namespace": (
        f'<kriterListesi><{ITEM}><TCKimlikNo xmlns="urn:x">1</TCKimlikNo></{ITEM}></kriterListesi>',
        "SchemaRefused",
        EMPTY,
    ),
    "unknown-attribute": (
        f'<kriterListesi><{ITEM} x="1"><TCKimlikNo>1</TCKimlikNo></{ITEM}></kriterListesi>',
        "SchemaRefused",
        NOBODY,
    ),
    "unknown-type": (
        f'<kriterListesi><{ITEM} {XSI} i:type="x:y" xmlns:x="urn:x">'
        f"<TCKimlikNo>1</TCKimlikNo></{ITEM}></kriterListesi>",
        "SchemaRefused",
        NOBODY,
    ),
    "nil-with-content": (
        f'<kriterListesi><{ITEM}><TCKimlikNo {XSI} i:nil="true">1</TCKimlikNo></{ITEM}>'
        "</kriterListesi>",
        "SchemaRefused",
        EMPTY,
    ),
    "element-in-a-number": (
        f"<kriterListesi><{ITEM}><TCKimlikNo>1<x/></TCKimlikNo></{ITEM}></kriterListesi>",
        *["SchemaRefused"] * 2,
    ),
    "xinclude": (
        f'<kriterListesi><{ITEM}><TCKimlikNo><i:include xmlns:i="http://www.w3.org/2001/'
        f'XInclude" href="{CANARY}" parse="text"/></TCKimlikNo></{ITEM}></kriterListesi>',
        *["SchemaRefused"] * 2,
    ),
    "href-to-a-header": (
        f'<kriterListesi><{ITEM} href="#x"/></kriterListesi>',
        "SchemaRefused",
        EMPTY,
    ),
    "schemalocation": (
        f'<kriterListesi {XSI} i:schemaLocation="{FIRST} http://127.0.0.1:9/x.xsd">{ONE}'
        "</kriterListesi>",
        *[Expect(result="{number}")] * 2,
    ),
    "type-stated": (
        f'<kriterListesi><{ITEM} {XSI} xmlns:q="{FIRST}" i:type="q:{ITEM}">'
        f"<TCKimlikNo>{{no}}</TCKimlikNo></{ITEM}></kriterListesi>",
        *[Expect(result="{number}")] * 2,
    ),
    "no-list": ("", *[Expect("CriteriaEmpty", result="<Kod>10</Kod>")] * 2),
    "empty-list": (
        "<kriterListesi/>",
        *[Expect("CriteriaEmpty", result="<Kod>10</Kod>")] * 2,
    ),
    "nil-number": (
        f'<kriterListesi><{ITEM}><TCKimlikNo {XSI} i:nil="true"/></{ITEM}></kriterListesi>',
        *[Expect(result="<Kod>10</Kod>")] * 2,
    ),
    "hundred-criteria": (
        f"<kriterListesi>{ONE * 100}</kriterListesi>",
        *[Expect(result="{number}")] * 2,
    ),
    "hundred-and-one-criteria": (
        f"<kriterListesi>{ONE * 101}</kriterListesi>",
        *[Expect("TooManyCriteria", result="HataBilgisi")] * 2,
    ),
    "comments-everywhere": (
        f"<!-- a --><kriterListesi><!-- b -->{ONE}<!-- c --></kriterListesi><!-- d -->",
        *[Expect(result="{number}")] * 2,
    ),
    "other-prefix": (
        f'<q:kriterListesi xmlns:q="{FIRST}"><q:{ITEM}><q:TCKimlikNo>{{no}}</q:TCKimlikNo>'
        f"</q:{ITEM}></q:kriterListesi>",
        *[Expect(result="{number}")] * 2,
    ),
}


def listed(text: str) -> Make:
    def change(world: World, message: Message) -> Message:
        return body_content(
            lambda _old: (
                f'<ListeleCoklu xmlns="{FIRST}">'
                + text.replace("{no}", world.number)
                + "</ListeleCoklu>"
            )
        )(world, message)

    return change


def criteria() -> list[Case]:
    """The dated services are held to their XSD, member by member."""
    return [
        case(f"schema/{name}", door, listed(text), expected)
        for name, (text, direct, routing) in CRITERIA.items()
        for door, expected in (("direct", direct), ("direct12", direct), ("routing", routing))
    ]
