"""Spyne's machinery with the weight taken off: context, events, server and both protocols.

Spyne still declares the services, finds the operation, calls it and fires the events; these
subclasses replace what callers' bytes touch (reading and writing, by functions compiled at
start) and what is slow for no gain (a context of forty attributes, a set for every event).
They parse nothing, speak no HTTP and turn no exception into a fault: planned refusals come out
as they were raised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from kps_soap.faults import InternalFailure, SchemaRefused
from kps_soap.spyne_import import (
    Application,
    EventManager,
    MethodContext,
    ProtocolContext,
    ResourceNotFoundError,
    ServerBase,
    XmlDocument,
)

Element = etree._Element


class LineEventManager(EventManager):
    """Events as Spyne fires them, at no cost where nobody listens."""

    @classmethod
    def sharing(cls, manager: Any) -> LineEventManager:
        """A lean manager over the same listeners: adding one to either adds it to both."""
        lean = cls(manager.parent)
        lean.handlers = manager.handlers
        return lean

    def fire_event(self, event_name: str, ctx: Any, *args: Any, **kwargs: Any) -> None:
        for handler in self.handlers.get(event_name, ()):
            handler(ctx, *args, **kwargs)


class LineContext(MethodContext):
    """One call.  What a new call has not got yet is on the class, not set forty times."""

    __setattr__ = object.__setattr__

    frozen = False
    call_start = call_end = None
    is_closed = active = False
    in_document: Any = None
    in_object: Any = None
    out_object: Any = None
    out_string: Any = None
    udc = aux = event = function = locale = None
    in_string = in_header_doc = in_body_doc = in_error = in_header = None
    method_request_string = out_header = out_error = None
    out_body_doc = out_header_doc = out_document = out_stream = None
    files = pusher_stack = ()
    _MethodContext__descriptor = None

    def __init__(self, server: LineServer) -> None:
        app = server.app
        self.app = app
        self.transport = server.transport_context
        self.inprot_ctx = server.in_context
        self.outprot_ctx = server.out_context
        self.protocol = server.in_context
        self._in_protocol = app.in_protocol
        self._out_protocol = app.out_protocol
        self.fire_event("method_context_created")

    def close(self) -> None:
        """The call is over; Spyne's collection of garbage is left out."""
        self.is_closed = True
        self.app.event_manager.fire_event("method_context_closed", self)


class LineInProtocol(XmlDocument):
    """Reads the request element that the guard has parsed and validated."""

    def __init__(self) -> None:
        super().__init__(validator=None, parse_xsi_type=False)
        self.read: Callable[[Element], list[Any]] | None = None

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        """The document is there already: one hardened parse for the whole message."""

    def decompose_incoming_envelope(self, ctx: Any, message: Any) -> None:  # noqa: ARG002
        ctx.in_body_doc = ctx.in_document
        ctx.method_request_string = ctx.in_document.tag

    def generate_method_contexts(self, ctx: Any) -> tuple[Any]:
        """One operation a request element; no copy of the context, no fan-out."""
        handles = self.get_call_handles(ctx)
        if not handles:
            raise ResourceNotFoundError("operation")
        ctx.descriptor = handles[0]
        return (ctx,)

    def deserialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002
        self.event_manager.fire_event("before_deserialize", ctx)
        if self.read is None:
            raise InternalFailure("contract is not compiled")
        ctx.in_object = self.read(ctx.in_body_doc)
        self.event_manager.fire_event("after_deserialize", ctx)


class LineOutProtocol(XmlDocument):
    """Writes the payload in one of the two conventions; the envelope is the door's."""

    def __init__(self) -> None:
        super().__init__(validator=None)
        self.write: Callable[[Any], str] | None = None

    def serialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002
        self.event_manager.fire_event("before_serialize", ctx)
        if self.write is None:
            raise InternalFailure("contract is not compiled")
        ctx.out_document = self.write(ctx.out_object[0])
        self.event_manager.fire_event("after_serialize", ctx)

    def create_out_string(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ARG002
        ctx.out_string = (ctx.out_document.encode("utf-8"),)


class LineServer(ServerBase):
    """The transport that is none: elements in, payloads out, the operation awaited."""

    transport = "urn:kps-soap:line"

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.transport_context = MethodContext.TransportContext(None, self)
        self.in_context = ProtocolContext(None, self)
        self.out_context = ProtocolContext(None, self)

    def open(self, element: Element) -> LineContext:
        """The context of a call, its operation found and its arguments read.

        Raises SchemaRefused where the application has no operation of that name.
        """
        ctx = LineContext(self)
        ctx.in_document = element
        self.generate_contexts(ctx)
        if ctx.in_error is not None:
            raise SchemaRefused("no such operation")
        self.get_in_object(ctx)
        return ctx

    async def call(self, ctx: LineContext, udc: Any) -> Any:
        """Run the operation.  Whatever it raises comes out unchanged.

        Spyne's ``process_request`` leaves the coroutine of the operation in ``out_object``:
        ``method_return_object`` tells that the operation was entered.  Its own failure is told
        by ``method_exception_object``, fired here.
        """
        ctx.udc = udc
        self.get_out_object(ctx)
        if ctx.out_error is not None:
            raise InternalFailure("a listener of the call failed")
        (coroutine,) = ctx.out_object
        try:
            result = await coroutine
        except BaseException:
            ctx.out_object = None
            ctx.fire_event("method_exception_object")
            ctx.close()
            raise
        ctx.out_object = [result]
        return result

    def write(self, ctx: LineContext, result: Any) -> bytes:
        """The payload of a result, and the end of the call."""
        ctx.out_object = [result]
        self.get_out_string(ctx)
        (payload,) = ctx.out_string
        ctx.close()
        return bytes(payload)


def line_application(service: Any, *, namespace: str, name: str) -> LineServer:
    """One Spyne application with one service: operations of one name never meet (stack §1.3)."""
    app = Application(
        [service],
        tns=namespace,
        name=name,
        in_protocol=LineInProtocol(),
        out_protocol=LineOutProtocol(),
    )
    app.event_manager = LineEventManager.sharing(app.event_manager)
    for protocol in (app.in_protocol, app.out_protocol):
        protocol.event_manager = LineEventManager.sharing(protocol.event_manager)
    for descriptor in service.public_methods.values():
        descriptor.event_managers[:] = [
            LineEventManager.sharing(manager) for manager in descriptor.event_managers
        ]
    return LineServer(app)
