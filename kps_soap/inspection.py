"""Everything that must be right before serving, looked at one by one (``kps check``).

Each look is a name and a function that raises or returns sentences; a failed one does not hide
the next.  ``kps serve`` does the same looks first, so that a wrong configuration shows before a
port opens.  Nothing is changed and no evidence is written.
"""

from __future__ import annotations

import asyncio
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from lxml import etree
from sqlalchemy import Connection, func, select

from kps_soap import database, places, private_files
from kps_soap.agreements import expiries as ends
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.audit import backlog, partitions
from kps_soap.audit.checkpoints import SealKey
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring
from kps_soap.audit.timestamps import Trust
from kps_soap.certificates import expiry_warnings
from kps_soap.configured import (
    agreement_keeper,
    load_agreements,
    load_key_files,
    load_signers,
    load_tariff,
    load_tls_files,
    load_versions,
    utc_now,
)
from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.wsdl import check_all
from kps_soap.misuse.thresholds import NOTHING
from kps_soap.models import evidence, evidence_chains, legal_orders, month_keys
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.registry import codes
from kps_soap.registry.store import Register
from kps_soap.safeguards import load_thresholds
from kps_soap.settings import Settings
from kps_soap.terms import istanbul_date

#: lxml below 6.1 resolves external entities in places where its flags do not reach (stack §6).
LIBXML_LEAST: Final = (2, 12)

#: Warnings of one look; more are counted.
WARNINGS_MAX: Final = 20

#: So many times ``seal_seconds`` may a record wait for its seal before that is worth a red line.
PERIODS_LATE_MAX: Final = 5

_LIVING_MONTHS: Final = select(month_keys).where(month_keys.c.destroyed_us.is_(None))
_TIPS: Final = select(evidence_chains.c.head_hash, evidence.c.hash).outerjoin(
    evidence,
    (evidence.c.chain_id == evidence_chains.c.chain_id)
    & (evidence.c.sequence == evidence_chains.c.head_sequence),
)


class Failed(Exception):
    """A look that found something wrong; the text says what to do."""


class Late(Failed):
    """Something is wrong that a gateway puts right by running, or that must not keep it down."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One look: its name, whether all is well, what to say, and does it forbid a start?"""

    name: str
    ok: bool
    text: str
    blocks: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a look says when all is well, and what an operator should look at soon."""

    text: str
    warnings: tuple[str, ...] = ()


Look = Callable[[Settings], str | Said]


def inspect(settings: Settings) -> list[Finding]:
    """Do every look; never raises for something that an operator can mend."""
    return [_finding(name, look, settings) for name, look in LOOKS]


def _finding(name: str, look: Look, settings: Settings) -> Finding:
    try:
        said = look(settings)
        if isinstance(said, Said):
            return Finding(name, True, said.text, warnings=said.warnings)
        return Finding(name, True, said)
    except Late as late:
        return Finding(name, False, str(late), blocks=False)
    except Failed as failed:
        return Finding(name, False, str(failed))
    except OPERATOR_ERRORS as error:
        return Finding(name, False, sentence_of(error))


def _parser(_settings: Settings) -> str:
    if etree.LIBXML_VERSION < LIBXML_LEAST:
        raise Failed("The XML parser is too old; install the locked packages.")
    return "libxml2 " + ".".join(map(str, etree.LIBXML_VERSION))


def _contracts(_settings: Settings) -> str:
    contracts = compile_all()
    differing = check_all(places.wsdl())
    if differing:
        raise Failed(f"{len(differing)} WSDL files differ from their contracts: kps wsdl write")
    return f"{len(contracts)} contracts agree with their schemas and WSDLs"


def _agreements(settings: Settings) -> Said:
    """The files are right, they are what is in force, and nothing of it ends soon."""
    contracts = compile_all()
    try:
        knows_sets = database.is_at_head(settings.gateway_url)
    except database.DatabaseUnavailable:
        knows_sets = False  # Another look tells of it.
    if not knows_sets:
        return Said(_described(load_agreements(settings, contracts)))
    engine = database.open_database(settings.gateway_url, wait_seconds_max=5)
    try:
        keeper = agreement_keeper(settings, engine, contracts, worker="kps check")
        today, directory = istanbul_date(utc_now()), settings.agreements_directory
        version = keeper.newest()
        if version is None:
            return Said(_described(keeper.compiler.directory(directory, today=today)))
        current = keeper.compiled(version)
        try:
            files = keeper.compiler.directory(directory, today=today)
        except AgreementErrors as errors:
            raise Late(f"Set {version.digest[:12]} stays in force. {errors}") from None
    finally:
        engine.dispose()
    warnings = ends.lines(ends.near(current, today, days=ends.THRESHOLDS[0]), today)
    if len(warnings) > WARNINGS_MAX:
        more = f"and {len(warnings) - WARNINGS_MAX} more; see: kps agreements expiries"
        warnings = [*warnings[:WARNINGS_MAX], more]
    if files.digest != version.digest:
        warnings.insert(0, "the files differ from the set in force; see: kps agreements diff")
    warnings += [
        f"{one.agreement} is suspended by command since {one.since:%Y-%m-%d %H:%M}"
        for one in version.suspended
    ]
    return Said(_described(current), tuple(warnings))


def _described(loaded: AgreementSet) -> str:
    public = "public door open" if loaded.public and loaded.public.enabled else "public door closed"
    return f"{len(loaded.agreements)} agreements, {public}, set {loaded.digest[:12]}"


def _versions(settings: Settings) -> str:
    load_versions(settings, compile_all())
    return "sunset dates read"


def _tariff(settings: Settings) -> str:
    tariff = load_tariff(settings, compile_all())
    if tariff.rate("", istanbul_date(utc_now())) is None:
        raise Failed("No rate for every service is in force today; add one to the tariff file.")
    return "rates and exemptions read"


def _misuse(settings: Settings) -> str:
    rules = load_thresholds(settings)
    enabled = sum(1 for one in rules.values() if one.enabled)
    acting = sum(1 for one in rules.values() if one.enabled and one.act != NOTHING)
    return f"{enabled} of {len(rules)} rules look, {acting} act by themselves"


def _codes(settings: Settings) -> str:
    codes.load(settings.codes_file or places.conf() / "codes.toml")
    return "code tables read"


def _signing(settings: Settings) -> str:
    signers = load_signers(settings)
    now = utc_now()
    certificates = {name: signer.certificate for name, signer in signers.items()}
    warnings = expiry_warnings(certificates, now)
    if any(warning.threshold_days <= 1 for warning in warnings):
        raise Failed(f"The {warnings[0].name} signing certificate expires within a day; renew it.")
    days = min(signer.days_left(now) for signer in signers.values())
    return f"both keys sign; the first certificate expires in {days} days"


def _tls(settings: Settings) -> str:
    if not settings.https_port:
        return "no https port; a proxy must end TLS"
    _check_private(settings.tls_key_file, "TLS key")
    try:
        certificate = load_tls_files(settings)
    except ssl.SSLError:
        raise Failed(
            "The TLS certificate and key do not fit together, or the key has a password."
        ) from None
    if certificate.not_valid_before_utc > utc_now():
        raise Failed("The TLS certificate is not valid yet; check the clock, or renew it.")
    days = (certificate.not_valid_after_utc - utc_now()).days
    if days < 1:
        raise Failed("The TLS certificate has expired or expires today; renew it.")
    return f"the certificate expires in {days} days"


def _check_private(path: Path, name: str) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Failed(f"The {name} file is open to other accounts; give it mode 0600.")


def _keys(settings: Settings) -> str:
    load_key_files(settings)
    return "evidence, person and token keys read"


def _private(settings: Settings) -> Said:
    """Nobody else can read a password or change what is trusted."""
    wrong = list(private_files.refusals(settings))
    if wrong:
        raise Failed(" ".join(wrong))
    return Said("nobody else can change what is trusted", private_files.warnings(settings))


def _gateway_database(settings: Settings) -> str:
    if not database.is_at_head(settings.gateway_url):
        raise Failed("The gateway's database is not up to date; run: kps db upgrade")
    return "at head"


def _evidence(settings: Settings) -> Said:
    """The months' keys open and each chain ends where it says; ``kps audit verify`` sees all."""
    if not database.is_at_head(settings.gateway_url):
        raise Failed("Not looked at: the gateway's database is not up to date.")
    files = KeyFiles(settings.evidence_key_file)
    keyring = Keyring(files)
    engine = database.open_database(settings.gateway_url, wait_seconds_max=5)
    try:
        with engine.connect() as connection, connection.begin():
            for row in connection.execute(_LIVING_MONTHS):
                keyring.check(row)
            tips = connection.execute(_TIPS).all()
            warnings = [*_replaced_keys(connection, files), *_partitions(connection)]
    finally:
        engine.dispose()
    wrong = sum(1 for tip in tips if tip.hash != tip.head_hash)
    if wrong:
        raise Failed(f"{wrong} chains do not end where they should; run: kps audit verify")
    said = f"{len(tips)} chains end where they should, and their months open"
    return Said(said, tuple(warnings))


def _replaced_keys(connection: Connection, files: KeyFiles) -> Iterator[str]:
    """Secrets that only a replaced key file opens: a rotation that did not come to its end."""
    good = files.wrapping().key_id
    several = sum(
        connection.execute(
            select(func.count())
            .select_from(table)
            .where(table.c.wrapped.is_not(None), table.c.file_key_id != good)
        ).scalar_one()
        for table in (month_keys, legal_orders)
    )
    if several:
        yield (
            f"{several} secrets of months or orders are wrapped by a replaced key, which must stay"
            " until they are wrapped anew: kps audit rotate-key"
        )


def _partitions(connection: Connection) -> Iterator[str]:
    last = partitions.last_without_right(connection)
    if last is not None:
        yield (
            "the database's role may not make the partition of a new month; the last one is that"
            f" of {last or 'no month'}: run kps db upgrade every year with a role that owns the"
            " tables"
        )


def _seals(settings: Settings) -> str:
    """The seal's key, the age of what is unsealed and undelivered, and a witness that is ahead."""
    key = SealKey.load(settings.seal_key_file, settings.seal_certificate_file)
    if settings.timestamp_ca_file is not None:
        Trust.read(settings.timestamp_ca_file)
    if not database.is_at_head(settings.gateway_url):
        raise Failed("Not looked at: the gateway's database is not up to date.")
    engine = database.open_database(settings.gateway_url, wait_seconds_max=5)
    try:
        with engine.connect() as connection, connection.begin():
            _check_backlog(connection, settings)
            last = backlog.sealed_heads(connection).number
    finally:
        engine.dispose()
    days = (key.certificate.not_valid_after_utc - utc_now()).days
    said = f"{last} seals, none is due; the certificate expires in {days} days"
    if settings.witness_directory is None and settings.witness_url is None:
        said += "; without witness_directory or witness_url nobody notices an old copy"
    return said


def _check_backlog(connection: Connection, settings: Settings) -> None:
    limit = timedelta(seconds=settings.seal_seconds * PERIODS_LATE_MAX)
    heads = backlog.sealed_heads(connection)
    folder = settings.witness_directory
    try:
        ahead = 0 if folder is None else backlog.last_in(folder)
    except OSError as failure:
        why = failure.strerror or type(failure).__name__
        raise Late(f"The witness directory cannot be read: {why}") from None
    if ahead > heads.number:
        raise Late(
            f"The witness knows seal {ahead}, the database ends at {heads.number}: it is an old"
            " copy, or was cut; run: kps audit verify"
        )
    now = utc_now()
    since = backlog.unsealed_since(connection, heads)
    if since is not None and now - since > limit:
        raise Late(f"Records wait for a seal since {since:%Y-%m-%d %H:%M} UTC: kps audit seal")
    for address in (None if folder is None else str(folder), settings.witness_url):
        since = None if address is None else backlog.undelivered_since(connection, address)
        if since is not None and now - since > limit:
            raise Late(
                f"The witness lacks the seals since {since:%Y-%m-%d %H:%M} UTC: kps audit seal"
            )


def _register(settings: Settings) -> str:
    async def look() -> str:
        register = await Register.open(
            settings.register_url, deadline_s=settings.register_seconds_max
        )
        try:
            return f"{register.kind}, data of {register.data_date}"
        finally:
            await register.close()

    return asyncio.run(look())


LOOKS: Final[tuple[tuple[str, Look], ...]] = (
    ("XML parser", _parser),
    ("contracts", _contracts),
    ("agreements", _agreements),
    ("versions", _versions),
    ("tariff", _tariff),
    ("misuse rules", _misuse),
    ("codes", _codes),
    ("signing keys", _signing),
    ("TLS", _tls),
    ("keys", _keys),
    ("private files", _private),
    ("gateway database", _gateway_database),
    ("evidence", _evidence),
    ("seals", _seals),
    ("register", _register),
)


def problems(findings: list[Finding]) -> Iterator[str]:
    """The sentences of what failed."""
    return (f"{one.name}: {one.text}" for one in findings if not one.ok)
