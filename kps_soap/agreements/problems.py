"""What is wrong with a file that an operator edits: where, what, and what was probably meant.

All problems of all files are gathered and shown together (design §6).  This module judges no
value; it only keeps what the readers and checks found, and puts a line number to it.  A shown
value is quoted, so that a problem is always one line.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from kps_soap.agreements.lines import KeyPath, LineIndex

_SHOWN_MAX = 60


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct.

    ``line`` counts from 1; ``key`` is empty for the file as a whole.  ``suggestion`` is what to
    write instead, whole, so that it can be copied.
    """

    file: str
    line: int
    key: str
    reason: str
    suggestion: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " + (f"{self.key}: " if self.key else "")
        hint = f' Did you mean "{self.suggestion}"?' if self.suggestion else ""
        return f"{where}{self.reason}{hint}"


class AgreementErrors(Exception):
    """Every error of every file of one set; ``str()`` shows one line each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))


class Findings:
    """The problems and warnings of one file, in the making.

    Lines are looked up at the end, and only if there is something to show: a set of thousands
    of right files is never read twice.
    """

    def __init__(self, file: str, source: str = "") -> None:
        self.file = file
        self._source = source
        self._stopped: list[Problem] = []
        self._problems: list[tuple[KeyPath, str, str]] = []
        self._warnings: list[tuple[KeyPath, str, str]] = []

    def add(self, path: KeyPath, reason: str, suggestion: str = "") -> None:
        """Note an error at a key; the path may name a key that is missing."""
        self._problems.append((path, reason, suggestion))

    def warn(self, path: KeyPath, reason: str, suggestion: str = "") -> None:
        """Note something that loads, and that an operator should look at."""
        self._warnings.append((path, reason, suggestion))

    def stop(self, line: int, reason: str) -> None:
        """Note that the file as a whole cannot be read, at a line that is known already."""
        self._stopped.append(Problem(self.file, line, "", reason))

    def besides(self) -> "Findings":
        """Findings of the same file, to note what holds on one day only."""
        other = Findings(self.file, self._source)
        other._stopped, other._problems = self._stopped[:], self._problems[:]
        other._warnings = self._warnings[:]
        return other

    @property
    def noted(self) -> int:
        """How much has been noted so far, errors and warnings."""
        return len(self._stopped) + len(self._problems) + len(self._warnings)

    def problems(self) -> list[Problem]:
        """The errors with their lines."""
        return self._stopped + self._located(self._problems)

    def warnings(self) -> list[Problem]:
        """The warnings with their lines."""
        return self._located(self._warnings)

    def _located(self, found: Sequence[tuple[KeyPath, str, str]]) -> list[Problem]:
        if not found:
            return []
        index = LineIndex.of(self._source)
        return [
            Problem(self.file, index.line(path), spelt(path), reason, suggestion)
            for path, reason, suggestion in found
        ]


def spelt(path: KeyPath) -> str:
    """A key path as an operator reads it: ``services[0].fields[2]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            plain = step.isascii() and step.replace("_", "a").replace("-", "a").isalnum()
            text += ("." if text else "") + (step if plain else quoted(step))
    return text


def quoted(value: object) -> str:
    """A value between quotes, on one line and not longer than a line."""
    shown = value if isinstance(value, str) else str(value)
    if len(shown) > _SHOWN_MAX:
        shown = shown[:_SHOWN_MAX] + "…"
    if shown.isprintable():
        return f'"{shown}"'
    return json.dumps(shown)


def nearest(wrong: str, right: Iterable[str]) -> str:
    """The word that was probably meant, or an empty string."""
    close = get_close_matches(wrong, list(right), n=1, cutoff=0.6)
    return close[0] if close else ""


def nearest_path(wrong: str, right: Sequence[str]) -> str:
    """The field path that was probably meant: first one that ends alike, then one that looks alike.

    Operators know the name of the member and forget the sections around it (T-F2).
    """
    normal = wrong.replace(".", "/").strip("/ ")
    if normal in right:
        return normal
    last = normal.rpartition("/")[2]
    same_member = [path for path in right if path.rpartition("/")[2] == last]
    if len(same_member) == 1:
        return same_member[0]
    return nearest(normal, same_member) or nearest(normal, right)
