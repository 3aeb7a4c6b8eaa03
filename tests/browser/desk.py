"""Somebody at a desk: a browser of their own, signed in at the console of a served demo home.

``Desk`` is what the tests hold.  Every page that a test shows is judged by axe-core, and its
picture is kept.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
from axe_playwright_python.sync_playwright import Axe
from end_to_end.running import ROOT, Served
from playwright.sync_api import Browser, BrowserContext, Page

#: Where pictures go: build artefacts, unless the one who runs the tests names a directory.
PICTURES = Path(os.environ.get("KPS_PICTURES") or ROOT / "build" / "browser")
WIDTH, HEIGHT = 1180, 760
#: What axe-core calls a finding that keeps somebody from using a page.
GRAVE = {"serious", "critical"}


@dataclass
class Desk:
    """One person's browser.  ``page`` is the open page."""

    served: Served
    context: BrowserContext
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()

    def open(self, path: str) -> Page:
        """Go to a page of the console."""
        self.page.goto(f"{self.served.https}/konsol{path}")
        return self.page

    def send(self, button: str) -> Page:
        """Press a button of the page's own form."""
        self.page.get_by_role("main").get_by_role("button", name=button, exact=True).click()
        self.page.wait_for_load_state()
        return self.page

    def fill(self, **values: object) -> None:
        """Fill in fields by their names on the wire."""
        for name, value in values.items():
            self.page.locator(f"[name={name}]").fill(str(value))

    def text(self) -> str:
        """What the page says."""
        return self.page.get_by_role("main").inner_text()

    def picture(self, name: str, **options: Any) -> None:
        """Keep a picture of the page, and hold the page to what everybody can use."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"konsol-{name}.png"
        self.page.screenshot(path=path, full_page=True, animations="disabled", **options)
        found = [
            f"{one['id']} ({one['impact']}): {one['nodes'][0]['html']}"
            for one in Axe().run(self.page).response["violations"]
            if one["impact"] in GRAVE
        ]
        assert not found, found


def person_of(served: Served, person_id: str) -> dict[str, Any]:
    """What the demo tells of a person."""
    return next(one for one in served.demo["people"] if one["person_id"] == person_id)


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser of its own, without anybody's cookies."""
    return browser.new_context(
        ignore_https_errors=True,
        viewport={"width": WIDTH, "height": HEIGHT},
        locale="tr-TR",
        timezone_id="Europe/Istanbul",
        **options,
    )


def sign_in(desk: Desk, person_id: str) -> None:
    """Sign in as a person of the demo, with the code of this moment."""
    person = person_of(desk.served, person_id)
    desk.open("/giris")
    code = pyotp.TOTP(person["code_secret"]).now()
    desk.fill(kimlik=person_id, parola=person["password"], kod=code)
    desk.send("Oturum aç")
    assert "Hoş geldiniz" in desk.text(), desk.text()
