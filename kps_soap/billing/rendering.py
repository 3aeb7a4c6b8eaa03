"""A statement as text, CSV or a page to print.  It adds nothing up: it shows."""

from __future__ import annotations

from html import escape
from typing import Final

from kps_soap.audit.sheets import csv_text
from kps_soap.billing.statement import Line, Statement
from kps_soap.fees import PER_RECORD, Fee, liras

#: The columns of the CSV form; amounts are whole hundredths of a kuruş.
CSV_COLUMNS: Final = (
    "institution",
    "month",
    "service",
    "version",
    "fee",
    "calls",
    "units",
    "records",
    "amount_hundredths_of_kurus",
)

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b}h1{font-size:1.4rem;margin:0}p{margin:.25rem 0}table{border-collapse:collapse;"
    "width:100%;margin:1.5rem 0}th,td{padding:.4rem .6rem;border-bottom:1px solid #ccc;"
    "text-align:left}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "tfoot td{border-top:2px solid #00306b;font-weight:600}code{font-size:.8rem;"
    "overflow-wrap:anywhere}@media print{body{margin:0}}"
)


def as_text(statement: Statement) -> str:
    """Lines for a terminal, with the sum and the digest that names the statement."""
    rows: list[tuple[str, ...]] = [("SERVICE", "VERSION", "FEE", "CALLS", "UNITS", "RECORDS", "TL")]
    rows += [_cells(line) for line in statement.lines]
    whole = (str(statement.units), str(statement.records), liras(statement.amount))
    rows.append(("TOTAL", "", "", str(sum(line.calls for line in statement.lines)), *whole))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    shown = [
        "  ".join(
            cell.ljust(width) if place < 3 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    head = f"{statement.institution}  {statement.month}"
    return "\n".join([head, *shown, f"sha256 {statement.digest}"])


def as_csv(statement: Statement) -> str:
    """RFC 4180, one row a line of the statement; the sum is left to whoever reads it."""
    rows: list[tuple[object, ...]] = [CSV_COLUMNS]
    for line in statement.lines:
        sums = (line.calls, line.units, line.records, line.amount)
        whose = (statement.institution, statement.month)
        rows.append((*whose, line.service, line.version, line.fee, *sums))
    return csv_text(rows)


def as_page(statement: Statement, *, name: str = "") -> str:
    """A page to print, Turkish; complete in itself, without a script."""
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(line)[:2])
        + f"<td>{escape(_fee_in_words(line))}</td>"
        + "".join(f'<td class="n">{escape(cell)}</td>' for cell in _cells(line)[3:])
        + "</tr>\n"
        for line in statement.lines
    )
    title = f"Katılma payı bildirimi {statement.institution} {statement.month}"
    who = escape(f"{statement.institution} {name}".strip())
    calls = sum(line.calls for line in statement.lines)
    return (
        f'<!DOCTYPE html>\n<html lang="tr">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>Katılma payı bildirimi</h1>\n<p>{who}</p>\n<p>Dönem: {escape(statement.month)}</p>\n"
        "<table>\n<thead><tr><th>Servis</th><th>Sürüm</th><th>Ücret</th>"
        '<th class="n">Çağrı</th><th class="n">Birim</th><th class="n">Kayıt</th>'
        f'<th class="n">Tutar (TL)</th></tr></thead>\n<tbody>\n{rows}</tbody>\n'
        f'<tfoot><tr><td colspan="3">Toplam</td><td class="n">{calls}</td>'
        f'<td class="n">{statement.units}</td><td class="n">{statement.records}</td>'
        f'<td class="n">{liras(statement.amount)}</td></tr></tfoot>\n</table>\n'
        f"<p>Bildirimin özeti (SHA-256): <code>{statement.digest}</code></p>\n</body>\n</html>\n"
    )


def _cells(line: Line) -> tuple[str, ...]:
    sums = (str(line.calls), str(line.units), str(line.records), liras(line.amount))
    return (line.service, line.version, line.fee or "-", *sums)


def _fee_in_words(line: Line) -> str:
    try:
        fee = Fee.parse(line.fee)
    except ValueError:
        return "tarife yok"
    if fee.exemption:
        return f"muaf ({fee.exemption})"
    unit = "kayıt" if fee.per == PER_RECORD else "sorgu"
    return f"{liras(fee.hundredths)} TL / {unit}"
