"""Why an act about people cannot be done: every reason at once, in both languages.

A problem names the field of the form or the option that it is about.  It never holds a value
that somebody typed: a password stays out of every message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason; ``field`` is empty where it is about the act as a whole."""

    field: str
    turkish: str
    english: str


class PeopleError(Exception):
    """An act that cannot be done; nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(one.english for one in self.problems))


class NotAllowed(PeopleError):
    """The one who acts may not do this."""


class ChangedMeanwhile(PeopleError):
    """Somebody else changed it since it was read."""

    def __init__(self) -> None:
        super().__init__(
            [
                Problem(
                    "",
                    "Bu kayıt siz bakarken değiştirildi; son halini okuyup yeniden deneyin.",
                    "It was changed since you read it; look again and repeat.",
                )
            ]
        )


def unknown_person() -> PeopleError:
    """Nobody has this id, or nobody whom the one who acts may know of."""
    return PeopleError(
        [
            Problem(
                "person_id",
                "Bu kullanıcı adıyla kayıtlı kimse yok.",
                "There is nobody with this id; see: kps accounts people",
            )
        ]
    )


def not_allowed(turkish: str, english: str) -> NotAllowed:
    """A refusal about the act as a whole."""
    return NotAllowed([Problem("", turkish, english)])


def require(problems: Iterable[Problem]) -> None:
    """Raises ``PeopleError`` if there is any problem."""
    found = tuple(problems)
    if found:
        raise PeopleError(found)
