"""NkoSorgulaTCKimlikNoServis: a register extract by number and birth date (wire C.5).

The published WSDL gives the shape and the four kinds of extract, not whom each of them shows.
Published clients show that the person asked about is among ``Kisiler`` with ``YakinlikKod`` 1;
the rest follows the offices' own names for the kinds (person, family, family register, with
brothers and sisters): see ``families``.
"""

from __future__ import annotations

from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Subject
from kps_soap.services.nko_extract import (
    EXTRACT_MEMBERS,
    NAMESPACE,
    Nko,
    Sheet,
    each_extract,
)
from kps_soap.services.shared_2011 import Item, array_of, record, result_of
from kps_soap.spyne_import import Int, Long, Service, rpc

NAME: Final = "NkoSorgulaTCKimlikNoServis"

NkoTCKimlikNoSorguKriteri = record(
    NAMESPACE,
    "NkoTCKimlikNoSorguKriteri",
    DogumAy=Int,
    DogumGun=Int,
    DogumYil=Int,
    TCKimlikNo=Long,
    **EXTRACT_MEMBERS,
)


async def _find(register: Any, subject: Subject, _wants: Any) -> Sheet | None:
    person = await register.citizen(subject.number)
    return None if person is None else Sheet(subject.criterion, person)


class NkoSorgulaTCKimlikNoServis(Service):
    """The published port type."""

    @rpc(
        array_of(NkoTCKimlikNoSorguKriteri, NAMESPACE),
        _returns=result_of(Nko, NAMESPACE, "NkoSonucu"),
    )
    async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One extract a criterion, in the order of the criteria."""
        return {"SorguSonucu": {"Nko": await each_extract(ctx.udc, _find)}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="2021/04/01",
        namespace=NAMESPACE,
        operation="Sorgula",
        service=NkoSorgulaTCKimlikNoServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/2021-04-01/{NAME}.xsd", f"{NAME}/2021-04-01/kps-2011-01-01.xsd"),
        criteria=CriteriaPolicy(number="TCKimlikNo", birth_date=True),
        item="Nko",
    ),
)
