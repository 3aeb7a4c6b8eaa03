"""What an operator may set, as one table, and the one way to read it.

``Settings`` is the table: a field is a setting, with its kind, default, unit (last in its name)
and help.  ``SETTINGS`` shows the same table to the commands and to the test of the
documentation.  Values come, the later over the earlier, from the defaults, from ``kps.toml`` in
the home directory, from ``KPS_*`` in the environment, and from the command line.

This module refuses unknown names and wrong values, all of them at once, and starts nothing
with a half-right configuration.  It opens no file but ``kps.toml``, creates none, looks at no
clock and no network, and never repeats a value in an error: a value may be a password.
"""

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kps_soap.setting_kinds import (
    BASE_URL,
    DATABASE_URL,
    HOSTS,
    INTEGER,
    LISTEN_HOST,
    LISTEN_HOSTS,
    NETWORKS,
    PATH,
    SHIPPED_PATH,
    Kind,
    Problem,
    Setting,
    Unfit,
    is_loopback,
)

FILE_NAME = "kps.toml"

#: Names with the prefix that are no settings: the commands read the home's place from it.
_NOT_SETTINGS = frozenset({"KPS_HOME"})

Network = IPv4Network | IPv6Network


class SettingsRefused(Exception):
    """The settings cannot be used; ``problems`` lists everything that is wrong, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def _row(kind: Kind, default: object, help: str, /, **more: object) -> Any:
    """A field of ``Settings``; ``secret`` keeps its value out of every printed form."""
    secret = more.pop("secret", False)
    metadata = {"kind": kind, "default": default, "help": help, **more}
    return dataclasses.field(metadata=metadata, repr=not secret)


def _integer(default: int, help: str, least: int, most: int, /, **more: object) -> Any:
    """A row that holds a whole number from ``least`` to ``most``."""
    return _row(INTEGER, default, help, least=least, most=most, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator may set.  Paths are absolute once read; sizes are in bytes."""

    #: The directory that holds kps.toml; relative paths start here.  Handed in, never set.
    home: Path

    public_base_url: str = _row(
        BASE_URL,
        "https://127.0.0.1:8443",
        "The address under which callers reach the gateway; WSDLs name it.",
        heading="Addresses",
    )
    allowed_hosts: tuple[str, ...] = _row(
        HOSTS,
        (),
        "Further hosts (host or host:port) that a WSDL may name when a caller asked there.",
    )
    https_host: str = _row(LISTEN_HOST, "127.0.0.1", "The address to listen on with TLS.")
    https_port: int = _integer(
        8443, "The port to listen on with TLS; 0 where a proxy ends TLS.", 0, 65535
    )
    http_host: str = _row(LISTEN_HOST, "127.0.0.1", "The address to listen on without TLS.")
    http_port: int = _integer(8080, "The port to listen on without TLS; 0 for none.", 0, 65535)
    plain_http_addresses: tuple[str, ...] = _row(
        LISTEN_HOSTS,
        (),
        "Addresses outside loopback where plain HTTP is allowed: behind a proxy that ends TLS.",
    )
    trusted_proxies: tuple[Network, ...] = _row(
        NETWORKS,
        (),
        "Networks (CIDR) whose X-Forwarded-For is believed; from all others it is ignored.",
    )
    tls_certificate_file: Path = _row(
        PATH, "keys/tls.crt", "The TLS certificate with its chain, PEM."
    )
    tls_key_file: Path = _row(PATH, "keys/tls.key", "The TLS private key, PEM.")
    workers: int = _integer(0, "Worker processes; 0 for one a processor core.", 0, 256)

    agreements_directory: Path = _row(
        PATH, "agreements", "Where the agreement files lie.", heading="What is served, and to whom"
    )
    agreements_poll_seconds: int = _integer(
        1, "How often a worker looks for a newly loaded agreement set.", 1, 60
    )
    versions_file: Path | None = _row(
        SHIPPED_PATH, None, "Sunset dates of the published versions; unset: the file shipped."
    )
    address_rights_file: Path | None = _row(
        SHIPPED_PATH,
        None,
        "Which kinds of institution may see addresses; unset: the file shipped.",
    )
    tariff_file: Path | None = _row(
        SHIPPED_PATH, None, "Rates and exemptions of the fees; unset: the file shipped."
    )
    codes_file: Path | None = _row(
        SHIPPED_PATH, None, "Codes and texts of the register; unset: the file shipped."
    )

    register_url: str = _row(
        DATABASE_URL,
        "sqlite:///register.db",
        "The population register, only read: sqlite:///FILE or postgresql+psycopg://...",
        heading="Databases",
        secret=True,
    )
    register_seconds_max: int = _integer(
        2, "How long one look into the register may take before the caller gets a fault.", 1, 60
    )
    gateway_url: str = _row(
        DATABASE_URL,
        "sqlite:///gateway.db",
        "The gateway's own database: evidence, credentials, agreements in force.",
        secret=True,
    )
    evidence_seconds_max: int = _integer(
        2, "How long an answer waits for its evidence before the caller gets a fault.", 1, 60
    )

    evidence_key_file: Path = _row(
        PATH, "keys/evidence.key", "The key that wraps the evidence's monthly keys.", heading="Keys"
    )
    person_key_file: Path = _row(
        PATH,
        "keys/person.key",
        "The key of the digests that stand for persons in institutions' rosters.",
    )
    signing_rsa_key_file: Path = _row(
        PATH, "keys/signing-rsa.key", "The RSA key that signs answers, PEM."
    )
    signing_rsa_certificate_file: Path = _row(
        PATH, "keys/signing-rsa.crt", "The certificate of the RSA key, PEM."
    )
    signing_p256_key_file: Path = _row(
        PATH, "keys/signing-p256.key", "The P-256 key that signs where an agreement says so, PEM."
    )
    signing_p256_certificate_file: Path = _row(
        PATH, "keys/signing-p256.crt", "The certificate of the P-256 key, PEM."
    )
    token_certificate_file: Path = _row(
        PATH,
        "keys/token.pem",
        "The RSA certificate to which tokens are encrypted, PEM; its key is never needed here.",
    )
    token_key_file: Path = _row(
        PATH,
        "keys/token.key",
        "The key that wraps the tokens' proof keys; all gateways of one database share it.",
    )

    body_bytes_max: int = _integer(
        131072, "The largest body of a request.", 1024, 16777216, heading="Limits of a message"
    )
    depth_max: int = _integer(32, "How deep elements may be nested.", 8, 200)
    attributes_per_element_max: int = _integer(64, "Attributes of one element.", 8, 4096)
    children_per_element_max: int = _integer(256, "Children of one element.", 16, 65536)
    elements_max: int = _integer(2000, "Elements of one message.", 64, 100000)
    namespaces_max: int = _integer(64, "Namespace declarations of one message.", 8, 4096)
    value_characters_max: int = _integer(4096, "Characters of one value.", 256, 1048576)

    header_bytes_max: int = _integer(
        16384, "The HTTP request line and headers.", 4096, 262144, heading="Limits of a connection"
    )
    header_seconds_max: int = _integer(10, "How long the HTTP headers may take to arrive.", 1, 300)
    body_seconds_max: int = _integer(30, "How long the body may take to arrive.", 1, 600)
    idle_seconds_max: int = _integer(
        60, "How long a connection may rest between two requests.", 1, 3600
    )
    in_flight_max: int = _integer(
        256, "Requests that one worker works on at a time; more are told to come later.", 1, 65536
    )

    password_cache_seconds: int = _integer(
        300,
        "How long a verified password is remembered, as a keyed digest; 0 for never.",
        0,
        3600,
        heading="Who asks",
    )
    password_threads: int = _integer(2, "Passwords that one worker verifies at a time.", 1, 64)
    password_failures_max: int = _integer(
        5, "Wrong passwords in a row that lock an account for a while.", 1, 1000
    )
    password_lock_seconds: int = _integer(
        900, "How long an account stays locked after too many wrong passwords.", 1, 86400
    )
    password_failures_per_day_max: int = _integer(
        20,
        "Wrong passwords of one day that block an account until it is opened; 0: never.",
        0,
        100000,
    )
    token_seconds: int = _integer(3600, "How long a token of the token service is good.", 60, 86400)
    clock_skew_seconds: int = _integer(
        300, "How far a caller's clock may be off (profile KLASIK).", 0, 3600
    )
    message_age_seconds_max: int = _integer(
        900, "How old a caller's Timestamp may be (profile KLASIK).", 60, 86400
    )
    answer_validity_seconds: int = _integer(
        300, "How long the Timestamp of an answer says that it is fresh.", 30, 3600
    )


#: The table, row by row, in its order.
SETTINGS: tuple[Setting, ...] = tuple(
    Setting(name=row.name, **row.metadata) for row in dataclasses.fields(Settings) if row.metadata
)

_BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
_BY_VARIABLE: Mapping[str, Setting] = {setting.environment: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class _Given:
    """A value as somebody wrote it, and where."""

    place: str
    raw: object


def read(
    home: Path, environment: Mapping[str, str], *, command_line: Mapping[str, object] | None = None
) -> Settings:
    """The settings of a home directory.

    ``environment`` is the process's environment (only ``KPS_*`` is looked at), ``command_line``
    what was given there, by name of the setting.  Raises ``SettingsRefused``.
    """
    problems: list[Problem] = []
    given = _from_file(home, problems)
    given |= _from_environment(environment, problems)
    given |= {name: _Given("command line", raw) for name, raw in (command_line or {}).items()}
    return _settled(home, given, problems)


def of(home: Path, values: Mapping[str, object]) -> Settings:
    """The settings that ``values`` and the defaults make, without a file or an environment.

    The values are what a kps.toml could hold.  Raises ``SettingsRefused``.
    """
    return _settled(home, {name: _Given("", raw) for name, raw in values.items()}, [])


def _settled(home: Path, given: Mapping[str, _Given], problems: list[Problem]) -> Settings:
    """Check the values one by one and then together; raise ``SettingsRefused`` with all."""
    directory = home.resolve()
    for name, value in given.items():
        if name not in _BY_NAME:
            problems.append(Problem(value.place, name, _unknown(name, _BY_NAME)))
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value = given.get(setting.name, _Given("", setting.default))
        try:
            values[setting.name] = _fit(setting, value.raw, directory)
        except Unfit as wrong:
            problems.append(Problem(value.place, setting.name, str(wrong)))
    for name, sentence in _disagreements(values):
        place = given[name].place if name in given else ""
        problems.append(Problem(place, name, sentence))
    if problems:
        raise SettingsRefused(problems)
    return Settings(home=directory, **values)


def _fit(setting: Setting, raw: object, home: Path) -> object:
    """The value of a setting in its own type; raises ``Unfit``."""
    value = setting.kind.read(raw, home)
    if isinstance(value, int) and not setting.least <= value <= setting.most:
        raise Unfit(f"must lie between {setting.least} and {setting.most}")
    return value


def _from_file(home: Path, problems: list[Problem]) -> dict[str, _Given]:
    try:
        text = (home / FILE_NAME).read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, ValueError) as failure:
        problems.append(Problem(FILE_NAME, "", _unreadable(failure)))
        return {}
    return {name: _Given(_line_of(name, text), raw) for name, raw in content.items()}


def _unreadable(failure: OSError | ValueError) -> str:
    match failure:
        case FileNotFoundError():
            return "not found; `kps demo init HOME` makes a home"
        case UnicodeDecodeError():
            return "is not UTF-8"
        case tomllib.TOMLDecodeError():
            return f"is not TOML: {failure}"
    return f"cannot be read ({type(failure).__name__})"


def _line_of(name: str, text: str) -> str:
    """Where a top-level name stands; ``tomllib`` keeps no positions."""
    pattern = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(name)}["']?\s*[=.\]]""")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line):
            return f"{FILE_NAME}, line {number}"
    return FILE_NAME


def _from_environment(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, _Given]:
    given: dict[str, _Given] = {}
    for variable, text in environment.items():
        if not variable.startswith("KPS_") or variable in _NOT_SETTINGS:
            continue
        setting = _BY_VARIABLE.get(variable)
        if setting is None:
            problems.append(Problem("environment", variable, _unknown(variable, _BY_VARIABLE)))
            continue
        try:
            given[setting.name] = _Given(f"environment, {variable}", setting.kind.parse(text))
        except Unfit as wrong:
            problems.append(Problem("environment", variable, str(wrong)))
    return given


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"is no setting; did you mean {near[0]}?" if near else "is no setting"


def _disagreements(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Values that are right one by one, but not together."""
    plain = values.get("plain_http_addresses", ())

    def is_plain(host: str) -> bool:
        return is_loopback(host) or host in plain

    if values.get("https_port") == 0 and values.get("http_port") == 0:
        yield "https_port", "must not be 0 where http_port is 0: nothing would be served"
    host = values.get("http_host")
    if values.get("http_port") and host is not None and not is_plain(host):
        yield (
            "http_host",
            "plain HTTP is served on loopback only; use TLS, or name the address in"
            " plain_http_addresses where a proxy ends TLS",
        )
    base = urlsplit(values.get("public_base_url", ""))
    if base.scheme == "http" and not is_plain(base.hostname or ""):
        yield "public_base_url", "must begin with https:// outside loopback"


def render(values: Mapping[str, object]) -> str:
    """The text of a kps.toml that sets ``values``; every other setting stands as a comment.

    Reading it gives the values back.  Raises ``SettingsRefused`` for a name that is no setting.
    """
    unknown = [name for name in values if name not in _BY_NAME]
    if unknown:
        raise SettingsRefused(Problem("", name, _unknown(name, _BY_NAME)) for name in unknown)
    lines = [
        "# The settings of this gateway.  A line that begins with # shows a default.",
        "# Relative paths start at this directory.  KPS_<NAME> in the environment wins over",
        "# this file.  `kps check` says whether everything is right.",
    ]
    for setting in SETTINGS:
        if setting.heading:
            lines += ["", f"## {setting.heading}"]
        lines += ["", f"# {setting.help}"]
        value = values.get(setting.name, setting.default)
        mark = "" if setting.name in values else "# "
        lines.append(f"{mark}{setting.name} = {setting.kind.write(value)}")
    return "\n".join(lines) + "\n"
