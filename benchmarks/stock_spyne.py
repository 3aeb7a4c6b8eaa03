"""The yardstick: stock Spyne with the same types, the same register file, the same HTTP server.

It authenticates nobody, validates nothing, signs nothing and records nothing.  Its WSGI
application is called inline in the event loop, without threads, which is the fastest way to
serve it on this server.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

from spyne import Application, Boolean, Integer32, Integer64, Service, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

from kps_soap import (
    spyne_import,  # noqa: F401  (first: it lets Spyne be imported at all)
    turkish,
)
from kps_soap.doors.intake import Receive, Scope, Send
from kps_soap.registry.store import Register
from kps_soap.services import kisi_sorgula_tckimlikno as person_service
from kps_soap.services.shared_2011 import NAMESPACE_2011, citizen_record

PUBLIC_NAMESPACE = "http://tckimlik.nvi.gov.tr/WS"


def _object(spyne_type: Any, value: Any) -> Any:
    """Spyne's own objects from a nested dict: what a stock service would build."""
    if not isinstance(value, dict):
        return value
    made = spyne_type()
    for name, member in spyne_type._type_info.items():
        inner = value.get(name)
        if isinstance(inner, list):
            setattr(made, name, [_object(member, one) for one in inner])
        elif inner is not None:
            setattr(made, name, _object(member, inner))
    return made


def _run(coroutine: Awaitable[Any]) -> Any:
    """Run a coroutine that never waits (the register is SQLite here)."""
    try:
        coroutine.__await__().send(None)  # type: ignore[attr-defined]
    except StopIteration as done:
        return done.value
    raise RuntimeError("the yardstick needs a SQLite register")


def person_application(register: Register) -> Any:
    """KisiSorgulaTCKimlikNo as a stock Spyne service would do it."""
    declared = person_service.KisiSorgulaTCKimlikNoServis.public_methods["ListeleCoklu"]
    (criteria,) = declared.in_message._type_info.values()
    (result,) = declared.out_message._type_info.values()

    class Stock(Service):
        @rpc(criteria, _returns=result)
        def ListeleCoklu(ctx: Any, kriterListesi: Any) -> Any:  # noqa: N805
            items = []
            for one in kriterListesi.KisiSorgulaTCKimlikNoSorguKriteri:
                person = _run(register.citizen(one.TCKimlikNo))
                items.append(citizen_record(person, one.TCKimlikNo, None))
            return _object(result, {"SorguSonucu": {"KisiBilgisi": items}})

    return _wsgi(Stock, NAMESPACE_2011)


def public_application(register: Register) -> Any:
    """TCKimlikNoDogrula as a stock Spyne service would do it."""

    class Stock(Service):
        @rpc(Integer64, Unicode, Unicode, Integer32, _returns=Boolean)
        def TCKimlikNoDogrula(
            ctx: Any,  # noqa: N805
            TCKimlikNo: int,
            Ad: str,
            Soyad: str,
            DogumYili: int,
        ) -> bool:
            person = _run(register.citizen(TCKimlikNo))
            return (
                person is not None
                and turkish.same_name(person.given_name, Ad, "TAM")
                and turkish.same_name(person.surname or "", Soyad, "TAM")
                and person.born.year == DogumYili
            )

    return _wsgi(Stock, PUBLIC_NAMESPACE)


def _wsgi(service: Any, namespace: str) -> Any:
    return WsgiApplication(
        Application([service], namespace, in_protocol=Soap11(), out_protocol=Soap11())
    )


class Inline:
    """An ASGI application that calls WSGI applications by path, without threads."""

    def __init__(self, applications: dict[str, Callable[..., Any]]) -> None:
        self._applications = applications

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        environ = {
            "REQUEST_METHOD": scope["method"],
            "PATH_INFO": scope["path"],
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "0",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
        }
        started: list[Any] = []

        def start_response(status: str, pairs: list[tuple[str, str]], _error: Any = None) -> None:
            started[:] = [status, pairs]

        chunks = b"".join(self._applications[scope["path"]](environ, start_response))
        await send(
            {
                "type": "http.response.start",
                "status": int(started[0].split()[0]),
                "headers": [(n.lower().encode(), v.encode()) for n, v in started[1]],
            }
        )
        await send({"type": "http.response.body", "body": chunks})
