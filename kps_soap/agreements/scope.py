"""What a call may do under an agreement: every check that is made again at every call.

Each function returns a value or raises the refusal of §2.11; the detail says why, for the
evidence, and never holds a value that the caller sent.  Nothing here reads a file, a clock or a
register.  Dates are civil dates of Europe/Istanbul.
"""

from datetime import date

from kps_soap.addresses import parse_address
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import Agreement, PublicTerms, ServiceGrant
from kps_soap.agreements.vocabulary import (
    ANSWERING_STAGES,
    ANSWERING_STATES,
    BULK_SERVICES,
    CLASSIC,
    OPEN,
    PILOT,
    TEST,
)
from kps_soap.faults import (
    AddressNotAllowed,
    AgreementNotInForce,
    CaseNumberMissing,
    InquirerNotAllowed,
    NetworkNotAllowed,
    PurposeNotGranted,
    ServiceNotGranted,
    TooManyCriteria,
)
from kps_soap.fields import Grant

#: Longest inquirer and case number, in characters (C2: a municipality's own format).
NAME_MAX = 64


def not_in_force(agreement: Agreement, on: date) -> str:
    """Why an agreement is not in force on a day; an empty string if it is (§2.4, design D13)."""
    document, until = agreement.document, agreement.access.security_until
    if agreement.suspension is not None:
        return f"it was suspended by command on {agreement.suspension.since.date()}"
    if document.state not in ANSWERING_STATES:
        return f"its state is {document.state}"
    if on < document.valid_from:
        return f"it is valid from {document.valid_from}"
    if on > document.valid_until:
        return f"it ended on {document.valid_until}"
    if document.renewal is not None and document.renewal.missed(on):
        return f"no renewal was started until {document.renewal.until}"
    if agreement.access.security == CLASSIC and (until is None or on > until):
        return f"its security profile {CLASSIC} ended on {until}"
    return ""


def check_in_force(agreement: Agreement, on: date) -> None:
    """Raises AgreementNotInForce where the agreement is not in force on a day (205)."""
    if reason := not_in_force(agreement, on):
        raise AgreementNotInForce(f"{agreement.number}: {reason}")


def check_network(agreement: Agreement, address: str) -> None:
    """Raises NetworkNotAllowed for an address that the institution did not declare (206, §2.7).

    An IPv4 address that the socket shows inside IPv6 counts as the IPv4 address it is.
    """
    source = parse_address(address)
    if source is None:
        raise NetworkNotAllowed("the source address is unknown")
    if not any(source in network for network in agreement.access.networks):
        raise NetworkNotAllowed("the source address is in none of the agreement's networks")


def check_door(agreement: Agreement, door: str) -> None:
    """Raises ServiceNotGranted for a door that the agreement does not open (201)."""
    if door not in agreement.access.doors:
        raise ServiceNotGranted(f"the agreement does not open the door {door}")


def grant_for(
    agreement: Agreement, service: str, version: str, *, on: date, open_grant: Grant | None = None
) -> ServiceGrant:
    """What the agreement grants of one contract on a day (201, 205).

    ``open_grant`` is what a contract that gives nobody's data opens to every account; what the
    file says of the contract comes first.  Raises AgreementNotInForce, or ServiceNotGranted for a
    service, version or stage that does not answer, and for a list of persons without a legal
    basis of its own, which no file can grant (K7.3).  Whether the synthetic register answers
    stands in the returned grant.
    """
    check_in_force(agreement, on)
    granted = agreement.services.get((service, version))
    if granted is None and open_grant is not None:
        return _open_to_accounts(service, version, open_grant)
    if granted is None:
        raise ServiceNotGranted(f"{service} {version} is not in the agreement")
    granted = granted.on(on)
    if granted.stage not in ANSWERING_STAGES:
        raise ServiceNotGranted(f"{service} {version} is in stage {granted.stage}")
    if service in BULK_SERVICES and not granted.bulk_basis:
        raise ServiceNotGranted(f"{service} lists persons and has no bulk_basis (Art. 45/2)")
    return granted


def check_pilot(granted: ServiceGrant, inquirer: str, *, on: date) -> None:
    """Raises ServiceNotGranted, with words of its own, for whom a pilot is not open (201, §5.6).

    How often a day a pilot may ask is counted in ``pilots``.
    """
    pilot = granted.pilot
    if granted.stage != PILOT or pilot is None:
        return
    if pilot.until is not None and on > pilot.until:
        detail = f"its PILOT ended on {pilot.until}"
    elif inquirer not in pilot.inquirers:
        detail = "the inquirer is not on the list of its PILOT"
    else:
        return
    refusal = ServiceNotGranted(f"{granted.service} {granted.version}: {detail}")
    refusal.turkish = (
        "Bu servis PILOT aşamasındadır; yalnızca listedeki kullanıcılar sorgulayabilir."
    )
    refusal.english = "This service is in stage PILOT; only the users on its list may ask."
    raise refusal


def _open_to_accounts(service: str, version: str, open_grant: Grant) -> ServiceGrant:
    return ServiceGrant(
        service=service,
        version=version,
        stage=OPEN,
        purposes=frozenset(),
        grant=open_grant,
        address=False,
        synthetic_only=False,
        fields=(open_grant.tree.item.path,),
        special={},
        open_to_accounts=True,
    )


def check_address_right(
    agreement: Agreement, granted: ServiceGrant, rights: AddressRights, *, on: date
) -> None:
    """Raises AddressNotAllowed where the law does not let this kind have addresses (207, K7.2)."""
    kind = agreement.institution.kind
    if granted.address and not rights.may_receive_address(kind, on):
        raise AddressNotAllowed(rights.explain(kind, on))


def purpose_for(agreement: Agreement, granted: ServiceGrant, requested: str | None) -> str:
    """The purpose of a call: the one it names, or the agreement's default (202, design D3).

    Empty for what is open to every account.  Raises PurposeNotGranted where there is none or the
    service is not granted for it.
    """
    if granted.open_to_accounts:
        return ""
    purpose = (requested or "").strip() or agreement.access.default_purpose
    if not purpose:
        raise PurposeNotGranted("no purpose was sent, and the agreement has no default")
    if purpose not in granted.purposes:
        raise PurposeNotGranted("the purpose is not one of the granted service")
    return purpose


def inquirer_for(agreement: Agreement, requested: str | None) -> str:
    """The human or system that asks: the header's, or the agreement's default (204, §2.9).

    An empty string only where the agreement demands none.  Raises InquirerNotAllowed.
    """
    access = agreement.access
    inquirer = (requested or "").strip() or access.default_inquirer
    if not inquirer:
        if access.inquirer_required:
            raise InquirerNotAllowed("no inquirer was sent, and the agreement demands one")
        return ""
    if not _is_name(inquirer):
        raise InquirerNotAllowed("the inquirer is not 1 to 64 printable characters")
    if access.inquirers and inquirer not in access.inquirers:
        raise InquirerNotAllowed("the inquirer is not registered in the agreement")
    return inquirer


def case_number_for(agreement: Agreement, requested: str | None, *, demanded: bool = True) -> str:
    """The case number of a call, or an empty string where none is demanded (203, C2).

    ``demanded`` is false for a call that concerns no case.  Raises CaseNumberMissing where it is
    demanded and missing, or no such number.
    """
    case_number = (requested or "").strip()
    if not case_number:
        if demanded and agreement.access.case_number_required:
            raise CaseNumberMissing("no case number was sent, and the agreement demands one")
        return ""
    if not _is_name(case_number):
        raise CaseNumberMissing("the case number is not 1 to 64 printable characters")
    return case_number


def check_criteria_count(agreement: Agreement, count: int) -> None:
    """Raises TooManyCriteria above the agreement's own limit: the whole call (103, K7.3)."""
    most = agreement.limits.criteria_per_call_max
    if count > most:
        raise TooManyCriteria(f"{count} criteria, at most {most}")


def check_public(
    terms: PublicTerms | None, service: str, version: str, *, on: date, synthetic: bool
) -> None:
    """Raises ServiceNotGranted where the public door is closed for a service on a day (201).

    ``synthetic``: the register that would answer is a synthetic one; TEST is never answered from
    any other (design D20).
    """
    if terms is None or not terms.enabled:
        raise ServiceNotGranted("the public door is closed")
    stage = terms.stage_on((service, version), on)
    if stage not in ANSWERING_STAGES:
        raise ServiceNotGranted(f"the public door does not open {service} {version}")
    if stage == TEST and not synthetic:
        raise ServiceNotGranted("stage TEST against a real register")


def _is_name(text: str) -> bool:
    return len(text) <= NAME_MAX and text.isprintable()
