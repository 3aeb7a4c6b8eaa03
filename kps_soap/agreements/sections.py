"""The sections of an agreement file but its services: who, on which paper, how, how much.

Each function reads one section of design §6 strictly, checks what can be judged inside the
section and returns its frozen value.  The file's services are read in ``granting``; what one
agreement may not do beside another is checked in ``neighbours``.  Nothing here knows a contract.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv6Network, ip_network

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import (
    Access,
    Caps,
    Catalogue,
    Document,
    Institution,
    Limits,
    Network,
    Renewal,
)
from kps_soap.agreements.problems import Findings, nearest, quoted
from kps_soap.agreements.reading import Table, not_served
from kps_soap.agreements.staging import INQUIRER_MAX

INSTITUTION_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}")
PURPOSE = re.compile(r"[A-Z0-9_]{2,32}")
CERTIFICATE = re.compile(r"[0-9a-f]{64}")

#: The day on which the new regulation made the undertaking the instrument (RG 31220, §2.1).
UNDERTAKINGS_SINCE = date(2020, 8, 21)

_MAPPED = IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything from outside the files that the loader judges by."""

    catalogue: Catalogue
    address_rights: AddressRights
    today: date
    served_doors: frozenset[str]
    served_profiles: frozenset[str]
    served_relations: frozenset[str]
    caps: Caps


def read_institution(table: Table) -> Institution:
    """``[institution]``: the recipient, with a class and a kind that agree (K2.2)."""
    legal_class = table.choice("class", words.CLASSES)
    kind = table.choice("kind", tuple(words.CLASS_OF_KIND))
    if kind and legal_class and words.CLASS_OF_KIND[kind] != legal_class:
        rightly = words.CLASS_OF_KIND[kind]
        table.problem("class", f"an institution of kind {kind} is {rightly}, not {legal_class}")
    province = table.integer("province", 1, 81, required=False)
    institution = Institution(
        code=table.text(
            "code",
            pattern=INSTITUTION_CODE,
            meaning="an institution code: capital letters, digits and hyphens, such as B-34-0417",
        ),
        name=table.text("name"),
        legal_class=legal_class,
        kind=kind,
        province=province or None,
    )
    table.finish()
    return institution


def read_document(table: Table) -> Document:
    """``[agreement]``: the paper behind the access (K9.1: reason and legal basis are demanded)."""
    state = table.choice("state", words.STATES)
    application = table.table("application")
    applied = application.day("date")
    signed = table.day("signed", required=state != words.DRAFT)
    valid_from, valid_until = table.day("valid_from"), table.day("valid_until")
    _check_order(
        table,
        [
            ("application.date", applied),
            ("signed", signed),
            ("valid_from", valid_from),
            ("valid_until", valid_until),
        ],
    )
    renewal = _renewal(table, valid_from, valid_until)
    instrument = table.choice("instrument", words.INSTRUMENTS)
    _warn_of_instrument(table, instrument, signed)
    document = Document(
        number=table.text("number", longest=64),
        instrument=instrument,
        application_number=application.text("number", longest=64),
        application_date=applied or date.min,
        reason=table.text("reason", longest=500),
        legal_basis=tuple(table.texts("legal_basis").values()),
        approved_by=table.choice("approved_by", words.APPROVERS),
        signed=signed,
        valid_from=valid_from or date.max,
        valid_until=valid_until or date.min,
        state=state,
        renewal=renewal,
    )
    application.finish()
    table.finish()
    return document


def _renewal(table: Table, valid_from: date | None, valid_until: date | None) -> Renewal | None:
    """The window in which a renewal must be started; it lies inside the validity (§2.3, 5)."""
    if not table.has("renewal"):
        return None
    window = table.table("renewal")
    since, until = window.day("from"), window.day("until")
    started = window.day("started", required=False)
    if since and valid_from and since < valid_from:
        window.problem("from", f"{since} lies before valid_from ({valid_from})")
    if since and until and until < since:
        window.problem("until", f"{until} lies before from ({since})")
    if until and valid_until and until > valid_until:
        window.problem("until", f"{until} lies after valid_until ({valid_until})")
    if since and started and started < since:
        window.problem("started", f"{started} lies before from ({since})")
    window.finish()
    if since is None or until is None:
        return None
    return Renewal(since, until, started)


def _check_order(table: Table, dates: Sequence[tuple[str, date | None]]) -> None:
    """Application, signature, first day, last day: none lies before the one before it."""
    known = [(key, day) for key, day in dates if day is not None]
    for (earlier, first), (later, second) in zip(known, known[1:], strict=False):
        if second < first:
            table.problem(later, f"{second} lies before {earlier} ({first})")


def _warn_of_instrument(table: Table, instrument: str, signed: date | None) -> None:
    if signed is None or not instrument:
        return
    expected = words.UNDERTAKING if signed >= UNDERTAKINGS_SINCE else words.BILATERAL
    if instrument != expected:
        table.warn("instrument", f"agreements signed on {signed} are {expected}, not {instrument}")


def read_access(table: Table, rules: Rules) -> Access:
    """``[access]``: accounts, networks, doors, security and what every call must say."""
    purposes = frozenset(
        table.texts("purposes", pattern=PURPOSE, meaning="a purpose code [A-Z0-9_]{2,32}").values()
    )
    security = table.choice("security", words.PROFILES)
    if security and security not in rules.served_profiles:
        table.problem("security", not_served(security))
    answer = table.table("answer", required=False)
    unserved_doors = frozenset(words.DOORS) - rules.served_doors
    administrator, technician = _two_people(table)
    inquirers, default_inquirer = _inquirers(table)
    access = Access(
        accounts=tuple(
            table.texts(
                "accounts", pattern=ACCOUNT, meaning="an account such as KRM-34-0417"
            ).values()
        ),
        administrator=administrator,
        technician=technician,
        networks=_networks(table),
        doors=table.choices("doors", words.DOORS, unserved=unserved_doors),
        security=security,
        security_until=_security_until(table, security),
        certificates=_certificates(table, security),
        name_matching=table.choice("name_matching", words.NAME_MATCHINGS, default="TAM"),
        answer_signature=answer.choice("signature", words.SIGNATURES, default="RSA"),
        routing_signature=answer.flag("routing_signature", default=False),
        token_address_free=table.flag("token_address_free", default=False),
        inquirer_required=table.flag("inquirer_required", default=True),
        default_inquirer=default_inquirer,
        inquirers=inquirers,
        purposes=purposes,
        default_purpose=_default_purpose(table, purposes),
        case_number_required=table.flag("case_number_required", default=False),
        person_relation=_relation(table, rules.served_relations),
        registered_inquirers=table.flag("registered_inquirers", default=False),
        password_days_max=table.integer(
            "password_days_max", 1, words.PASSWORD_DAYS_MAX, required=False
        ),
    )
    answer.finish()
    _check_strong(table, access)
    table.finish()
    return access


def _check_strong(table: Table, access: Access) -> None:
    """A signed request is known by its certificate, and only the direct door hears it."""
    if access.security != words.STRONG:
        return
    if len(access.accounts) > 1:
        table.problem("accounts", f"{words.STRONG} knows one account, that of the certificates")
    if "routing" in access.doors:
        table.problem("doors", f"under {words.STRONG} nothing comes by the routing door")


def _two_people(table: Table) -> tuple[str, str]:
    """Administrator and technician, who may not be one person (T-2.3.a)."""
    administrator = table.text("administrator", longest=64)
    technician = table.text("technician", longest=64)
    if technician and administrator == technician:
        table.problem("technician", "may not be the administrator too")
    return administrator, technician


def _inquirers(table: Table) -> tuple[frozenset[str], str]:
    """The registered inquirers, if the institution registers them, and the default one."""
    named = table.has("inquirers")
    inquirers = (
        frozenset(table.texts("inquirers", longest=INQUIRER_MAX).values()) if named else frozenset()
    )
    default = table.text("default_inquirer", required=False, longest=INQUIRER_MAX)
    if default and named and default not in inquirers:
        table.problem("default_inquirer", "is not one of inquirers")
    return inquirers, default


def _default_purpose(table: Table, purposes: Collection[str]) -> str:
    default = table.text("default_purpose", required=False)
    if default and default not in purposes:
        reason = f"{quoted(default)} is not one of purposes"
        table.problem("default_purpose", reason, nearest(default, purposes))
    return default


def _relation(table: Table, served: frozenset[str]) -> str:
    relation = table.choice("person_relation", words.RELATIONS, default=words.RELATION_OFF)
    if relation and relation not in served:
        table.problem("person_relation", not_served(relation))
    return relation


def _security_until(table: Table, security: str) -> date | None:
    """The end of the classic profile: demanded there, and out of place elsewhere (design D13)."""
    until = table.day("security_until", required=security == words.CLASSIC)
    if until is None:
        return None
    if security and security != words.CLASSIC:
        table.problem("security_until", f"belongs to {words.CLASSIC}; {security} has no end")
    return until


def warn_of_security(access: Access, findings: Findings, today: date) -> None:
    """The classic profile may have ended already: that loads, and every call is refused."""
    until = access.security_until
    if access.security == words.CLASSIC and until is not None and until < today:
        reason = f"{words.CLASSIC} ended on {until}; every call is refused"
        findings.warn(("access", "security_until"), reason)


def _certificates(table: Table, security: str) -> frozenset[str]:
    """SHA-256 digests of client certificates (DER), demanded for the strong profile."""
    good: set[str] = set()
    given = table.texts("certificates", required=security == words.STRONG)
    for number, digest in given.items():
        if CERTIFICATE.fullmatch(digest):
            good.add(digest)
            continue
        reason = "is not a SHA-256 digest of 64 digits 0-9a-f"
        table.problem_at("certificates", number, reason, _plain_digest(digest))
    return frozenset(good)


def _plain_digest(text: str) -> str:
    """The digest that tools print with colons or capital letters, or an empty string."""
    try:
        bare = bytes.fromhex(text.replace(":", "")).hex()
    except ValueError:
        return ""
    return bare if CERTIFICATE.fullmatch(bare) else ""


def _networks(table: Table) -> tuple[Network, ...]:
    """The fixed addresses that the institution declared (§2.3, §2.7)."""
    good: list[Network] = []
    for number, text in table.texts("networks").items():
        try:
            network = ip_network(text)
        except ValueError:
            reason = f"{quoted(text)} is not a network such as 203.0.113.10/32"
            table.problem_at("networks", number, reason, _without_host_bits(text))
            continue
        if network.prefixlen == 0:
            table.problem_at("networks", number, "means every address; name the institution's own")
        elif isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
            as_ipv4 = IPv4Address(int(network.network_address) & 0xFFFFFFFF)
            meant = f"{as_ipv4}/{network.prefixlen - _MAPPED.prefixlen}"
            table.problem_at("networks", number, "is an IPv4 network written as IPv6", meant)
        else:
            good.append(network)
    return tuple(good)


def _without_host_bits(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return ""


def read_limits(table: Table, caps: Caps) -> Limits:
    """``[limits]``: none above the system's own (K7.3)."""
    limits = Limits(
        criteria_per_call_max=table.integer("criteria_per_call_max", 1, caps.criteria_per_call_max),
        persons_per_day_max=table.integer("persons_per_day_max", 1, caps.persons_per_day_max),
        calls_per_second_max=table.integer("calls_per_second_max", 1, caps.calls_per_second_max),
        calls_per_day_max=table.integer(
            "calls_per_day_max", 1, caps.calls_per_day_max, required=False
        ),
    )
    table.finish()
    return limits


def read_fees(table: Table, institution: Institution, approved_by: str) -> str:
    """``[fees]``: who is exempt must be of the kind that the law exempts (K16.1)."""
    exemption = table.choice("exemption", words.EXEMPTIONS)
    if exemption == "GENEL_YONETIM" and institution.legal_class == words.OTHER_LEGAL_ENTITY:
        table.problem("exemption", "GENEL_YONETIM is for public bodies (class KAMU)")
    if exemption == "MUHTARLIK" and institution.kind not in ("MUHTARLIK", ""):
        table.problem("exemption", "MUHTARLIK is for institutions of kind MUHTARLIK")
    if exemption == words.PAYS and approved_by == "GENEL_MUDUR":
        table.warn("exemption", "an institution that pays is approved by BAKAN, not GENEL_MUDUR")
    table.finish()
    return exemption
