"""From a directory of files to parsed TOML, with a sentence for whatever stands in the way.

This module reads each file once, so that the digest is that of the bytes which were parsed.  It
refuses what an editor or an attacker could put there by mistake or on purpose: huge files, pipes,
other encodings, byte order marks, text that is not in Unicode form NFC.  It knows no key.
"""

import re
import stat
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kps_soap.agreements.problems import AgreementErrors, Findings, Problem, quoted
from kps_soap.agreements.reading import Table

FILE_BYTES_MAX = 1024 * 1024
FILES_MAX = 20_000

_SUFFIX = ".toml"
_LINE = re.compile(r" \(at line (\d+), column \d+\)$| \(at end of document\)$")
_PLAIN_REASONS = (
    (re.compile(r"^Cannot overwrite a value$|^Duplicate inline table key"), "is given twice"),
    (re.compile(r"^Cannot declare .* twice$"), "this table is given twice"),
)


def read_directory(directory: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """The bytes of every ``*.toml`` file of a directory by file name, and what could not be read.

    Hidden files (an editor's locks) and other suffixes are left alone; links are followed.
    Raises AgreementErrors where the directory itself cannot be read.
    """
    shown = directory.as_posix()
    try:
        paths = sorted(
            path
            for path in directory.iterdir()
            if path.name.endswith(_SUFFIX) and not path.name.startswith(".")
        )
    except OSError as trouble:
        raise AgreementErrors([Problem(shown, 1, "", _directory_reason(trouble))]) from None
    if not paths:
        raise AgreementErrors([Problem(shown, 1, "", "the directory holds no .toml file")])
    if len(paths) > FILES_MAX:
        reason = f"the directory holds {len(paths)} files; at most {FILES_MAX} are read"
        raise AgreementErrors([Problem(shown, 1, "", reason)])
    contents: dict[str, bytes] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            contents[path.name] = read_bytes(path)
        except FileRefused as refused:
            problems.append(Problem(printable_name(path.as_posix()), 1, "", str(refused)))
    return contents, problems


class FileRefused(Exception):
    """A file that is not even read; the text is the sentence for the operator."""


def read_bytes(path: Path) -> bytes:
    """The bytes of one ordinary file, at most one more than the limit.

    A pipe or a device with the right name would block the loader for ever, so the kind of file
    is looked at before it is opened.
    """
    try:
        if printable_name(path.name) != path.name:
            raise FileRefused("the file's name must be printable UTF-8")
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileRefused("is not an ordinary file")
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise FileRefused("the file does not exist, or is a link to nothing") from None
    except OSError as trouble:
        raise FileRefused(f"the file cannot be read ({trouble.strerror})") from None
    if len(content) > FILE_BYTES_MAX:
        raise FileRefused(f"the file is larger than {FILE_BYTES_MAX} bytes")
    return content


def parsed(
    content: bytes, shown: str, loads: Callable[[str], Mapping[str, Any]] = tomllib.loads
) -> tuple[Mapping[str, Any], Findings]:
    """The values of one file, and the findings that its reading begins with.

    ``shown`` is the name that problems carry; ``loads`` parses as ``tomllib`` does.  The
    values are empty where the text cannot be read; the reason is then among the findings.
    """
    try:
        source = content.decode("utf-8")
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        return {}, _stopped(shown, line, "the file is not UTF-8")
    if source.startswith("\ufeff"):
        return {}, _stopped(shown, 1, "the file begins with a byte order mark; save it without")
    if not unicodedata.is_normalized("NFC", source):
        return {}, _stopped(shown, _line_not_nfc(source), "the text is not in Unicode form NFC")
    try:
        return loads(source), Findings(shown, source)
    except tomllib.TOMLDecodeError as trouble:
        line, reason = _syntax_reason(str(trouble), source)
        return {}, _stopped(shown, line, reason)
    except RecursionError:
        return {}, _stopped(shown, 1, "the file is nested too deeply")
    except ValueError:
        return {}, _stopped(shown, 1, "a number in the file has too many digits")


def parsed_file(path: Path) -> tuple[Table, Findings]:
    """The top table of one data file; raises AgreementErrors where it cannot be read."""
    shown = path.as_posix()
    try:
        values, findings = parsed(read_bytes(path), shown)
    except FileRefused as refused:
        raise AgreementErrors([Problem(shown, 1, "", str(refused))]) from None
    if problems := findings.problems():
        raise AgreementErrors(problems)
    return Table(values, (), findings), findings


def printable_name(name: str) -> str:
    """A file name that can be shown on one line and encoded."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return quoted(name.encode("utf-8", "replace").decode())
    return name if name.isprintable() else quoted(name)


def _stopped(shown: str, line: int, reason: str) -> Findings:
    findings = Findings(shown)
    findings.stop(line, reason)
    return findings


def _directory_reason(trouble: OSError) -> str:
    if isinstance(trouble, FileNotFoundError):
        return "the directory does not exist"
    if isinstance(trouble, NotADirectoryError):
        return "this is not a directory"
    return f"the directory cannot be read ({trouble.strerror})"


def _syntax_reason(message: str, source: str) -> tuple[int, str]:
    """Line and sentence of a syntax error, from the words of ``tomllib``."""
    found = _LINE.search(message)
    line = int(found[1]) if found and found[1] else source.rstrip("\n").count("\n") + 1
    bare = message[: found.start()] if found else message
    for pattern, reason in _PLAIN_REASONS:
        if pattern.search(bare):
            key = source.split("\n")[line - 1].partition("=")[0].strip()
            return line, f"{key} {reason}" if reason == "is given twice" else reason
    return line, f"is not valid TOML: {bare}"


def _line_not_nfc(source: str) -> int:
    lines = enumerate(source.split("\n"), start=1)
    return next((n for n, line in lines if not unicodedata.is_normalized("NFC", line)), 1)
