"""Spyne on a diet still finds the operation, calls it, fires its events and loses no refusal."""

import asyncio
from typing import Any

import pytest
from lxml import etree

from kps_soap.contracts.reader import compile_parameters_reader
from kps_soap.contracts.spyne_protocols import LineServer, line_application
from kps_soap.contracts.writer import XmlSerializerWriter
from kps_soap.faults import CriteriaEmpty, InternalFailure, SchemaRefused
from kps_soap.spyne_import import Int, Service, Unicode, rpc

NS = "urn:test:line"
Answer = Unicode(min_occurs=1, nillable=False)


def make_server() -> LineServer:
    class Sorgu(Service):
        @rpc(Unicode, Int, _returns=Answer)
        async def Sor(ctx: Any, Ad: str, No: int) -> str:  # noqa: N805
            if Ad == "ret":
                raise CriteriaEmpty("planned")
            if Ad == "hata":
                raise LookupError("surprise")
            await asyncio.sleep(0)
            return f"{ctx.udc}:{Ad}:{No}"

    server = line_application(Sorgu, namespace=NS, name="test")
    descriptor = Sorgu.public_methods["Sor"]
    server.app.in_protocol.read = compile_parameters_reader(descriptor.in_message)
    server.app.out_protocol.write = XmlSerializerWriter(descriptor.out_message)
    return server


def element(ad: str = "x", name: str = "Sor") -> Any:
    return etree.fromstring(f'<{name} xmlns="{NS}"><Ad>{ad}</Ad><No>7</No></{name}>')


def test_a_call_goes_through_and_comes_back() -> None:
    server = make_server()
    call = server.open(element())
    result = asyncio.run(server.call(call, "udc"))
    assert result == "udc:x:7"
    assert server.write(call, result) == (
        f'<SorResponse xmlns="{NS}"><SorResult>udc:x:7</SorResult></SorResponse>'.encode()
    )
    assert call.is_closed


def test_many_calls_share_nothing() -> None:
    server = make_server()

    async def both() -> list[Any]:
        calls = [server.open(element(str(number))) for number in range(5)]
        return await asyncio.gather(
            *(server.call(call, number) for number, call in enumerate(calls))
        )

    assert asyncio.run(both()) == [f"{number}:{number}:7" for number in range(5)]


def test_a_planned_refusal_comes_out_unchanged() -> None:
    server = make_server()
    call = server.open(element("ret"))
    with pytest.raises(CriteriaEmpty) as caught:
        asyncio.run(server.call(call, None))
    assert caught.value.detail == "planned"
    assert call.is_closed


def test_a_surprise_comes_out_unchanged_too() -> None:
    server = make_server()
    with pytest.raises(LookupError):
        asyncio.run(server.call(server.open(element("hata")), None))


def test_an_operation_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SchemaRefused):
        make_server().open(element(name="Yok"))


def test_every_event_is_fired_in_spynes_order() -> None:
    server = make_server()
    app, seen = server.app, []
    names = (
        *("method_context_created", "method_call", "method_return_object"),
        *("method_return_document", "method_return_string", "method_context_closed"),
    )
    for name in names:
        app.event_manager.add_listener(name, lambda ctx, name=name: seen.append(name))
    for name in ("before_deserialize", "after_deserialize"):
        app.in_protocol.event_manager.add_listener(name, lambda ctx, name=name: seen.append(name))
    for name in ("before_serialize", "after_serialize"):
        app.out_protocol.event_manager.add_listener(name, lambda ctx, name=name: seen.append(name))
    call = server.open(element())
    server.write(call, asyncio.run(server.call(call, None)))
    assert seen == [
        "method_context_created",
        "before_deserialize",
        "after_deserialize",
        "method_call",
        "method_return_object",
        "before_serialize",
        "after_serialize",
        "method_return_document",
        "method_return_string",
        "method_context_closed",
    ]


def test_listeners_of_the_service_are_heard_whenever_they_were_added() -> None:
    server = make_server()
    (service,) = server.app.services
    seen: list[str] = []
    service.event_manager.add_listener("method_call", lambda ctx: seen.append(ctx.udc))
    asyncio.run(server.call(server.open(element()), "heard"))
    assert seen == ["heard"]


def test_an_operation_that_fails_is_told_to_the_listeners() -> None:
    server = make_server()
    seen: list[str] = []
    server.app.event_manager.add_listener(
        "method_exception_object", lambda ctx: seen.append(ctx.method_name)
    )
    with pytest.raises(CriteriaEmpty):
        asyncio.run(server.call(server.open(element("ret")), None))
    assert seen == ["Sor"]


def test_a_listener_that_fails_stops_the_call() -> None:
    server = make_server()

    def fail(ctx: Any) -> None:
        raise RuntimeError("value of a person")

    server.app.event_manager.add_listener("method_call", fail)
    with pytest.raises(InternalFailure) as caught:
        asyncio.run(server.call(server.open(element()), None))
    assert "person" not in caught.value.detail


def test_an_application_without_its_compiled_parts_serves_nothing() -> None:
    server = make_server()
    call = server.open(element())
    server.app.out_protocol.write = None
    with pytest.raises(InternalFailure):
        server.write(call, "x")
    server.app.in_protocol.read = None
    with pytest.raises(InternalFailure):
        server.open(element())
