"""What a setting is: a row of the table, and the kinds of value that a row may have.

A kind turns what TOML, the environment or the command line gave into the value that the
gateway works with.  It refuses everything else with a sentence that says what is expected and
never repeats the value, which may be a password.  It knows no setting by name, looks nothing
up and does not ask whether a file exists: `kps check` does.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kps_soap import turkish


class Unfit(ValueError):
    """A value that its kind does not accept; the text says what is expected instead."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    ``name`` is for the documentation; ``read`` takes a value as TOML gives it, and the home
    directory; ``parse`` makes such a value from the text of an environment variable.
    """

    name: str
    read: Callable[[object, Path], object]
    parse: Callable[[str], object]

    def write(self, value: object) -> str:
        """The value as a kps.toml writes it."""
        return _toml(value)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table, as the documentation and ``render`` see it.

    ``least`` and ``most`` bound an integer, both included.  ``heading`` opens a group of rows.
    """

    name: str
    kind: Kind
    default: object
    help: str
    heading: str = ""
    least: int = 0
    most: int = 2**31 - 1

    @property
    def environment(self) -> str:
        """The variable of the environment that sets it."""
        return f"KPS_{turkish.ascii_upper(self.name)}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (file and line, or variable), which name, and what to do."""

    place: str
    name: str
    sentence: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.name, self.sentence) if part)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address (an IP address, or ``localhost``)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_every_address(host: str) -> bool:
    """Whether listening there is listening on all addresses of this machine."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_unspecified


def _toml(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    # A TOML basic string is a JSON string, but for DEL, which TOML wants escaped.
    text = "" if value is None else str(value)
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _same(text: str) -> object:
    return text


def _whole_number(text: str) -> object:
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise Unfit("must be a whole number")
    return int(text)


def _comma_separated(text: str) -> object:
    return [part for part in (piece.strip() for piece in text.split(",")) if part]


def _text(raw: object, expected: str) -> str:
    """A string with something in it and no control character."""
    if isinstance(raw, Path | IPv4Network | IPv6Network):
        raw = str(raw)
    if not isinstance(raw, str) or not raw or not raw.isprintable():
        raise Unfit(f"must be {expected}")
    return raw


def _each(raw: object, expected: str, read: Callable[[str], object]) -> tuple[object, ...]:
    """Every item of a list; ``expected`` says what the list is of."""
    if not isinstance(raw, list | tuple):
        raise Unfit(f"must be a list of {expected}")
    return tuple(read(_text(item, f"a list of {expected}")) for item in raw)


def _read_integer(raw: object, _home: Path) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Unfit("must be a whole number")
    return raw


def _read_path(raw: object, home: Path) -> Path:
    return home / _text(raw, "the name of a file or directory")


def _read_shipped_path(raw: object, home: Path) -> Path | None:
    return None if raw is None or raw == "" else _read_path(raw, home)


def _read_base_url(raw: object, _home: Path) -> str:
    expected = "an address like https://kps.example.org, without a path"
    text = _text(raw, expected)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Unfit(f"must be {expected}") from None
    authority = _authority(host or "", port)
    rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in ("https", "http") or not _HOST.fullmatch(authority) or rest:
        raise Unfit(f"must be {expected}")
    return f"{parts.scheme}://{authority}"


def _authority(host: str, port: int | None) -> str:
    """Host and port as a URL writes them; an IPv6 address stands in brackets."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"


def _read_target(raw: object, schemes: tuple[str, ...]) -> str | None:
    """An address that the gateway itself calls: no user, no query; None where it is unset."""
    if raw is None or raw == "":
        return None
    expected = f"an address like {schemes[0]}://host/path, without a user, ? or #"
    text = _text(raw, expected)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Unfit(f"must be {expected}") from None
    near = parts.scheme == "http" and is_loopback(host)
    odd = parts.username is not None or parts.query or parts.fragment or not text.isascii()
    if odd or not (near or parts.scheme in schemes) or not _HOST.fullmatch(_authority(host, port)):
        raise Unfit(f"must be {expected}")
    return text


_HOST = re.compile(
    r"""(?: [A-Za-z0-9] (?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?   # a name or an IPv4 address
          | \[ [0-9A-Fa-f:.]{2,45} \] )                        # an IPv6 address
        (?: : [0-9]{1,5} )?                                    # a port
    """,
    re.ASCII | re.VERBOSE,
)


def _read_host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise Unfit("must be a list of hosts like kps.example.org or kps.example.org:8443")
    return text


def _read_listen_host(text: str) -> str:
    if text != "localhost":
        try:
            ip_address(text)
        except ValueError:
            raise Unfit("must be an IP address of this machine, or localhost") from None
    return text


def _read_network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise Unfit("must be a list of networks like 10.1.0.0/16, no bit set after it") from None


_SQLITE = "sqlite:///"
_POSTGRESQL = "postgresql+psycopg://"


def _read_database_url(raw: object, home: Path) -> str:
    expected = f"{_SQLITE}FILE or {_POSTGRESQL}USER@HOST/DATABASE"
    text = _text(raw, expected)
    if text.startswith(_SQLITE) and len(text) > len(_SQLITE):
        path = str(home / text.removeprefix(_SQLITE))
        if any(letter in path for letter in "?#%"):
            raise Unfit("must lead to a file whose path holds no ?, # or %")
        return f"{_SQLITE}{path}"
    if text.startswith(_POSTGRESQL) and len(text) > len(_POSTGRESQL):
        try:
            url = make_url(text)
        except (ValueError, ArgumentError):
            # The parser's own words would quote the password.
            raise Unfit(f"must be {expected}; write special characters as %XX") from None
        if url.password is not None or "password" in url.query or "sslpassword" in url.query:
            # Whoever may read settings or see an environment need not know it.
            raise Unfit(
                "must hold no password: write it into a file of mode 0600 as PostgreSQL's .pgpass"
                " has it, and add ?passfile=/PATH/OF/THE/FILE"
            )
        return text
    raise Unfit(f"must be {expected}")


def choice(*words: str) -> Kind:
    """A kind whose values are a few words."""

    def read(raw: object, _home: Path) -> str:
        if raw not in words:
            raise Unfit(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return str(raw)

    return Kind(" or ".join(words), read, _same)


INTEGER = Kind("whole number", _read_integer, _whole_number)
PATH = Kind("path", _read_path, _same)
SHIPPED_PATH = Kind("path, or unset", _read_shipped_path, _same)
OPTIONAL_PATH = Kind("path, or unset", _read_shipped_path, _same)
OPTIONAL_HTTPS = Kind(
    "https address, or unset", lambda raw, _home: _read_target(raw, ("https",)), _same
)
OPTIONAL_HTTP = Kind(
    "address, or unset", lambda raw, _home: _read_target(raw, ("https", "http")), _same
)
BASE_URL = Kind("address", _read_base_url, _same)
DATABASE_URL = Kind("database", _read_database_url, _same)
LISTEN_HOST = Kind(
    "IP address",
    lambda raw, _home: _read_listen_host(_text(raw, "an IP address of this machine, or localhost")),
    _same,
)
LISTEN_HOSTS = Kind(
    "list of IP addresses",
    lambda raw, _home: _each(raw, "IP addresses", _read_listen_host),
    _comma_separated,
)
HOSTS = Kind("list of hosts", lambda raw, _home: _each(raw, "hosts", _read_host), _comma_separated)
NETWORKS = Kind(
    "list of networks",
    lambda raw, _home: _each(raw, "networks", _read_network),
    _comma_separated,
)
