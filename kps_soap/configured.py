"""What the settings name, read and made ready: agreements, sunset dates, signing keys, limits.

One function a thing, used by the composition root, by ``kps check`` and by other commands, so
that a check looks at exactly what would be served.  Nothing here is opened for a request.
"""

from __future__ import annotations

import secrets
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from sqlalchemy import Engine

from kps_soap import places, rosters
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import Caps, Catalogue, CatalogueEntry
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.keeping import AgreementKeeper
from kps_soap.agreements.loading import SERVED_DOORS, SERVED_PROFILES, Compiler
from kps_soap.agreements.sections import Rules
from kps_soap.agreements.tariff import Tariff
from kps_soap.agreements.versions import Versions
from kps_soap.agreements.watching import DirectoryWatch
from kps_soap.audit.alongside import LockPolicy
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import KeyFileRefused, Keyring, read_key_file
from kps_soap.contracts.contract import CompiledContract, Convention
from kps_soap.envelopes import Limits
from kps_soap.settings import Settings
from kps_soap.signing import Signer
from kps_soap.signing_keys import SigningKeyError
from kps_soap.terms import istanbul_date
from kps_soap.tokens.encrypted import Recipe, RecipeRefused

#: The longest name of a machine that is kept.
MACHINE_MAX: Final = 100

SERVED_RELATIONS: Final = frozenset({rosters.OFF, rosters.WARN, rosters.ENFORCE})


def utc_now() -> datetime:
    """The one place where the product asks the wall clock."""
    return datetime.now(UTC)


def catalogue_of(contracts: Sequence[CompiledContract]) -> Catalogue:
    """What the agreement loader must know of the contracts."""
    return {
        (one.name, one.version): CatalogueEntry(
            tree=one.fields,
            address=one.address,
            public=one.contract.convention is Convention.XML_SERIALIZER,
            criteria=one.criteria is not None,
        )
        for one in contracts
    }


def load_agreements(settings: Settings, contracts: Sequence[CompiledContract]) -> AgreementSet:
    """Read the agreement directory of the settings; raises ``AgreementErrors``."""
    compiler = agreement_compiler(settings, contracts)
    return compiler.directory(settings.agreements_directory, today=istanbul_date(utc_now()))


def agreement_compiler(settings: Settings, contracts: Sequence[CompiledContract]) -> Compiler:
    """What judges agreement files for this gateway; raises ``AgreementErrors``."""
    rights = AddressRights.load(
        settings.address_rights_file or places.conf() / "address_rights.toml"
    )
    return Compiler(
        Rules(
            catalogue=catalogue_of(contracts),
            address_rights=rights,
            today=istanbul_date(utc_now()),
            served_doors=SERVED_DOORS,
            served_profiles=SERVED_PROFILES,
            served_relations=SERVED_RELATIONS,
            caps=Caps(),
        )
    )


def agreement_keeper(
    settings: Settings, engine: Engine, contracts: Sequence[CompiledContract], *, worker: str
) -> AgreementKeeper:
    """What changes which agreements are in force, on record under the name ``worker``."""

    return AgreementKeeper(
        engine,
        agreement_compiler(settings, contracts),
        lambda: recorder_of(settings, engine, worker=worker),
        clock=utc_now,
        new_id=lambda: secrets.token_hex(16),
        shown_in=settings.agreements_directory,
    )


def directory_watch(settings: Settings, keeper: AgreementKeeper) -> DirectoryWatch:
    """The agreement directory as this machine sees it."""
    machine = socket.gethostname()[:MACHINE_MAX]
    return DirectoryWatch(settings.agreements_directory, keeper, machine=machine, clock=utc_now)


def keyring_of(settings: Settings) -> Keyring:
    """The keys of the evidence; raises ``KeyFileRefused``."""
    return Keyring(KeyFiles(settings.evidence_key_file))


def recorder_of(
    settings: Settings,
    engine: Engine,
    *,
    worker: str,
    keyring: Keyring | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AbstractContextManager[Recorder]:
    """A chain of evidence of its own, under the name ``worker``; raises ``KeyFileRefused``."""
    return recorder(
        engine,
        keyring or keyring_of(settings),
        worker=worker,
        clock=clock,
        random_bytes=secrets.token_bytes,
    )


def lock_policy_of(settings: Settings) -> LockPolicy:
    """After how many wrong passwords an account is shut, and for how long."""
    return LockPolicy(
        settings.password_failures_max,
        settings.password_lock_seconds,
        settings.password_failures_per_day_max,
    )


def load_versions(settings: Settings, contracts: Sequence[CompiledContract]) -> Versions:
    """The sunset dates (design D22); raises ``AgreementErrors``."""
    return Versions.load(
        settings.versions_file or places.conf() / "versions.toml", catalogue_of(contracts)
    )


def load_tariff(settings: Settings, contracts: Sequence[CompiledContract]) -> Tariff:
    """The rates of the fees (§2.6); raises ``AgreementErrors``."""
    return Tariff.load(
        settings.tariff_file or places.conf() / "tariff.toml", catalogue_of(contracts)
    )


def load_signers(settings: Settings) -> dict[str, Signer]:
    """Both signing keys by the agreement's word for them; raises ``SigningKeyError``."""
    now = utc_now()
    return {
        "RSA": _signer(settings.signing_rsa_key_file, settings.signing_rsa_certificate_file, now),
        "P256": _signer(
            settings.signing_p256_key_file, settings.signing_p256_certificate_file, now
        ),
    }


def _signer(key_file: Path, certificate_file: Path, now: datetime) -> Signer:
    """One of the two signers; its error names the files, for a sentence alone fits both."""
    try:
        return Signer.load(key_file, certificate_file, now=now)
    except SigningKeyError as error:
        raise SigningKeyError(f"{key_file}, {certificate_file}: {error}") from None


def load_key_files(settings: Settings) -> None:
    """Read the keys of evidence, persons and tokens; raises ``KeyFileRefused`` with the file's
    name, ``RecipeRefused``, and what reading a file raises.
    """
    for path in (settings.evidence_key_file, settings.person_key_file, settings.token_key_file):
        try:
            read_key_file(path)
        except KeyFileRefused as refused:
            raise KeyFileRefused(f"{path}: {refused}") from None
    load_recipe(settings)


def load_tls_files(settings: Settings) -> x509.Certificate:
    """Read the https port's certificate and key as a server does; a key with a password fails.

    Returns the server's own certificate.  Raises ``ssl.SSLError`` where they do not fit together,
    and ``OSError``.
    """
    # Read first: an error of the next step would not say which file it is about.
    pem = settings.tls_certificate_file.read_bytes()
    settings.tls_key_file.read_bytes()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file, password="")
    return x509.load_pem_x509_certificates(pem)[0]


def served_certificate(settings: Settings) -> x509.Certificate | None:
    """The certificate that TLS callers are shown; None without an https port.

    None too where the file holds none: the server then says so itself when it opens it.
    """
    if not settings.https_port:
        return None
    try:
        pem = settings.tls_certificate_file.read_bytes()
        return x509.load_pem_x509_certificates(pem)[0]
    except (OSError, ValueError):
        return None


def load_recipe(settings: Settings) -> Recipe:
    """For whom tokens are encrypted; raises ``RecipeRefused``, or ``OSError`` with the file."""
    pem = settings.token_certificate_file.read_bytes()
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise RecipeRefused("The token certificate file holds no PEM certificate.") from None
    return Recipe.of(certificate)


def limits_of(settings: Settings) -> Limits:
    return Limits(
        depth_max=settings.depth_max,
        attributes_per_element_max=settings.attributes_per_element_max,
        children_per_element_max=settings.children_per_element_max,
        elements_max=settings.elements_max,
        namespaces_max=settings.namespaces_max,
        value_characters_max=settings.value_characters_max,
    )
