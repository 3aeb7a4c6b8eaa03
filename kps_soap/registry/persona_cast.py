"""The golden personas: 64 people whom every population has, at fixed indices (K4.7).

They are made by hand where it matters (``persona_scenes``) and go through the same workshop as
everybody else, so that they are as coherent as the rest.  Ages are counted from the population's
date; names and ages do not depend on the seed, numbers and places do.  This module refuses to
give a persona anything that the register would not hold.
"""

from dataclasses import dataclass
from random import Random as Generator

from kps_soap.registry.blocks import RESERVED, Setting, Share, Sheets, Workshop
from kps_soap.registry.blue_cards import descendant
from kps_soap.registry.calendar_days import packed_as_known
from kps_soap.registry.lives import Life
from kps_soap.registry.persona_kinds import ABSENT, KINDS
from kps_soap.registry.persona_scenes import DESCENDANT, Stage, play
from kps_soap.registry.records import PartialDate


@dataclass(frozen=True, slots=True)
class BookletNumber:
    """Series and number of an old booklet."""

    series: str
    number: int


@dataclass(frozen=True, slots=True)
class Persona:
    """One golden persona as the register holds it (K4.7).

    ``kind`` is a short English slug, ``about`` says what to expect of an answer.  The last one
    has a valid number and no record: its names are empty and its birth date is unknown.
    """

    index: int
    kind: str
    about: str
    identity_number: int
    given_name: str
    surname: str | None
    born: PartialDate
    booklet: BookletNumber | None
    card_serial: str | None


@dataclass(frozen=True, slots=True)
class Troupe:
    """The personas, the rows of their block, and how many persons these are."""

    personas: tuple[Persona, ...]
    sheets: Sheets
    persons: int


def cast(setting: Setting) -> Troupe:
    """Make the block of the personas."""
    random = Generator(f"{setting.seed}/personas/{setting.until}").random  # noqa: S311
    stage = Stage(setting, random)
    play(stage)
    workshop = Workshop(setting, Share(0, RESERVED, 0), random)
    workshop.enter(stage.lives, stage.guests)
    heir = descendant(
        random, stage.by_index[DESCENDANT - 2], setting.until, workshop.cards.holder_country()
    )
    stage.by_index[DESCENDANT] = heir
    sheets = workshop.rows([heir])
    count = len(stage.lives) + len(stage.guests.guests) + 1
    return Troupe(_personas(setting, stage.by_index, sheets), sheets, count)


def _personas(setting: Setting, lives: dict[int, Life], sheets: Sheets) -> tuple[Persona, ...]:
    booklets = {
        row[0]: BookletNumber(str(row[7]), int(str(row[8]))) for row in sheets["old_booklets"]
    }
    cards = {row[0]: str(row[9]) for row in sheets["identity_cards"] if not row[6]}
    personas = []
    for index, (kind, about) in enumerate(KINDS):
        if index == ABSENT:
            number = setting.numbers.citizen(RESERVED - 1)
            nobody = PartialDate(None, None, None)
            personas.append(Persona(index, kind, about, number, "", None, nobody, None, None))
            continue
        life = lives[index]
        personas.append(
            Persona(
                index,
                kind,
                about,
                life.number,
                life.given_name,
                life.surname,
                PartialDate.of_packed(packed_as_known(life.born, life.date_known)),
                booklets.get(life.number),
                cards.get(life.number),
            )
        )
    return tuple(personas)
