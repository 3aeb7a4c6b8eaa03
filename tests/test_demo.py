"""The demo home: made whole, once, and never late."""

import json
import os
import tomllib
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from cryptography import x509

from kps_soap import cli, demo, settings
from kps_soap.configured import load_agreements
from kps_soap.contracts.catalogue import compile_all
from kps_soap.doors.ashx import ashx_places
from kps_soap.doors.intake import Intake
from kps_soap.doors.wsdl import Addresses
from kps_soap.registry import population

DAY = date(2026, 1, 1)


def made(home: Path, *, now: datetime, seed: int = 1) -> dict[str, object]:
    plan = demo.DemoPlan(home, 200, seed, DAY, now, https_port=9443, http_port=9080)
    path = demo.make(plan, randomness=os.urandom)
    assert path == home.absolute() / demo.DEMO_FILE
    described: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return described


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made") / "deep" / "home"
    made(home, now=datetime(2026, 3, 1, tzinfo=UTC))
    return home


def test_the_personas_of_the_file_are_those_of_the_register(home: Path) -> None:
    described = json.loads((home / demo.DEMO_FILE).read_text(encoding="utf-8"))
    personas = population.personas(1, DAY)
    assert [one["identity_number"] for one in described["personas"]] == [
        one.identity_number for one in personas
    ]
    assert described["base_url"] == "https://127.0.0.1:9443"
    assert described["http_url"] == "http://127.0.0.1:9080"


def test_every_account_of_an_agreement_is_open_with_a_password_of_its_own(home: Path) -> None:
    described = json.loads((home / demo.DEMO_FILE).read_text(encoding="utf-8"))
    named = {
        account
        for path in (home / "agreements").glob("*.toml")
        for account in tomllib.loads(path.read_text(encoding="utf-8"))
        .get("access", {})
        .get("accounts", ())
    }
    assert {one["username"] for one in described["accounts"]} == named
    assert len({one["password"] for one in described["accounts"]}) == len(named)


def test_settings_are_relative_so_that_a_home_can_be_moved(home: Path) -> None:
    text = (home / settings.FILE_NAME).read_text(encoding="utf-8")
    assert str(home) not in text
    read = settings.read(home, {})
    assert read.evidence_key_file == home / "keys" / "evidence.key"


def test_a_demo_of_later_years_has_agreements_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime(2031, 6, 1, tzinfo=UTC)
    made(tmp_path / "later", now=later)
    monkeypatch.setattr("kps_soap.configured.utc_now", lambda: later)
    loaded = load_agreements(settings.read(tmp_path / "later", {}), compile_all())
    chosen = loaded.choose("KRM-34-0417", later.date())
    assert chosen.document.valid_until == date(2032, 12, 31)
    company = next(one for one in loaded.agreements if one.institution.code == "SRK-0112")
    # Only dates are moved: numbers of agreements and laws stay what they are.
    assert company.number == "2026/305"


def test_a_home_that_holds_anything_is_left_alone(home: Path, tmp_path: Path) -> None:
    with pytest.raises(demo.DemoError, match="already holds a gateway"):
        made(home, now=datetime(2026, 3, 1, tzinfo=UTC))
    (tmp_path / "notes.txt").touch()
    with pytest.raises(demo.DemoError, match="not empty"):
        made(tmp_path, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_name_that_nothing_can_hold_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    for name in (
        *("geçit.example", "two words", "", "*.gecit.example", "-gecit.example", "gecit.example/x"),
        *("gecit.example:8443", "192.0.2.7:8443", "[2001:db8::1]", "2001:db8::1::", "fe80::1%lo"),
    ):
        plan = demo.DemoPlan(
            tmp_path / "home", 200, 1, DAY, datetime(2026, 3, 1, tzinfo=UTC), names=(name,)
        )
        with pytest.raises(demo.DemoError, match="host name in ASCII"):
            demo.make(plan, randomness=os.urandom)
    assert not (tmp_path / "home").exists()


class Named(NamedTuple):
    """A home that was made with further names, by the command."""

    home: Path
    settings: settings.Settings
    certificate: x509.Certificate

    def addresses(self) -> Addresses:
        """The addresses that this home's gateway advertises, as it puts them together."""
        intake = Intake(
            body_bytes_max=self.settings.body_bytes_max,
            body_seconds_max=self.settings.body_seconds_max,
            trusted_proxies=self.settings.trusted_proxies,
            plain_http_addresses=frozenset(self.settings.plain_http_addresses),
            clock=lambda: datetime(2026, 3, 1, tzinfo=UTC),
            new_id=lambda: "istek-1",
        )
        hosts = frozenset(self.settings.allowed_hosts)
        return Addresses(self.settings.public_base_url, hosts, intake)


NAMES = ("gecit.example", "KPSv2.example", "gecit.example", "192.0.2.7", "2001:db8::1")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Named:
    home = tmp_path_factory.mktemp("named") / "home"
    names = [word for name in NAMES for word in ("--name", name)]
    words = ["demo", "init", str(home), "--persons", "200", "--date", f"{DAY}", *names]
    result = CliRunner().invoke(cli.main, words)
    assert result.exit_code == 0, result.output
    read = settings.read(home, {})
    pem = read.tls_certificate_file.read_bytes()
    return Named(home, read, x509.load_pem_x509_certificate(pem))


def test_further_names_stand_in_the_settings_each_once(named: Named) -> None:
    assert named.settings.allowed_hosts == (
        *("localhost", "127.0.0.1", "gecit.example", "kpsv2.example", "192.0.2.7"),
        "[2001:db8::1]",
    )


def test_further_names_stand_in_the_certificate_as_what_they_are(named: Named) -> None:
    alternatives = named.certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    ).value
    assert alternatives.get_values_for_type(x509.DNSName) == [
        *("localhost", "gecit.example", "kpsv2.example")
    ]
    assert alternatives.get_values_for_type(x509.IPAddress) == [
        ip_address(one) for one in ("127.0.0.1", "::1", "192.0.2.7", "2001:db8::1")
    ]


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("gecit.example", "https://gecit.example"),
        ("KPSV2.EXAMPLE", "https://kpsv2.example"),
        ("kpsv2.example:8443", "https://kpsv2.example:8443"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("other.example", "https://127.0.0.1:8443"),
        ("gecit.example.other.example", "https://127.0.0.1:8443"),
    ],
)
def test_documents_advertise_the_name_that_they_were_fetched_by(
    named: Named, host: str, base_url: str
) -> None:
    scope = {"scheme": "https", "headers": [(b"host", host.encode())], "client": ("192.0.2.9", 1)}
    advertised = named.addresses().base_url(scope)
    assert advertised == base_url
    (page, _plain) = (place.page for place in ashx_places(compile_all()))
    document = page({"service": "KisiSorgulaTCKimlikNoServis"}, advertised).body
    assert f'location="{base_url}/Services/RoutingService.svc"'.encode() in document
    assert f">{base_url}/Services/Issuer.svc/IWSTrust13<".encode() in document


def test_an_empty_directory_is_a_place_for_a_home(tmp_path: Path) -> None:
    described = made(tmp_path, now=datetime(2026, 3, 1, tzinfo=UTC), seed=2)
    other = population.personas(1, DAY)[0].identity_number
    assert described["personas"][0]["identity_number"] != other  # type: ignore[index]
