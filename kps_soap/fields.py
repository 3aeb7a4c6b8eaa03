"""The members of a contract's answer, and the grant that decides which of them leave the house.

``Field`` and ``FieldTree`` describe one record (``KisiBilgisi``, ``BilesikKutukBilgileri``, …) as
the wire knows it; ``Grant`` is one agreement's share of it, compiled once so that filtering a
record costs microseconds.  The rules are design D3 and D4: nothing is given that is not granted,
and what is withheld looks the same whether the register holds it or not.

This module reads no agreement, knows no law and writes no XML.  It never invents data: it only
removes, writes the note "Yetkiniz yoktur." and recomputes ``DoluBilesenler`` from what is left.

Records are plain nested dicts keyed by the wire's element names; a missing key means nil and a
repeated member is a list.  A filtered record may share parts with the record it was made from,
and with other filtered records: read it, do not change it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from kps_soap.faults import PUBLISHED_NOTES

#: One record of an answer, or one of its complex members.
Record = dict[str, Any]

_NOTE = "HataBilgisi"
_NOT_ALLOWED = {"Aciklama": PUBLISHED_NOTES[8], "Kod": 8}


@dataclass(frozen=True)
class Field:
    """One member of a record.

    ``path`` is the element path from the record's own name on (``KisiBilgisi/TemelBilgisi/Ad``).
    ``special`` marks a special category of personal data: it and all below it need a second grant
    with a legal basis of its own (Law 6698 Art. 6, T-F1).  ``note`` is a ``HataBilgisi``,
    ``derived`` a ``DoluBilesenler``: neither can be granted or withheld.  ``echo`` tells that the
    member repeats the number that was asked about.  ``since`` is the day on which a member was
    added to a contract that was already in use: an agreement signed before that day does not
    receive it through a path above it, only by naming it (T-F3).
    """

    name: str
    path: str
    children: tuple["Field", ...] = ()
    repeated: bool = False
    special: bool = False
    note: bool = False
    derived: bool = False
    echo: bool = False
    since: date | None = None

    @property
    def has_note(self) -> bool:
        """Whether this member has a ``HataBilgisi`` of its own, to say why it is empty."""
        return any(child.note for child in self.children)


@dataclass(frozen=True, eq=False)
class FieldTree:
    """All members of the record that one version of one service answers with.

    ``parts`` maps each value of the ``DoluBilesenler`` enumeration to the path of its section,
    in the order of the enumeration; it is empty for a contract without that member.
    """

    service: str
    version: str
    item: Field
    parts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _grantable(self) -> Mapping[str, Field]:
        return {found.path: found for found in _walk(self.item)}

    def grantable(self) -> tuple[str, ...]:
        """Every path that an agreement may name, in the contract's order."""
        return tuple(self._grantable)

    def leaves(self) -> tuple[str, ...]:
        """Every grantable path that carries a value of its own, in the contract's order."""
        return tuple(path for path, found in self._grantable.items() if _is_leaf(found))

    @cached_property
    def special(self) -> tuple[str, ...]:
        """The paths of the special categories of this contract (Law 6698 Art. 6)."""
        return tuple(path for path, found in self._grantable.items() if found.special)

    @cached_property
    def added_later(self) -> bool:
        """Whether a member was added to the contract after it was first published (T-F3)."""
        return any(found.since is not None for found in self._grantable.values())

    def find(self, path: str) -> Field | None:
        """The field at ``path``; None where there is none that an agreement may name."""
        return self._grantable.get(path)


#: The members that tell whether a record is in use.
_STATUS: Final = frozenset({"Durum", "OlumTarih"})


@dataclass(frozen=True, eq=False)
class Grant:
    """The leaves of one contract that one agreement allows, and the filter made from them.

    Build it with :meth:`of`.  Both tuples hold sorted paths; together they are the contract.
    """

    tree: FieldTree
    granted_leaves: tuple[str, ...]
    withheld_leaves: tuple[str, ...]
    withheld_digest: str
    _wanted: frozenset[str]
    _filter: Callable[[Record], Record]

    @classmethod
    def of(
        cls,
        tree: FieldTree,
        granted_paths: Iterable[str],
        special_paths: Iterable[str] = (),
        *,
        signed: date | None = None,
    ) -> "Grant":
        """Compile a grant of paths, each with its whole subtree (design D3, §3.12).

        ``special_paths`` is the second grant that a special category needs beside the first.
        ``signed`` is the day of the agreement; members added to the contract after it are left
        out unless they are named.  Raises ValueError for a path that the contract does not have:
        the loader has already told the operator about it.
        """
        granted, special = frozenset(granted_paths), frozenset(special_paths)
        for path in sorted(granted | special):
            if tree.find(path) is None:
                raise ValueError(f"{tree.service} {tree.version} has no path {path}")
        leaves = frozenset(_granted_leaves(tree.item, granted, special, signed))
        withheld = tuple(sorted(path for path in tree.leaves() if path not in leaves))
        wanted = frozenset(above for leaf in leaves for above in _self_and_above(leaf))
        return cls(
            tree=tree,
            granted_leaves=tuple(sorted(leaves)),
            withheld_leaves=withheld,
            withheld_digest=sha256("\n".join(withheld).encode()).hexdigest(),
            _wanted=wanted,
            _filter=_record_filter(tree, wanted, leaves),
        )

    def wants(self, path: str) -> bool:
        """Whether any granted leaf lies at or below ``path``: only then is it looked up (T-F6)."""
        return path in self._wanted

    @cached_property
    def tells_status(self) -> bool:
        """Whether the answer may show that a record is closed, or that its person has died."""
        return any(not _STATUS.isdisjoint(path.split("/")) for path in self._wanted)

    def filter(self, item: Record) -> Record:
        """The record without anything that is not granted (design D4).

        A withheld leaf is absent.  A complex member of which nothing is granted is None, or, if
        it has a ``HataBilgisi`` of its own, a dict with nothing but code 8 (and the same for the
        nested members with a note), whether or not the register holds data.
        """
        return self._filter(item)


def _is_leaf(found: Field) -> bool:
    return not found.children


def _walk(top: Field) -> Iterator[Field]:
    """The fields that an agreement may name: no notes, no derived members, nothing below them."""
    if top.note or top.derived:
        return
    yield top
    for child in top.children:
        yield from _walk(child)


def _self_and_above(path: str) -> Iterator[str]:
    """``A/B/C``, ``A/B`` and ``A``."""
    yield path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _granted_leaves(
    top: Field,
    granted: frozenset[str],
    special: frozenset[str],
    signed: date | None,
    *,
    from_above: bool = False,
    special_from_above: bool | None = None,
) -> Iterator[str]:
    """The leaf paths that both grants, taken together, allow at and below ``top``.

    ``special_from_above`` is None outside a special category; inside one it tells whether the
    second grant covers it.
    """
    if top.note or top.derived:
        return
    added_later = top.since is not None and signed is not None and signed < top.since
    allowed = top.path in granted or (from_above and not added_later)
    if top.special or special_from_above is not None:
        special_from_above = bool(special_from_above) or top.path in special
    if _is_leaf(top):
        if allowed and special_from_above is not False:
            yield top.path
        return
    for child in top.children:
        yield from _granted_leaves(
            child,
            granted,
            special,
            signed,
            from_above=allowed,
            special_from_above=special_from_above,
        )


def _blank(top: Field) -> Record | None:
    """What stands for a member of which nothing is granted; the same for every person."""
    if top.repeated or not top.has_note:
        return None
    blank: Record = {_NOTE: dict(_NOT_ALLOWED)}
    for child in top.children:
        if not child.note and (nested := _blank(child)) is not None:
            blank[child.name] = nested
    return blank


def _record_filter(
    tree: FieldTree, wanted: frozenset[str], leaves: frozenset[str]
) -> Callable[[Record], Record]:
    """The filter of a whole record, with ``DoluBilesenler`` where the contract has it."""
    root = tree.item
    if root.path in wanted:
        members = _member_filter(root, wanted, leaves)
    else:
        nothing = _blank(root) or {}

        def members(_: Record) -> Record:
            return nothing.copy()

    derived = [child.name for child in root.children if child.derived]
    if not derived:
        return members
    name = derived[0]
    sections = [
        (part, tuple(path.split("/")[1:])) for part, path in tree.parts.items() if path in wanted
    ]

    def with_parts(item: Record) -> Record:
        filtered = members(item)
        filtered[name] = [part for part, steps in sections if _is_filled(item, steps)]
        return filtered

    return with_parts


def _is_filled(item: Record, steps: tuple[str, ...]) -> bool:
    """Whether the section at ``steps`` is present and has no note that says it is empty."""
    section: Any = item
    for step in steps:
        section = section.get(step)
        if section is None:
            return False
    return section.get(_NOTE) is None


def _member_filter(
    top: Field, wanted: frozenset[str], leaves: frozenset[str]
) -> Callable[[Record], Record]:
    """The filter of a complex member of which something is granted.

    Three lists are decided here, once: members kept whole, members filtered in their turn, and
    members withheld, which are a constant.
    """
    whole: list[str] = []
    parted: list[tuple[str, Callable[[Any], Any]]] = []
    withheld: Record = {}
    for child in top.children:
        if child.derived:
            continue
        if child.note:
            whole.append(child.name)
        elif child.path in wanted:
            if _is_whole(child, leaves):
                whole.append(child.name)
                continue
            inner = _member_filter(child, wanted, leaves)
            parted.append((child.name, _each(inner) if child.repeated else inner))
        elif child.children or child.repeated:
            withheld[child.name] = _blank(child)
    kept = tuple(whole)
    filtered = tuple(parted)

    def members(item: Record) -> Record:
        given = withheld.copy()
        for name in kept:
            if (value := item.get(name)) is not None:
                given[name] = value
        for name, inner in filtered:
            if (value := item.get(name)) is not None:
                given[name] = inner(value)
        return given

    return members


def _is_whole(top: Field, leaves: frozenset[str]) -> bool:
    """Whether every leaf at and below ``top`` is granted, so that it can be passed on as it is."""
    if top.derived:
        return False
    if top.note:
        return True
    if _is_leaf(top):
        return top.path in leaves
    return all(_is_whole(child, leaves) for child in top.children)


def _each(
    inner: Callable[[Record], Record],
) -> Callable[[list[Record | None]], list[Record | None]]:
    def every(values: list[Record | None]) -> list[Record | None]:
        return [None if value is None else inner(value) for value in values]

    return every
