"""A new agreement file out of a template, for an operator to fill in.

What follows from what was said is written: the class from the kind, the exemption from the class,
who approves from the exemption.  What only the paper knows stays empty on purpose, so that the
check of the file names each empty line; nothing that could pass for an answer is made up.

The file is a draft (``TASLAK``), which answers nobody.  This module writes text; it opens no file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from string import Template
from typing import Final

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.sections import INSTITUTION_CODE

#: The file among those that ship with the product, and in a home that has one of its own.
FILE_NAME: Final = "agreement.template.toml"

#: For how many whole years after this one a new agreement is proposed.
_YEARS: Final = 1

#: Public bodies that live on their own income pay as companies do (K16.1).
_PAYING_PUBLIC_KINDS: Final = ("KAMU_IKTISADI_TESEBBUSU", "DUZENLEYICI_KURUM")


class TemplateRefused(Exception):
    """What was given makes no agreement, or the template does not; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the operator says of a new agreement; ``networks`` may be filled in later."""

    code: str
    name: str
    kind: str
    number: str
    networks: Sequence[str] = ()


def filled(template: str, given: Given, today: date) -> str:
    """The text of the new file.

    ``today`` is the civil date of Europe/Istanbul.  Raises ``TemplateRefused``.
    """
    if INSTITUTION_CODE.fullmatch(given.code) is None:
        raise TemplateRefused(
            "An institution code has capital letters, digits and hyphens, such as B-34-0417."
        )
    if given.kind not in words.CLASS_OF_KIND:
        raise TemplateRefused("There is no such kind; see: kps agreements new --help")
    try:
        return Template(template).substitute(_values(given, today))
    except (KeyError, ValueError) as trouble:
        reason = f"the template has a ${{…}} that nobody fills ({trouble})"
        raise TemplateRefused(f"The template cannot be used: {reason}.") from None


def _values(given: Given, today: date) -> dict[str, str]:
    class_ = words.CLASS_OF_KIND[given.kind]
    exemption = _exemption(given.kind, class_)
    until = date(today.year + _YEARS, 12, 31)
    return {
        "code": given.code,
        "name": _text(given.name),
        "class_": class_,
        "kind": given.kind,
        "number": _text(given.number),
        "account": account_of(given.code),
        "networks": ", ".join(f'"{_text(one)}"' for one in given.networks),
        "approved_by": "BAKAN" if exemption == words.PAYS else "GENEL_MUDUR",
        "exemption": exemption,
        "today": today.isoformat(),
        "until": until.isoformat(),
        "renewal": until.replace(day=4).isoformat(),
    }


def account_of(code: str) -> str:
    """The account that institution ``B-34-0417`` gets first: ``KRM-34-0417``."""
    return f"KRM-{code.partition('-')[2] or code}"


def _exemption(kind: str, class_: str) -> str:
    if kind == "MUHTARLIK":
        return "MUHTARLIK"
    if class_ == words.PUBLIC_BODY and kind not in _PAYING_PUBLIC_KINDS:
        return "GENEL_YONETIM"
    return words.PAYS


def _text(value: str) -> str:
    """A text as it stands between the quotes of a TOML string, which JSON writes alike."""
    return json.dumps(value, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")
