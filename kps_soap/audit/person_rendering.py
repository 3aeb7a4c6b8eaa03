"""The report about a person as text, CSV, JSON or a page to print.

What the person reads is Turkish.  The number itself is masked in every form: whoever finds the
paper learns nothing more.  This module shows; it looks nothing up.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from kps_soap import identity_number
from kps_soap.audit.months import ISTANBUL
from kps_soap.audit.person_report import Line, PersonReport
from kps_soap.audit.sheets import BYTE_ORDER_MARK, csv_text

#: What stands for an institution where anybody may ask.
PUBLIC: Final = "Kamuya açık doğrulama"

_STAFF: Final = ("account", "inquirer")
_COLUMNS: Final = ("day", "institution", "name", "service", "purpose", "answered", "times")
_HEADINGS: Final = {
    "day": "Tarih",
    "institution": "Kurum kodu",
    "name": "Kurum",
    "service": "Hizmet",
    "purpose": "Amaç",
    "answered": "Bilgi verildi mi",
    "account": "Hesap",
    "inquirer": "Sorgulayan",
    "times": "Sayı",
}
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b}h1{font-size:1.4rem;margin:0}p{margin:.25rem 0}table{border-collapse:collapse;"
    "width:100%;margin:1.5rem 0}th,td{padding:.4rem .6rem;border-bottom:1px solid #ccc;"
    "text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "@media print{body{margin:0}}"
)

Names = Mapping[str, str]


def rows(report: PersonReport, names: Names) -> Iterator[dict[str, Any]]:
    """The lines with the institutions' names; ``names`` by code."""
    for line in report.lines:
        yield {name: _value(line, name, names) for name in columns(report)}


def columns(report: PersonReport) -> tuple[str, ...]:
    """What a line tells."""
    staff = _STAFF if report.with_staff else ()
    return (*_COLUMNS[:-1], *staff, _COLUMNS[-1])


def _value(line: Line, name: str, names: Names) -> Any:
    if name == "name":
        return names.get(line.institution, "") if line.institution else PUBLIC
    if name == "day":
        return line.day.isoformat()
    return getattr(line, name)


def as_json(report: PersonReport, names: Names) -> str:
    """One JSON document."""
    value = {
        "person": identity_number.mask(report.person),
        "made_at": report.made_at.astimezone(ISTANBUL).isoformat(timespec="seconds"),
        "times": report.times,
        "lines": list(rows(report, names)),
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def as_csv(report: PersonReport, names: Names) -> str:
    """RFC 4180, with a byte order mark for spreadsheets, and no formula."""
    heading = columns(report)
    content: list[Sequence[object]] = [
        [row[name] for name in heading] for row in rows(report, names)
    ]
    return BYTE_ORDER_MARK + csv_text([heading, *content])


def as_text(report: PersonReport, names: Names) -> str:
    """Lines for a terminal."""
    heading = columns(report)
    table = [list(heading)]
    table += [[_shown(row[name]) for name in heading] for row in rows(report, names)]
    widths = [max(len(line[place]) for line in table) for place in range(len(heading))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    head = f"{identity_number.mask(report.person)}  {report.times}"
    return "\n".join([head, *lines]) + "\n"


def as_page(report: PersonReport, names: Names) -> str:
    """A page to print, Turkish; complete in itself, without a script."""
    shown = columns(report)
    heading = "".join(f"<th>{escape(_HEADINGS[name])}</th>" for name in shown)
    body = "".join(
        "<tr>" + "".join(_cell(name, row[name]) for name in shown) + "</tr>\n"
        for row in rows(report, names)
    )
    made = report.made_at.astimezone(ISTANBUL).strftime("%d.%m.%Y %H.%M")
    title = "Kimlik verilerinizi sorgulayan kurumlar"
    return (
        f'<!DOCTYPE html>\n<html lang="tr">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f"<p>Kimlik numarası: {identity_number.mask(report.person)}</p>\n"
        f"<p>Düzenlenme zamanı: {made}</p>\n<p>Toplam sorgu: {report.times}</p>\n"
        f"<table>\n<thead><tr>{heading}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"
        "</body>\n</html>\n"
    )


def _cell(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"<td>{'Evet' if value else 'Hayır'}</td>"
    mark = ' class="n"' if name == "times" else ""
    return f"<td{mark}>{escape(str(value))}</td>"


def _shown(value: object) -> str:
    text = str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text) or "-"
