"""What the benchmark drives is what it says: the yardstick answers the same question, at rest."""

import asyncio
import io
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from lxml import etree

from benchmarks import stock_spyne
from benchmarks.load import cpu_seconds, settle
from benchmarks.messages import direct_message, public_message
from kps_soap.registry import population
from kps_soap.registry.store import Register

DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def register_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('bench') / 'register.db'}"
    population.make(url, persons=500, seed=1, date=DAY)
    return url


def answer_of(url: str, application: Callable[[Register], Any], message: str) -> tuple[str, bytes]:
    """Status and body of a WSGI application over a register."""

    async def opened() -> tuple[str, bytes]:
        register = await Register.open(url)
        try:
            return _call(application(register), message.encode())
        finally:
            await register.close()

    return asyncio.run(opened())


def _call(application: Any, body: bytes) -> tuple[str, bytes]:
    started: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "0",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }
    chunks = application(environ, lambda status, _headers, _error=None: started.append(status))
    return started[0], b"".join(chunks)


def test_the_yardstick_finds_the_same_person(register_url: str) -> None:
    persona = population.personas(1, DAY)[0]
    status, body = answer_of(
        register_url,
        stock_spyne.person_application,
        direct_message(persona.identity_number, None),
    )
    assert status.startswith("200")
    texts = {str(one.text) for one in etree.fromstring(body).iter("{*}TCKimlikNo", "{*}Soyad")}
    assert texts == {str(persona.identity_number), persona.surname}


def test_the_yardstick_verifies_the_same_person(register_url: str) -> None:
    persona = population.personas(1, DAY)[0]
    message = public_message(
        {
            "identity_number": persona.identity_number,
            "given_name": persona.given_name,
            "surname": persona.surname,
            "birth": {"year": persona.born.year},
        }
    )
    status, body = answer_of(register_url, stock_spyne.public_application, message)
    assert status.startswith("200")
    assert b">true<" in body


BUSY_FOR_A_WHILE = """
import time
print(flush=True)
while time.process_time() < 0.6: pass
input()
"""


def test_a_run_begins_when_the_server_has_done_what_the_run_before_left() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY_FOR_A_WHILE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        settle([server.pid])
        assert cpu_seconds(server.pid) >= 0.55
        server.communicate(b"\n")
    settle([])
