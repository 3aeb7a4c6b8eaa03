"""The table of what an operator may set: a field of ``Settings`` is a row.

A row has its kind, default, unit (last in its name) and help.  ``SETTINGS`` shows the same table
to the commands and to the test of the documentation.  ``settings`` reads values into it; this
module reads nothing and checks nothing by itself.
"""

import dataclasses
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from kps_soap.setting_kinds import (
    BASE_URL,
    DATABASE_URL,
    HOSTS,
    INTEGER,
    LISTEN_HOST,
    LISTEN_HOSTS,
    NETWORKS,
    OPTIONAL_HTTP,
    OPTIONAL_HTTPS,
    OPTIONAL_PATH,
    PATH,
    SHIPPED_PATH,
    Kind,
    Setting,
    choice,
)

Network = IPv4Network | IPv6Network


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
    listen_on_all_addresses: str = _row(
        choice("no", "yes"),
        "no",
        "Whether an address to listen on may be 0.0.0.0 or ::, which is every one of this machine.",
    )
    http_host: str = _row(LISTEN_HOST, "127.0.0.1", "The address to listen on without TLS.")
    http_port: int = _integer(8080, "The port to listen on without TLS; 0 for none.", 0, 65535)
    plain_http_addresses: tuple[str, ...] = _row(
        LISTEN_HOSTS,
        (),
        "Addresses outside loopback where plain HTTP is allowed to everybody who reaches them.",
    )
    trusted_proxies: tuple[Network, ...] = _row(
        NETWORKS,
        (),
        "Networks (CIDR) of proxies that end TLS: they may come in plain HTTP, and say for whom.",
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
        1, "How often the agreement files are looked at for edits by hand; 0: never.", 0, 60
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
    misuse_file: Path | None = _row(
        SHIPPED_PATH, None, "Thresholds of the rules of misuse; unset: the file shipped."
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
    retention_years: int = _integer(
        15, "How many years after its end a month of evidence is kept; never less than 15.", 15, 200
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

    seal_key_file: Path = _row(
        PATH, "keys/seal.key", "The P-256 key that seals the evidence, PEM.", heading="Seals"
    )
    seal_certificate_file: Path = _row(
        PATH,
        "keys/seal.pem",
        "The certificate of the seal key, PEM; those of earlier keys stand behind it.",
    )
    seal_records_max: int = _integer(
        10000, "How many records are sealed together at most.", 100, 100000
    )
    seal_seconds: int = _integer(60, "How long a record waits for its seal at most.", 1, 86400)
    witness_directory: Path | None = _row(
        OPTIONAL_PATH, None, "A directory to which every seal is written; unset: none."
    )
    witness_url: str | None = _row(
        OPTIONAL_HTTPS,
        None,
        "An https address below which every seal is put (HTTP PUT); unset: none.",
    )
    timestamp_url: str | None = _row(
        OPTIONAL_HTTP, None, "A timestamp authority's address (RFC 3161); unset: none."
    )
    timestamp_ca_file: Path | None = _row(
        OPTIONAL_PATH, None, "The certificates that the authority's chain ends in, PEM."
    )
    timestamp_seconds: int = _integer(
        3600, "How long the newest seal may be without a timestamp.", 60, 604800
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

    institution_share_percent: int = _integer(
        75, "How many of these, in percent, one institution may have in hand at a time.", 1, 100
    )
    write_seconds_max: int = _integer(
        30, "How long a caller may leave an answer unread before the connection ends.", 1, 600
    )
    connections_max: int = _integer(
        0,
        "Connections of one worker; for one more the longest idle ends. 0: by open files allowed.",
        0,
        1000000,
    )
    drain_seconds: int = _integer(
        0,
        "How long the gateway goes on at its end while /saglik sends load balancers elsewhere.",
        0,
        300,
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
    password_failures_per_source_max: int = _integer(
        100,
        "Wrong passwords that one worker takes from one source address within a lock's time.",
        1,
        100000,
    )
    password_failures_per_day_max: int = _integer(
        20,
        "Wrong passwords of one day that block an account until it is opened; 0: never.",
        0,
        100000,
    )
    password_days_max: int = _integer(
        365,
        "Days until people must change their password, and an account's gets a notice; 0: never.",
        0,
        3650,
    )
    console: str = _row(
        choice("on", "off"), "on", "Whether the pages of the console are served below /konsol."
    )
    console_idle_seconds: int = _integer(
        900, "How long a session of the console lasts unused.", 60, 3600
    )
    console_session_seconds: int = _integer(
        28800, "How long a session of the console lasts at most.", 300, 86400
    )
    breached_passwords_file: Path | None = _row(
        OPTIONAL_PATH,
        None,
        "Passwords that nobody may choose, one a line, plain or as SHA-1 or SHA-256; unset: none.",
    )
    token_seconds: int = _integer(3600, "How long a token of the token service is good.", 60, 86400)
    clock_skew_seconds: int = _integer(
        300, "How far a caller's clock may be off (profile KLASIK).", 0, 3600
    )
    repetition_seconds_max: int = _integer(
        900,
        "How long the same question with the same MessageID is a repetition that costs nothing;"
        " 0: never.",
        0,
        86400,
    )
    message_age_seconds_max: int = _integer(
        900, "How old a caller's Timestamp may be (profile KLASIK).", 60, 86400
    )
    answer_validity_seconds: int = _integer(
        300, "How long the Timestamp of an answer says that it is fresh.", 30, 3600
    )

    metrics_port: int = _integer(
        0,
        "The port of /metrics (Prometheus), for a scraper on this machine; 0 for none.",
        0,
        65535,
        heading="Log and metrics",
    )
    metrics_host: str = _row(
        LISTEN_HOST,
        "127.0.0.1",
        "The address of /metrics; outside loopback plain_http_addresses must name it.",
    )
    log_format: str = _row(
        choice("text", "json"), "text", "How a line of the log is written, on standard error."
    )
    log_level: str = _row(
        choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "What is worth a line of the log."
    )
    log_requests: str = _row(
        choice("all", "refused", "none"),
        "all",
        "Which requests leave a line of level INFO; it names no person and no account.",
    )


#: The table, row by row, in its order.
SETTINGS: tuple[Setting, ...] = tuple(
    Setting(name=row.name, **row.metadata) for row in dataclasses.fields(Settings) if row.metadata
)
