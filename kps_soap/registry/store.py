"""The register as the services see it: one function a question.

Every question is a SQLAlchemy Core statement with named parameters, written down once when the
register is opened and then run over held connections.  Texts of codes and names of places come
from memory.

The register answers to whoever asks.  It refuses to decide who may ask, to compare criteria,
and to read a photo for any question but that for the photo.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Self, TypeVar

from sqlalchemy import Select, bindparam, false, select
from sqlalchemy.sql import FromClause

from kps_soap.faults import RegisterUnavailable
from kps_soap.registry import tables
from kps_soap.registry.families import Families
from kps_soap.registry.finding import Finding
from kps_soap.registry.reading import Question, Reader, Watch, reader_of, unwatched
from kps_soap.registry.records import (
    Address,
    BlueCardPerson,
    Citizen,
    Coded,
    Foreigner,
    IdentityCard,
    NewBlueCard,
    NewBlueCardTemporary,
    OldBlueCard,
    OldBooklet,
    Photo,
    PhotoKind,
    TemporaryIdentity,
)
from kps_soap.registry.rows import (
    Dictionaries,
    Row,
    Shape,
    address_shape,
    person_shape,
    shape_of,
)

SYNTHETIC = "SENTETIK"
REAL = "GERCEK"

_NUMBER = bindparam("number", type_=tables.citizens.c.number.type)
_PHOTO_KIND = bindparam("kind", type_=tables.photos.c.kind.type)

Record = TypeVar("Record")


class Register:
    """An open register.

    ``kind`` is SENTETIK or GERCEK, ``data_date`` the day the data stand at, ``lookups`` the
    number of questions put to the database so far, ``families`` the questions about families,
    ``finding`` the searches by personal data.  Every question raises ``RegisterUnavailable`` when
    the database fails or does not answer in time.
    """

    def __init__(self, reader: Reader, dictionaries: Dictionaries, info: dict[str, str]) -> None:
        """Made by ``open``."""
        self.lookups = 0
        self.kind = info.get("kind", "")
        if self.kind not in (SYNTHETIC, REAL):
            raise RegisterUnavailable("the register is marked neither SENTETIK nor GERCEK")
        self.data_date = date.fromisoformat(info["date"])
        self._reader = reader
        self._dictionaries = dictionaries
        self.families = Families(reader.prepare, self._rows, dictionaries)
        self.finding = Finding(reader.prepare, self._rows, dictionaries)
        self._prepare_persons()
        self._prepare_documents()
        self._photo = self._question(
            shape_of(Photo, tables.photos, dictionaries),
            tables.photos,
            lambda asked: asked.where(tables.photos.c.kind == _PHOTO_KIND),
        )
        self._addresses = self._question(
            address_shape(dictionaries),
            tables.addresses,
            _joined_with_dwellings,
        )

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        deadline_s: float = 2.0,
        connections_max: int = 4,
        watch: Watch = unwatched,
    ) -> Self:
        """Open the register at a SQLAlchemy address, read only.

        ``deadline_s`` bounds every question to PostgreSQL, waiting and connecting included;
        ``watch`` puts a reader of its own in front of the database's, to measure it.
        Raises ``RegisterUnavailable``, also for a database that holds no marked register, and
        ``ValueError`` for an address that is none.
        """
        reader = watch(reader_of(url, deadline_s=deadline_s, connections_max=connections_max))
        try:
            info = await reader.rows(reader.prepare(select(tables.register_info)), {})
            dictionaries = await _read_dictionaries(reader)
            return cls(reader, dictionaries, {row[0]: row[1] for row in info})
        except BaseException:
            await reader.close()
            raise

    async def close(self) -> None:
        """Let go of the database; the next question would connect again."""
        await self._reader.close()

    async def citizen(self, number: int) -> Citizen | None:
        """The citizen with this number, open or closed."""
        return await self._first(self._citizen, number)

    async def foreigner(self, number: int) -> Foreigner | None:
        """The foreigner with this number, also one who has become a citizen (K3.5 R7)."""
        return await self._first(self._foreigner, number)

    async def blue_card_person(self, number: int) -> BlueCardPerson | None:
        """The blue card holder with this number (K3.5 R6)."""
        return await self._first(self._blue_card_person, number)

    async def old_booklet(self, number: int) -> OldBooklet | None:
        """The person's old identity booklet."""
        return await self._first(self._old_booklet, number)

    async def identity_card(self, number: int) -> IdentityCard | None:
        """The person's newest identity card that is not cancelled; it may have expired."""
        return await self._first(self._identity_card, number)

    async def temporary_identity(self, number: int) -> TemporaryIdentity | None:
        """The person's temporary identity document, without its photo."""
        return await self._first(self._temporary_identity, number)

    async def old_blue_card(self, number: int) -> OldBlueCard | None:
        """The person's old blue card."""
        return await self._first(self._old_blue_card, number)

    async def new_blue_card(self, number: int) -> NewBlueCard | None:
        """The person's new blue card, without its photo."""
        return await self._first(self._new_blue_card, number)

    async def new_blue_card_temporary(self, number: int) -> NewBlueCardTemporary | None:
        """The new blue card's temporary document, without its photo."""
        return await self._first(self._new_blue_card_temporary, number)

    async def identity_card_photo(self, number: int) -> Photo | None:
        """The photo on the identity card."""
        return await self._first(self._photo, number, kind=PhotoKind.IDENTITY_CARD)

    async def temporary_identity_photo(self, number: int) -> Photo | None:
        """The photo on the temporary identity document."""
        return await self._first(self._photo, number, kind=PhotoKind.TEMPORARY_IDENTITY)

    async def new_blue_card_photo(self, number: int) -> Photo | None:
        """The photo on the new blue card."""
        return await self._first(self._photo, number, kind=PhotoKind.NEW_BLUE_CARD)

    async def new_blue_card_temporary_photo(self, number: int) -> Photo | None:
        """The photo on the new blue card's temporary document."""
        return await self._first(self._photo, number, kind=PhotoKind.NEW_BLUE_CARD_TEMPORARY)

    async def addresses(self, number: int) -> Sequence[Address]:
        """The person's addresses in force, the residence first (K3.5 R1)."""
        return await self._all(self._addresses, number)

    async def document_kind(self, text: str) -> Coded | None:
        """The kind of identity document (``CuzdanTur``) with this text; from memory."""
        return self._dictionaries.of_text("CuzdanTur", text)

    async def provinces(self) -> Sequence[Coded]:
        """All provinces by number; from memory."""
        return list(self._dictionaries.provinces.values())

    async def districts(self, province_code: int) -> Sequence[Coded] | None:
        """A province's districts by number, None where there is no such province; from memory."""
        if province_code not in self._dictionaries.provinces:
            return None
        return list(self._dictionaries.districts_of[province_code])

    def _prepare_persons(self) -> None:
        self._citizen = self._person(Citizen, tables.citizens)
        self._foreigner = self._person(Foreigner, tables.foreigners)
        self._blue_card_person = self._person(BlueCardPerson, tables.blue_card_persons)

    def _prepare_documents(self) -> None:
        reasons = {"issue_reason": "CuzdanVerilmeNeden"}
        self._old_booklet = self._document(OldBooklet, tables.old_booklets, reasons)
        self._identity_card = self._question(
            shape_of(IdentityCard, tables.identity_cards, self._dictionaries),
            tables.identity_cards,
            _newest_card_first,
        )
        self._temporary_identity = self._document(TemporaryIdentity, tables.temporary_identities)
        reasons = {"issue_reason": "VerilisNeden"}
        self._old_blue_card = self._document(OldBlueCard, tables.old_blue_cards, reasons)
        self._new_blue_card = self._document(NewBlueCard, tables.new_blue_cards)
        self._new_blue_card_temporary = self._document(
            NewBlueCardTemporary, tables.new_blue_card_temporaries
        )

    def _person(self, record: type[Record], table: Any) -> Question[Record]:
        return self._question(person_shape(record, table, self._dictionaries), table)

    def _document(
        self, record: type[Record], table: Any, reasons: dict[str, str] | None = None
    ) -> Question[Record]:
        shape = shape_of(record, table, self._dictionaries, dictionary_of_field=reasons)
        return self._question(shape, table)

    def _question(
        self,
        shape: Shape[Record],
        table: FromClause,
        narrow: Callable[[Select[Any]], Select[Any]] = lambda asked: asked,
    ) -> Question[Record]:
        asked = select(*shape.columns).where(table.c.number == _NUMBER)
        return Question(self._reader.prepare(narrow(asked)), shape.build)

    async def _first(self, question: Question[Record], number: int, **more: int) -> Record | None:
        found = await self._all(question, number, **more)
        return found[0] if found else None

    async def _all(self, question: Question[Record], number: int, **more: int) -> list[Record]:
        rows = await self._rows(question.sql, {"number": number, **more})
        return [question.build(row) for row in rows]

    async def _rows(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        self.lookups += 1
        return await self._reader.rows(sql, values)


def _newest_card_first(asked: Select[Any]) -> Select[Any]:
    cards = tables.identity_cards.c
    return asked.where(cards.cancelled == false()).order_by(cards.sequence.desc())


def _joined_with_dwellings(asked: Select[Any]) -> Select[Any]:
    addresses, dwellings = tables.addresses, tables.dwellings
    joined = addresses.outerjoin(dwellings, dwellings.c.address_no == addresses.c.address_no)
    return (
        asked.select_from(joined)
        .where(addresses.c.archived == false())
        .order_by(addresses.c.residence.desc(), addresses.c.sequence)
    )


async def _read_dictionaries(reader: Reader) -> Dictionaries:
    async def read(*columns: Any, order: Any) -> list[Row]:
        return await reader.rows(reader.prepare(select(*columns).order_by(order)), {})

    codes, districts = tables.codes.c, tables.districts.c
    provinces, neighbourhoods = tables.provinces.c, tables.neighbourhoods.c
    volumes = tables.volumes.c
    return Dictionaries(
        codes=await read(codes.table_name, codes.code, codes.text, order=codes.code),
        provinces=await read(provinces.code, provinces.name, order=provinces.code),
        districts=await read(
            districts.code, districts.province_code, districts.name, order=districts.code
        ),
        neighbourhoods=await read(
            neighbourhoods.code, neighbourhoods.name, order=neighbourhoods.code
        ),
        volumes=await read(volumes.district_code, volumes.code, volumes.name, order=volumes.code),
    )
