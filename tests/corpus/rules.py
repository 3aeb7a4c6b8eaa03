"""Cases of the doors' own rules together, with what the service must have been handed."""

from __future__ import annotations

from corpus.credentials import security, tokens, trusts
from corpus.questions import criteria, numbers, public_members
from corpus.shapes import in_header
from corpus.world import FIRST, Case, Expect, case


def received() -> list[Case]:
    """Legal headers, and what the service must have been handed."""
    cases: list[Case] = []
    wsa = "http://www.w3.org/2005/08/addressing"
    for door in ("direct", "direct12", "routing"):
        inquirer = f'<q:Sorgulayan xmlns:q="{FIRST}/sorgulayan">{{}}</q:Sorgulayan>'
        identity = f'<m:MessageID xmlns:m="{wsa}">{{}}</m:MessageID>'
        context = '<b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1">{}</b:SorguBaglami>'
        for name, header, got in (
            ("inquirer", inquirer.format("AYŞE"), ("inquirer", "AYŞE")),
            ("inquirer-with-blanks", inquirer.format("\n AYŞE "), ("inquirer", "AYŞE")),
            ("inquirer-with-comment", inquirer.format("AY<!-- FATMA -->ŞE"), ("inquirer", "AYŞE")),
            ("inquirer-in-cdata", inquirer.format("<![CDATA[AYŞE]]>"), ("inquirer", "AYŞE")),
            ("inquirer-of-references", inquirer.format("AY&#350;E"), ("inquirer", "AYŞE")),
            ("message-id", identity.format("urn:uuid:1"), ("message_id", "urn:uuid:1")),
            (
                "message-id-with-comment",
                identity.format("urn:<!-- x -->uuid:1"),
                ("message_id", "urn:uuid:1"),
            ),
            (
                "case-number",
                context.format("<b:IslemNo>2026/1 E.</b:IslemNo>"),
                ("case_number", "2026/1 E."),
            ),
            (
                "no-purpose",
                context.format(""),
                ("case_number", ""),
            ),
        ):
            expected = Expect(received=(got,), result="{number}")
            cases.append(case(f"legal/{name}", door, in_header(header), expected))
        cases.append(
            case("envelope/inquirer-twice", door, in_header(inquirer.format("A") * 2),
                 "ShapeRefused")
        )  # fmt: skip
        cases.append(
            case("envelope/element-in-an-inquirer", door, in_header(inquirer.format("<x/>A")),
                 "ShapeRefused")
        )  # fmt: skip
        cases.append(
            case("envelope/unknown-member-of-the-context", door,
                 in_header(context.format("<b:Baska/>")), "ShapeRefused")
        )  # fmt: skip
        cases.append(
            case("envelope/message-id-twice", door, in_header(identity.format("a") * 2),
                 "ShapeRefused")
        )  # fmt: skip
    return cases


def rules() -> list[Case]:
    """Every case of a rule of a door's own."""
    return [
        *numbers(),
        *public_members(),
        *criteria(),
        *security(),
        *tokens(),
        *trusts(),
        *received(),
    ]
