"""A served demo home and Debian's Chromium; each test gets browsers of its own.

These tests are run by ``make browser``, and where they are named: they need a browser.  Where
there is none they skip themselves.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from end_to_end.running import Served, make_home, serving
from playwright.sync_api import Browser, sync_playwright

from browser.desk import Desk, new_context, sign_in


@pytest.fixture(scope="session")
def konsol(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A demo home, served.  A test leaves it as it was."""
    home = make_home(tmp_path_factory.mktemp("browser") / "home")
    with (home / "kps.toml").open("a", encoding="utf-8") as file:
        # An edited agreement file waits for whoever puts it in force.
        file.write("agreements_poll_seconds = 0\n")
    with serving(home) as served:
        yield served


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def keeps() -> dict[str, Any]:
    """The cookies of who has signed in: a code is good once, so nobody signs in twice."""
    return {}


@pytest.fixture
def desk(konsol: Served, chromium: Browser) -> Iterator[Desk]:
    """A browser in which nobody is signed in."""
    context = new_context(chromium)
    yield Desk(konsol, context)
    context.close()


@pytest.fixture
def desk_of(
    konsol: Served, chromium: Browser, keeps: dict[str, Any]
) -> Iterator[Callable[[str], Desk]]:
    """Browsers in which people of the demo are signed in."""
    opened = []

    def give(person_id: str) -> Desk:
        known = keeps.get(person_id)
        context = new_context(chromium, storage_state=known)
        opened.append(context)
        desk = Desk(konsol, context)
        if known is None:
            sign_in(desk, person_id)
            keeps[person_id] = context.storage_state()
        return desk

    yield give
    for context in opened:
        context.close()
