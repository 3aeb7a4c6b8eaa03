"""What an operator may set, and the one way to read it.

``Settings`` is the table (``setting_table``).  Values come, the later over the earlier, from the
defaults, from ``kps.toml`` in the home directory, from ``KPS_*`` in the environment, and from
the command line.

This module refuses unknown names and wrong values, all of them at once, and starts nothing
with a half-right configuration.  It opens no file but ``kps.toml``, creates none, looks at no
clock and no network, and never repeats a value in an error: a value may be a password.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kps_soap.setting_kinds import Problem, Setting, Unfit, is_every_address, is_loopback
from kps_soap.setting_table import SETTINGS as SETTINGS
from kps_soap.setting_table import Settings as Settings

FILE_NAME = "kps.toml"

#: Names with the prefix that are no settings: the commands read the home's place from it.
_NOT_SETTINGS = frozenset({"KPS_HOME"})


class SettingsRefused(Exception):
    """The settings cannot be used; ``problems`` lists everything that is wrong, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


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
    for name in ("https", "http", "metrics"):
        everywhere = is_every_address(values.get(f"{name}_host", ""))
        if values.get(f"{name}_port") and everywhere and not _may_listen_everywhere(values):
            yield (
                f"{name}_host",
                "is every address of this machine: name the one that callers use, or set"
                ' listen_on_all_addresses = "yes"',
            )
    host = values.get("http_host")
    proxied = bool(values.get("trusted_proxies"))
    if values.get("http_port") and host is not None and not (proxied or is_plain(host)):
        yield (
            "http_host",
            "plain HTTP is served on loopback only; use TLS, or name in trusted_proxies the proxy"
            " that ends it, or the address in plain_http_addresses",
        )
    metrics_host = values.get("metrics_host")
    if values.get("metrics_port") and metrics_host is not None and not is_plain(metrics_host):
        yield (
            "metrics_host",
            "metrics are served on loopback only; name the address in plain_http_addresses where"
            " nobody but the scraper can reach it",
        )
    base = urlsplit(values.get("public_base_url", ""))
    if base.scheme == "http" and not is_plain(base.hostname or ""):
        yield "public_base_url", "must begin with https:// outside loopback"
    if values.get("timestamp_url") and not values.get("timestamp_ca_file"):
        yield "timestamp_url", "needs timestamp_ca_file: a reply is believed by its certificate"


def _may_listen_everywhere(values: Mapping[str, Any]) -> bool:
    return bool(values.get("listen_on_all_addresses", "yes") == "yes")


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
