"""What is fed: messages of four doors, signed requests, agreement files, pages of the console.

A target has seeds, and a function that takes any bytes and raises ``Broken`` where the product
did anything else than answer or refuse as it plans to.  An exception that comes through is a find
as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from console.house_samples import CLERK, Browser, ConsoleHouse
from corpus.every import every_case
from corpus.houses import Inside, Told, fast_home, inside
from corpus.world import MAIN, Message
from lxml import etree

from kps_soap import places
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import Caps
from kps_soap.agreements.loading import SERVED_DOORS, SERVED_PROFILES, compile_set
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.sections import Rules
from kps_soap.agreements.vocabulary import RELATIONS
from kps_soap.certificates import write_demo_files
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.database import open_database
from kps_soap.signing import Signer

TESTS = Path(__file__).resolve().parents[1]
# The doors' samples import one another by bare names, as pytest lets them.
sys.path.append(str(TESTS / "doors"))

from signed_house import SignedMessage, holder, strong, strong_agreements  # noqa: E402

#: Larger messages of the corpus are about their size.
SEED_BYTES_MAX = 12_000


class Broken(Exception):
    """The product did something that nobody planned."""


@dataclass(frozen=True)
class Target:
    """``seeds`` are inputs that are like what callers send; ``run`` takes any bytes."""

    name: str
    seeds: Sequence[bytes]
    run: Callable[[bytes], None]


def judge(told: Told) -> None:
    """Any planned answer, of any status, is right; a surprise is not."""
    if told.refusal == "InternalFailure":
        raise Broken(told.entry.detail if told.entry is not None else "unforeseen")
    if told.status not in (200, 303, 400, 403, 404, 405, 413, 415, 500, 503):
        raise Broken(f"status {told.status}")
    if "xml" in told.headers.get("content-type", ""):
        etree.fromstring(told.body)
    elif told.status == 500 and told.body[:1] == b"":
        raise Broken("a failure without a word")


def message_target(house: Inside, door: str) -> Target:
    """A door: the good message's HTTP headers around any body, the corpus's first of all."""
    bodies = [house.world.good(door).content]
    bodies += [one.make(house.world).content for one in every_case() if one.door == door]
    spelt = list(dict.fromkeys(body for body in bodies if len(body) < SEED_BYTES_MAX))

    def run(content: bytes) -> None:
        judge(house.send(replace(house.world.good(door), body=content)))

    return Target(door, spelt, run)


def header_target(house: Inside) -> Target:
    """A header a line; the first line is the target of the request."""
    seeds = [
        b'/Service/KPSPublic.asmx\nContent-Type: text/xml; charset=utf-8\nSOAPAction: "x"',
        b"/kps/KisiSorgulaTCKimlikNoServis/2011/01/01?wsdl\nContent-Encoding: gzip",
        b'/Services/RoutingService.svc\nContent-Type: application/soap+xml; action="urn:x"',
        b"/Services/Issuer.svc/mex\nX-Forwarded-For: 203.0.113.1, x\nHost: a",
    ]

    def run(content: bytes) -> None:
        first, *lines = content.decode("latin-1").split("\n")
        target = quote(first.split("\r")[0], safe="/?=&%.;:,+-_~!*'()@")
        headers = [line.partition(":")[::2] for line in lines if line.isprintable()]
        named = tuple((name.strip(), value.strip()) for name, value in headers if name.strip())
        good = house.world.good("public")
        for method in ("POST", "GET"):
            judge(house.send(Message("/" + target.lstrip("/"), good.body, method, named)))

    return Target("headers", seeds, run)


def signed_target(folder: Path) -> Target:
    """Requests of an institution that must sign; nothing but what was signed is ever answered."""
    now = datetime(2026, 1, 1, 9, 2, tzinfo=UTC)
    files = write_demo_files(folder / "keys", now.date(), randomness=lambda count: b"\1" * count)
    signers = {
        "RSA": Signer.load(files.rsa_key, files.rsa_certificate, now=now),
        "P256": Signer.load(files.p256_key, files.p256_certificate, now=now),
    }
    (folder / "agreements").mkdir()
    house = strong(strong_agreements(folder / "agreements", holder().digest), signers)
    good = SignedMessage().text.encode()
    expected = house.vouch(good)
    house.presented.blind = True

    def run(content: bytes) -> None:
        answer = house.send(content)
        records = list(house.house.records)
        for kept in (house.house.records, house.house.counted, house.canonicalised):
            kept.clear()
        house.presented.held.clear()
        if any(entry.refusal == "InternalFailure" for entry in records):
            raise Broken(records[0].detail)
        if answer.status == 200 and house.vouch(content) != expected:
            raise Broken("something else than what was signed is answered")

    return Target("signed", [good], run)


def agreement_target() -> Target:
    """An agreement file: judged, or refused with sentences."""
    rules = Rules(
        catalogue=catalogue_of(compile_all()),
        address_rights=AddressRights.load(places.conf() / "address_rights.toml"),
        today=datetime(2026, 6, 1, tzinfo=UTC).date(),
        served_doors=SERVED_DOORS,
        served_profiles=SERVED_PROFILES,
        served_relations=frozenset(RELATIONS),
        caps=Caps(),
    )
    files = sorted((places.conf() / "agreements").glob("*.toml"))

    def run(content: bytes) -> None:
        try:
            compile_set({"a.toml": content}, rules, shown_in=Path("agreements"))
        except AgreementErrors as refused:
            if not all(line.isprintable() for line in str(refused).splitlines()):
                raise Broken("a sentence that moves a terminal") from None

    return Target("agreement", [file.read_bytes() for file in files], run)


def console_target(house: Inside, home: Path, stack: ExitStack) -> Target:
    """A page's address and, behind a line break, the fields of a form that is sent to it."""
    settings = house.running.application.console.state.house.settings
    engine = open_database(settings.gateway_url, wait_seconds_max=10)
    stack.callback(engine.dispose)
    console = ConsoleHouse(home, house.world.demo, house.runner, house.running, engine)
    clerk, stranger = console.browser(CLERK), console.stranger()
    token = clerk.token("/sorgu") if "<form" in clerk.get("/sorgu").text else "x"
    routes = [one.path for one in house.running.application.console.routes]
    seeds = [f"{path}\nkimlik=1&parola=x&kod=000000&numara=1&neden=x".encode() for path in routes]

    def ask(browser: Browser, path: str, fields: dict[str, str]) -> None:
        headers = {"origin": console.base_url, "sec-fetch-site": "same-origin"}
        for request in (
            browser.client.get(path, follow_redirects=False),
            browser.client.post(path, data=fields, headers=headers, follow_redirects=False),
        ):
            status = console.run(request).status_code
            if status >= 500 and status != 503:
                raise Broken(f"status {status}")

    def run(content: bytes) -> None:
        first, _, form = content.decode("utf-8", "replace").partition("\n")
        path = quote(first, safe="/?=&%")
        path = path if path.startswith("/konsol") else "/konsol/" + path.lstrip("/")
        fields = dict(parse_qsl(form, keep_blank_values=True)[:50])
        ask(stranger, path, fields)
        if "cikis" not in path:
            ask(clerk, path, {**fields, "form": token})

    return Target("console", seeds, run)


@contextmanager
def every_target(folder: Path) -> Iterator[dict[str, Target]]:
    """All targets, over one opened demo home."""
    with ExitStack() as stack:
        home = stack.enter_context(fast_home(folder))
        house: Inside = stack.enter_context(inside(home))
        found: list[Any] = [message_target(house, door) for door in MAIN]
        found += [
            header_target(house),
            signed_target(folder),
            agreement_target(),
            console_target(house, home, stack),
        ]
        yield {one.name: one for one in found}
