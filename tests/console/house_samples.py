"""A demo home with its gateway opened in this process, and browsers that speak to it.

``console_house`` opens one; ``Browser`` is an office's browser without a window: it keeps
cookies, takes the form's token from the page before it sends a form, and says where it comes from.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pyotp
from end_to_end.running import make_home
from sqlalchemy import Engine, Table, delete, insert, select, update

from kps_soap import agreement_models, people_models, settings
from kps_soap.app import Running, open_gateway
from kps_soap.console.house import House
from kps_soap.database import open_database, writing
from kps_soap.models import credentials, evidence
from kps_soap.people_models import people
from kps_soap.sealing import seals_of

CLERK, HEAD = "v-06-0001.memur", "v-06-0001.idari"
OPERATOR, AUDITOR = "merkez.isletmen", "merkez.denetci"
_TOKEN = re.compile(r'name="form" value="([^"]+)"')
_TAG = re.compile(r"<[^>]+>")


@dataclass
class Browser:
    """One browser.  ``last`` is the answer that it shows."""

    house: "ConsoleHouse"
    client: httpx.AsyncClient
    last: httpx.Response = field(init=False)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page of the console, following redirects."""
        request = self.client.get(f"/konsol{path}", headers=_names(headers))
        self.last = self.house.run(request)
        return self.last

    def token(self, path: str) -> str:
        """The token of the page's own form, or of any form of it."""
        text = self.get(path).text
        inside = _TOKEN.findall(text[text.index("<main") :]) or _TOKEN.findall(text)
        return str(inside[0])

    def send(
        self,
        path: str,
        values: Mapping[str, object],
        *,
        token: str | None = None,
        page: str = "",
        **headers: str,
    ) -> httpx.Response:
        """Send a form; its token comes from ``page``, else from the page that it is sent to."""
        given = {name: str(value) for name, value in values.items()}
        given["form"] = self.token(page or path) if token is None else token
        names = {"origin": self.house.base_url, "sec_fetch_site": "same-origin"} | headers
        request = self.client.post(f"/konsol{path}", data=given, headers=_names(names))
        self.last = self.house.run(request)
        return self.last

    def sign_in(self, person_id: str, **changes: str) -> httpx.Response:
        """Sign in as somebody of the demo; ``changes`` are other values of the form."""
        known = self.house.person(person_id)
        self.house.forget_codes()
        values = {
            "kimlik": person_id,
            "parola": known["password"],
            "kod": pyotp.TOTP(known["code_secret"]).now(),
        }
        return self.send("/giris", values | changes)

    @property
    def text(self) -> str:
        """What the page says, without its tags."""
        shown = self.last.text[self.last.text.index("<main") :]
        return " ".join(unescape(_TAG.sub(" ", shown)).split())

    @property
    def place(self) -> str:
        """Where the browser is, below the console."""
        return self.last.url.path.removeprefix("/konsol")


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass
class ConsoleHouse:
    """The opened gateway."""

    home: Path
    demo: dict[str, Any]
    runner: asyncio.Runner
    running: Running
    engine: Engine

    @property
    def base_url(self) -> str:
        return str(self.demo["base_url"])

    @property
    def inside(self) -> House:
        """What the console was handed."""
        found: House = self.running.application.console.state.house
        return found

    def run(self, work: Any) -> Any:
        """Let the gateway's loop run until this is done."""
        return self.runner.run(_awaited(work))

    def person(self, person_id: str) -> dict[str, Any]:
        """What the demo tells of a person."""
        return next(one for one in self.demo["people"] if one["person_id"] == person_id)

    def stranger(self, *, source: str = "127.0.0.1", base_url: str = "") -> Browser:
        """A browser in which nobody is signed in."""
        transport = httpx.ASGITransport(self.running.application, client=(source, 4711))
        client = httpx.AsyncClient(
            transport=transport,
            base_url=base_url or self.base_url,
            follow_redirects=True,
            timeout=60,
        )
        return Browser(self, client)

    def browser(self, person_id: str) -> Browser:
        """A browser in which a person of the demo is signed in."""
        browser = self.stranger()
        browser.sign_in(person_id)
        assert browser.place == "/", browser.text
        return browser

    def forget_codes(self) -> None:
        """Let everybody use the code of this moment once more, and forget wrong guesses."""
        columns = {"code_step": 0, "failures": 0, "locked_until_us": 0}
        self.write(update(people).values(columns))

    def write(self, statement: Any) -> None:
        """Change the gateway's database behind the console's back."""
        with self.engine.connect() as connection, writing(connection):
            connection.execute(statement)

    def seal(self) -> None:
        """Seal what was recorded, as the gateway does by itself after a while."""
        sealer = seals_of(self.inside.settings, self.engine).sealer
        self.run(asyncio.to_thread(sealer.seal_all, seconds_max=30))

    def events(self, **columns: str) -> list[Any]:
        """The records with these plain columns, oldest first."""
        chosen = [evidence.c[name] == value for name, value in columns.items()]
        statement = select(evidence).where(*chosen).order_by(evidence.c.received_us)
        with self.engine.connect() as connection, connection.begin():
            return list(connection.execute(statement))


async def _awaited(work: Any) -> Any:
    return await work


#: What a console needs of another database; the evidence begins anew there.
_MOVED = [
    one
    for room in (people_models, agreement_models)
    for one in vars(room).values()
    if isinstance(one, Table)
]
_MOVED.append(credentials)


def move_tables(source: str, target: str) -> None:
    """Copy people, accounts and agreements into another database."""
    before = open_database(source, wait_seconds_max=10)
    after = open_database(target, wait_seconds_max=10)
    with before.connect() as old, after.connect() as new, writing(new):
        for table in _MOVED:
            new.execute(delete(table))
            rows = [dict(row._mapping) for row in old.execute(select(table))]
            if rows:
                new.execute(insert(table), rows)
    before.dispose()
    after.dispose()


@contextmanager
def console_house(
    directory: Path, *, moved_to: str = "", **changes: object
) -> Iterator[ConsoleHouse]:
    """A demo home below a directory, opened; ``changes`` are settings of it.

    ``moved_to`` is the address of a gateway database that takes the place of the home's own.
    """
    home = make_home(directory / "home", persons=300)
    if moved_to:
        move_tables(settings.read(home, {}).gateway_url, moved_to)
        changes["gateway_url"] = moved_to
    file = home / "kps.toml"
    kept = [
        line
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.partition(" ")[0] not in changes
    ]
    kept += [f"{name} = {json.dumps(value)}" for name, value in changes.items()]
    file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        chosen = settings.read(home, {})
        running = runner.run(stack.enter_async_context(open_gateway(chosen)))
        engine = open_database(chosen.gateway_url, wait_seconds_max=10)
        try:
            yield ConsoleHouse(home, demo, runner, running, engine)
        finally:
            engine.dispose()
            runner.run(stack.aclose())
