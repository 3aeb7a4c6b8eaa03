"""The rarer turns of a life: new names, corrections, guardianship, absence, emigration (K4.3).

Each is drawn for a grown-up life after the block's kinship is settled, and dated so that it
contradicts nothing: whoever leaves the register does so after everything else that happened to
them.  This module draws turns; their consequences belong to the chronicle.
"""

from collections.abc import Callable

from kps_soap.registry.kinship import years
from kps_soap.registry.lives import Life, Turn
from kps_soap.registry.meanings import EventKind, Religion

Random = Callable[[], float]

_NAME, _SURNAME, _CORRECTION, _RELIGION, _WARD, _ABSENT = 0.008, 0.003, 0.008, 0.0008, 0.0015, 0.001
#: Share of living grown-ups who gave up citizenship by permission: 0.5 % of all persons.
_LOSS = 0.0125
_OLDEST_EMIGRANT_YEARS = 90


def draw_turns(random: Random, lives: list[Life], until: int) -> None:
    """Add turns to the lives that reach eighteen."""
    for life in lives:
        end = life.died or until
        grown = life.born + years(18)
        if grown + 30 >= end:
            continue
        _while_registered(random, life, grown, end)
        if not life.died and until - life.born < years(_OLDEST_EMIGRANT_YEARS):
            _leaving(random, life, until)


def _while_registered(random: Random, life: Life, grown: int, end: int) -> None:
    """Turns after which the record stays open."""
    draw = random()
    day = grown + int(random() * (end - grown))
    if draw < (reached := _NAME):
        life.turns.append(Turn(day, EventKind.NAME_CHANGE))
    elif draw < (reached := reached + _SURNAME):
        _change_surname(random, life, grown, end)
    elif draw < (reached := reached + _CORRECTION):
        life.turns.append(Turn(day, EventKind.CORRECTION))
    elif draw < (reached := reached + _RELIGION):
        life.turns.append(Turn(day, EventKind.RELIGION_CHANGE, religion=Religion.UNSTATED))
    elif draw < reached + _WARD and not life.died:
        life.turns.append(Turn(day, EventKind.GUARDIANSHIP))


def _change_surname(random: Random, life: Life, grown: int, end: int) -> None:
    """A court gives another surname while nobody else bears the old one through this person."""
    last = min([end, *(union.start for union in life.unions), *(c.born for c in life.children)])
    if last > grown + 10:
        day = grown + int(random() * (last - grown - 1))
        life.turns.append(Turn(day, EventKind.SURNAME_CHANGE))


def _leaving(random: Random, life: Life, until: int) -> None:
    """Loss of citizenship by permission, or a court's declaration of absence of the unmarried."""
    draw = random()
    if draw >= _LOSS + _ABSENT:
        return
    last = last_event(life)
    if last + 400 >= until:
        return
    day = last + 30 + int(random() * (until - last - 60))
    if draw < _LOSS:
        life.turns.append(Turn(day, EventKind.CITIZENSHIP_LOSS))
    elif not life.unions or life.unions[-1].end:
        life.turns.append(Turn(day, EventKind.ABSENCE))


def last_event(life: Life) -> int:
    """The last day on which anything happened to a person, or they came of age."""
    days = [life.born + years(18)]
    days += [turn.day for turn in life.turns]
    days += [child.born for child in life.children]
    days += [turn.day for child in life.children for turn in child.turns]
    for union in life.unions:
        days += [union.start, union.end]
    return max(days)
