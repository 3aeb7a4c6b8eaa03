"""One gateway that goes by the published host names, the toolchains, and the table at the end.

These tests are run by ``make interop`` and by nobody else: they need compilers and package
registries that the other tests do without.  They are collected only when they are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from end_to_end.running import Served, kps, serving
from free_ports import free_ports

from interop.roster import CLIENTS, DOORS, INSTITUTION, NOBODY, PERSON, SIGNED_KINDS, VERIFIERS
from interop.surveys import PUBLISHED, SURVEYS
from interop.toolchains import Toolchains, Workshop

#: The names that programs have compiled in; only name resolution leads them here.
HOST_NAMES = ("kimlikdogrulama.ornek.example", "kpsv2.ornek.example")

#: Each client tries a wrong password once; all of them have the same account.
MANY_WRONG_PASSWORDS = """
password_failures_max = 1000
password_failures_per_day_max = 0
password_failures_per_source_max = 100000
"""
AGREEMENT, NOT_GRANTED = "ornek-ilce-belediyesi.toml", "KisiListeleServis"


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demo gateway whose certificate carries the published host names."""
    home = tmp_path_factory.mktemp("interop") / "home"
    https_port, http_port = free_ports(2)
    names = [word for name in HOST_NAMES for word in ("--name", name)]
    made = kps(
        "demo", "init", str(home), "--persons", "1000", "--date", "2026-01-01",
        "--port", str(https_port), "--http-port", str(http_port), "--metrics-port", "0", *names,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with (home / "kps.toml").open("a", encoding="utf-8") as settings:
        settings.write(MANY_WRONG_PASSWORDS)
    take_away(home / "agreements" / AGREEMENT, NOT_GRANTED)
    with serving(home) as served:
        yield served


def take_away(agreement: Path, service: str) -> None:
    """Grant one service less, so that there is one to be refused."""
    first, *services = agreement.read_text(encoding="utf-8").split("[[services]]\n")
    left = [one for one in services if not one.startswith(f'name = "{service}"')]
    assert len(left) == len(services) - 1
    agreement.write_text("[[services]]\n".join([first, *left]), encoding="utf-8")


def situation(gateway: Served) -> dict[str, str]:
    """What every client is told through its environment."""
    account, person = gateway.account(INSTITUTION), gateway.persona(PERSON)
    return {
        "INTEROP_BASE": gateway.https,
        "INTEROP_CONNECT": gateway.https.removeprefix("https://"),
        "INTEROP_CA": str(gateway.demo["ca_file"]),
        "INTEROP_SIGNER": str(gateway.home / "keys" / "rsa.pem"),
        "INTEROP_USERNAME": account["username"],
        "INTEROP_PASSWORD": account["password"],
        "INTEROP_NUMBER": str(person["identity_number"]),
        "INTEROP_GIVEN_NAME": person["given_name"],
        "INTEROP_SURNAME": person["surname"],
        "INTEROP_YEAR": str(person["birth"]["year"]),
        "INTEROP_MONTH": str(person["birth"]["month"]),
        "INTEROP_DAY": str(person["birth"]["day"]),
        "INTEROP_NOBODY": str(gateway.number(NOBODY)),
    }


@pytest.fixture(scope="session")
def workshop(gateway: Served, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Where this session's code is generated."""
    return Workshop(
        base=gateway.https,
        authority=Path(gateway.demo["ca_file"]),
        directory=tmp_path_factory.mktemp("workshop"),
        situation=situation(gateway),
    )


@pytest.fixture(scope="session")
def toolchains(workshop: Workshop) -> Toolchains:
    return Toolchains(workshop)


# The table at the end


#: For each table: its title, the parameter that names a row, the one that names a column.
TABLES = (
    ("clients", "client", "door"),
    ("signed answers", "verifier", "kind"),
    ("code from every WSDL", "survey", "family"),
)


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Note which table's row and column a test stands for."""
    callspec = getattr(item, "callspec", None)
    if call.when != "setup" or callspec is None:
        return
    for title, row, column in TABLES:
        if row in callspec.params:
            cell = (title, callspec.params[row].name, callspec.params[column])
            item.user_properties.append(("cell", cell))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Every client, verifier and generator with what became of it, and why one was skipped."""
    said: dict[str, dict[tuple[str, str], str]] = {title: {} for title, _, _ in TABLES}
    reasons: dict[str, dict[str, str]] = {title: {} for title, _, _ in TABLES}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            cell = dict(getattr(report, "user_properties", ())).get("cell")
            if cell is None:
                continue
            title, row, column = cell
            said[title][row, column] = outcome
            if outcome == "skipped":
                reasons[title][row] = report.longrepr[2].removeprefix("Skipped: ")
    for title, cells in said.items():
        if cells:
            terminalreporter.section(f"interop: {title}")
            for line in table(cells):
                terminalreporter.write_line(line)
        for row, reason in reasons[title].items():
            terminalreporter.write_line(f"skipped: {row} ({reason})")


def table(said: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Lines of equal columns; a dash stands where there is nothing to try."""
    used = {column for _, column in said}
    columns = next([*order] for order in (DOORS, SIGNED_KINDS, PUBLISHED) if used <= {*order})
    yield "".join(f"{text:<22}" for text in ("", *columns)).rstrip()
    for row in dict.fromkeys(one.name for one in (*CLIENTS, *VERIFIERS, *SURVEYS)):
        cells = [said.get((row, column), "-") for column in columns]
        if set(cells) != {"-"}:
            yield "".join(f"{text:<22}" for text in (row, *cells)).rstrip()
