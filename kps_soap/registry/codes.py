"""Code tables as data: what number stands for what text (K3.6, wire C.8).

Most numbers of the real system are not public.  They stand in ``conf/codes.toml``, each marked
as verified or not, so that an operator can replace them without touching the code.

This module refuses half-read files: one wrong line, one missing or unknown table, and nothing
is loaded.  It never assigns a number itself.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.engine import Connection

from kps_soap.registry import tables
from kps_soap.registry.records import Coded

#: The table of the provinces; the register keeps them apart from the other codes.
PROVINCES = "Il"

#: Every table that somebody looks a value up in.
TABLE_NAMES = frozenset(
    {
        "AdresTip",
        "BagimsizBolumDurum",
        "BagimsizBolumTipi",
        "BasvuruNeden",
        "BinaDurum",
        "BinaNumaratajTipi",
        "BinaYapiTipi",
        "BitisTarihiBelirsizOlmaNeden",
        "Cinsiyet",
        "CuzdanTur",
        "CuzdanVerilmeNeden",
        "Din",
        "DisTemsDuzeltmeNeden",
        "DisTemsilcilik",
        "Durum",
        "KanGrubu",
        "KaynakBirim",
        "MedeniHal",
        "NkoTur",
        "OlayTipi",
        PROVINCES,
        "Statu",
        "TasinmaNeden",
        "TeslimEdenBirim",
        "Uyruk",
        "VeliVasiTur",
        "VerilisNeden",
        "Yakinlik",
        "YapiKullanimAmac",
    }
)

_CODE_MIN, _CODE_MAX = -(2**31), 2**31 - 1
_MEMBERS = {"text", "verified"}


class CodesInvalid(Exception):
    """The file of code tables breaks a rule; the message names file, table and key."""


@dataclass(frozen=True, slots=True)
class Code:
    """One line of a code table."""

    code: int
    text: str
    verified: bool


@dataclass(frozen=True, slots=True)
class CodeTables:
    """All code tables: table name, number, line."""

    tables: Mapping[str, Mapping[int, Code]]

    def coded(self, table: str, code: int) -> Coded:
        """The value with this number.  Raises ``KeyError`` where there is none."""
        return Coded(code, self.tables[table][code].text)

    def code_of(self, table: str, text: str) -> int:
        """The number of a text, spelt exactly.  Raises ``KeyError`` where there is none."""
        for line in self.tables[table].values():
            if line.text == text:
                return line.code
        raise KeyError(f"[{table}] {text}")

    def unverified(self) -> Iterator[tuple[str, Code]]:
        """Table and line of every value whose number this project assigned."""
        for name, lines in self.tables.items():
            yield from ((name, line) for line in lines.values() if not line.verified)


def load(path: Path) -> CodeTables:
    """Read a file of code tables.

    Raises ``CodesInvalid`` for anything but exactly the known tables with well-formed lines.
    """
    file = path.name
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CodesInvalid(f"{file}: cannot be read ({type(error).__name__})") from error
    except ValueError as error:
        raise CodesInvalid(f"{file}: is not TOML in UTF-8 ({error})") from error
    for name in document:
        if name not in TABLE_NAMES:
            nearest = get_close_matches(name, TABLE_NAMES, n=1)
            hint = f"; did you mean [{nearest[0]}]?" if nearest else ""
            raise CodesInvalid(f"{file}: [{name}] is not a known table{hint}")
    for name in sorted(TABLE_NAMES):
        if name not in document:
            raise CodesInvalid(f"{file}: [{name}] is missing")
    return CodeTables(
        MappingProxyType({name: _table(file, name, lines) for name, lines in document.items()})
    )


def write(connection: Connection, code_tables: CodeTables) -> None:
    """Replace the register's codes and provinces by these; the caller commits."""
    lines = [
        {"table_name": name, "code": line.code, "text": line.text, "verified": line.verified}
        for name, table in code_tables.tables.items()
        for line in table.values()
        if name != PROVINCES
    ]
    provinces = [
        {"code": line.code, "name": line.text} for line in code_tables.tables[PROVINCES].values()
    ]
    connection.execute(delete(tables.codes))
    connection.execute(delete(tables.provinces))
    connection.execute(insert(tables.codes), lines)
    connection.execute(insert(tables.provinces), provinces)


def _table(file: str, name: str, lines: Any) -> Mapping[int, Code]:
    if not isinstance(lines, dict) or not lines:
        raise CodesInvalid(f"{file}: [{name}] is not a table with at least one line")
    codes: dict[int, Code] = {}
    texts: dict[str, str] = {}
    for key, line in lines.items():
        code = _line(f"{file}: [{name}] {key}", key, line)
        if code.text in texts:
            raise CodesInvalid(f"{file}: [{name}] {key}: has the text of {texts[code.text]}")
        texts[code.text] = key
        codes[code.code] = code
    return MappingProxyType(codes)


def _line(where: str, key: str, line: Any) -> Code:
    code = _code(where, key)
    if not isinstance(line, dict) or line.keys() != _MEMBERS:
        raise CodesInvalid(f'{where}: write {{ text = "…", verified = true or false }}')
    text, verified = line["text"], line["verified"]
    if not isinstance(text, str) or not text or text != text.strip() or not text.isprintable():
        raise CodesInvalid(f"{where}: text is empty or has stray blanks or control characters")
    if not isinstance(verified, bool):
        raise CodesInvalid(f"{where}: verified is neither true nor false")
    return Code(code, text, verified)


def _code(where: str, key: str) -> int:
    """The number, written in its one way: ``01`` beside ``1`` would be two keys of one code."""
    try:
        code = int(key) if key.isascii() else None
    except ValueError:
        code = None
    if code is None or str(code) != key or not _CODE_MIN <= code <= _CODE_MAX:
        raise CodesInvalid(f"{where}: the key is not a whole number of 32 bits")
    return code
