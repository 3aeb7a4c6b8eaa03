"""Golden answers of the routing door, and what is read out of an answer."""

from lxml import etree
from routed import GOLDEN

from kps_soap.envelopes import SOAP12
from kps_soap.gateway import Answer


def golden(name: str, answer: Answer) -> str:
    """A golden answer with the receipt of this one."""
    return (
        (GOLDEN / "answers" / f"{name}.xml")
        .read_text(encoding="utf-8")
        .replace("@ALINDI@", receipt_in(answer))
    )


def receipt_in(answer: Answer) -> str:
    found = answer.body.decode().partition("<r:Alindi")
    return f"<r:Alindi{found[2].partition('</r:Alindi>')[0]}</r:Alindi>" if found[1] else ""


def subcode(answer: Answer) -> str:
    """The fault's subcode without its prefix, or the code where there is none."""
    tree = etree.fromstring(answer.body)
    values = tree.findall(f".//{{{SOAP12}}}Code//{{{SOAP12}}}Value")
    return (values[-1].text or "").rpartition(":")[2]
