"""KimlikNoBulServis: from a person's data to the number (K17.5).

One of our own services: no published client knows it, so its answer may use the names of the
published records (``HataBilgisi``, ``SorguSonucu``, ``Parametre``) without being taken for one.

A criterion says given name, surname (or that there is none), the whole birth date, and a parent's
name or the birth place; all that is said must be right, at the agreement's level of matching.
Exactly one person is shown, by number and ``Durum``; nobody, several and a person whom the
institution may not be shown are one answer.  A record that was closed because its person lives on
under another number is nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from kps_soap import turkish
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Subject
from kps_soap.faults import Outcome
from kps_soap.services.shared_2011 import Item, Note, Parametre, array_of, coded, record, result_of
from kps_soap.services.verification import is_given, name_matches, surname_matches
from kps_soap.spyne_import import Boolean, Int, Long, Service, Unicode, rpc

if TYPE_CHECKING:
    from kps_soap.criteria import Enquiry
    from kps_soap.registry.finding import Namesake

NAME: Final = "KimlikNoBulServis"
NAMESPACE: Final = "urn:kps-soap:kimlik-no-bul:1"
ITEM: Final = "BulunanKimlik"

KimlikNoBulKriteri = record(
    NAMESPACE,
    "KimlikNoBulKriteri",
    Ad=Unicode,
    AnneAd=Unicode,
    BabaAd=Unicode,
    DogumAy=Int,
    DogumGun=Int,
    DogumYer=Unicode,
    DogumYil=Int,
    Soyad=Unicode,
    SoyadYok=Boolean,
)
BulunanKimlik = record(NAMESPACE, ITEM, Durum=Parametre, HataBilgisi=Parametre, KimlikNo=Long)

_DEMANDED: Final = ("Ad", "Soyad|SoyadYok", "DogumGun", "DogumAy", "AnneAd|BabaAd|DogumYer")


def _matches(said: Mapping[str, Any], person: Namesake, level: str) -> bool:
    """Whether all that was said is right; what was not said is not compared."""
    more = (
        (said["AnneAd"], person.mother_name),
        (said["BabaAd"], person.father_name),
        (said["DogumYer"], person.birth_place),
    )
    return (
        name_matches(said["Ad"], person.given_name, level)
        and surname_matches(said["Soyad"], person.surname, level, has_none=bool(said["SoyadYok"]))
        and all(name_matches(one, held, level) for one, held in more if is_given(one))
    )


async def _candidates(register: Any, subject: Subject, level: str) -> Sequence[Namesake]:
    """Who was born that day.  Registers store names folded, so TAM may search by the surname."""
    surname = subject.criterion["Soyad"]
    exact = level == turkish.TAM and is_given(surname)
    found: Sequence[Namesake] = await register.finding.born(
        subject.born, turkish.fold(surname) if exact else None
    )
    return found


def _meant(candidates: Sequence[Namesake]) -> Namesake | Outcome:
    """The one person, by the record that is in use; a blue card holder may have two (R6)."""
    there = [one for one in candidates if not (one.closed and one.leads_to)]
    if not there:
        return Outcome.NOT_FOUND
    if len({one.number for one in there}) > 1:
        return Outcome.SEVERAL
    return min(there, key=lambda one: one.closed)


async def _find(enquiry: Enquiry, subject: Subject) -> Namesake | Outcome:
    level = enquiry.name_matching
    candidates = await _candidates(enquiry.register, subject, level)
    meant = _meant([one for one in candidates if _matches(subject.criterion, one, level)])
    # Nobody and several cost the look at the roster too (design D4).
    stranger = await enquiry.unrelated((0 if isinstance(meant, Outcome) else meant.number,))
    if isinstance(meant, Outcome):
        return meant
    if stranger:
        # Another outcome would show, in a header, that there is exactly one such person; the
        # record's detail tells of the roster.
        return Outcome.NOT_FOUND
    enquiry.shown(meant.number)
    return meant


def _item(person: Namesake | None, _number: int | None, note: Note | None) -> Item:
    if person is None:
        return {"HataBilgisi": note}
    return {"Durum": coded(person.status), "KimlikNo": person.number}


class KimlikNoBulServis(Service):
    """The port type, in the shape of the published ones."""

    @rpc(
        array_of(KimlikNoBulKriteri, NAMESPACE),
        _returns=result_of(BulunanKimlik, NAMESPACE, f"{ITEM}Sonucu"),
    )
    async def Bul(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One number a criterion, or none, in the order of the criteria."""
        enquiry = ctx.udc

        async def find(_register: Any, subject: Subject, _wants: Any) -> Namesake | Outcome:
            return await _find(enquiry, subject)

        return {"SorguSonucu": {ITEM: await enquiry.each_subject(find, _item)}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="1",
        namespace=NAMESPACE,
        operation="Bul",
        service=KimlikNoBulServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/1/{NAME}.xsd", f"{NAME}/1/kps-2011-01-01.xsd"),
        criteria=CriteriaPolicy(birth_date=True, demanded=_DEMANDED),
        item=ITEM,
    ),
)
