"""One call with zeep: its WSDL, its argument, and one exchange that is transport and plug-in.

WSDLs come from the gateway, once a service and version; no address in them is believed, and
nothing that they import is fetched.  An ``Exchange`` serves exactly one question, so that the
HTTP headers of its answer are at hand when the answer is judged.  zeep is imported where a WSDL
is read.  This module decides nothing about tokens or repetition.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote

from lxml import etree

from kps_soap.answers import AnswerNotGenuine
from kps_soap.client.plug_ins import Asked
from kps_soap.client.posting import AsyncPost, HttpAnswer, Post
from kps_soap.client.refusals import HttpFacts, http_refusal

Element = etree._Element

WSDL_BYTES_MAX: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of a call as the caller gave them."""

    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


class Door(Protocol):
    """What an exchange needs of a door's plug-in."""

    def put(self, envelope: Element, headers: Any) -> Asked: ...

    def judge(self, envelope: Element, asked: Asked, http: HttpFacts) -> None: ...


@dataclass(frozen=True, slots=True)
class Published:
    """A service as its WSDL has it: zeep's document and the binding that is spoken."""

    document: Any
    binding: Any

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of its operations."""
        return tuple(self.binding.all())


class Wsdls:
    """The WSDLs of a gateway, each read once, for any number of threads."""

    def __init__(self, post: Post, base_url: str, *, direct: bool) -> None:
        self._post = post
        self._base_url = base_url
        self._direct = direct
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Published] = {}

    def known(self, service: str, version: str) -> Published | None:
        """What has been read already."""
        return self._known.get((service, version))

    def find(self, service: str, version: str) -> Published:
        """The service, read now if need be; raises ``ActionNotSupported`` where there is none."""
        with self._lock:
            published = self.known(service, version)
            if published is None:
                published = self._read(self._address(service, version))
                self._known[service, version] = published
            return published

    def _address(self, service: str, version: str) -> str:
        if self._direct:
            return f"{self._base_url}/kps/{quote(service)}/{quote(version)}?wsdl"
        query = f"Service={quote(service, safe='')}&Version={quote(version)}"
        return f"{self._base_url}/Services/Wsdl.ashx?{query}"

    def _read(self, address: str) -> Published:
        from zeep import Settings
        from zeep.exceptions import Error
        from zeep.wsdl import Document
        from zeep.wsdl.bindings import Soap12Binding

        answer = self._post.get(address, bytes_max=WSDL_BYTES_MAX)
        if answer.status_code >= 400:
            raise http_refusal(HttpFacts(answer.status_code, answer.headers))
        settings = Settings(forbid_dtd=True, forbid_external=True)
        make: Any = Document
        try:
            document = make(io.BytesIO(answer.content), _NoImports(), settings=settings)
            spoken = [one for one in document.bindings.values() if isinstance(one, Soap12Binding)]
        except (Error, etree.LxmlError, LookupError, AttributeError, TypeError) as error:
            raise AnswerNotGenuine(f"WSDL: {type(error).__name__}") from None
        if len(spoken) != 1:
            raise AnswerNotGenuine("WSDL: bindings")
        return Published(document, spoken[0])


class _NoImports:
    """The transport of a WSDL that has everything inside."""

    def load(self, url: str) -> bytes:  # noqa: ARG002
        raise AnswerNotGenuine("WSDL: import")


class Exchange:
    """zeep's plug-in of one call through one door, which also sees the HTTP headers."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._asked = Asked()
        self._facts = HttpFacts()

    def apply(self, envelope: Element, headers: Any) -> tuple[Element, Any]:
        self._asked = self._door.put(envelope, headers)
        return envelope, headers

    def verify(self, envelope: Element) -> Element:
        self._door.judge(envelope, self._asked, self._facts)
        return envelope

    def noted(self, answer: HttpAnswer) -> HttpAnswer:
        """Keep what the HTTP answer said for ``verify``."""
        self._facts = HttpFacts(answer.status_code, answer.headers)
        return answer


class Blocking(Exchange):
    """An exchange that is zeep's transport too."""

    def __init__(self, door: Door, post: Post) -> None:
        super().__init__(door)
        self._post = post

    def post_xml(self, address: str, envelope: Element, headers: Mapping[str, str]) -> HttpAnswer:
        return self.noted(self._post.post(address, _written(envelope), headers))

    def run(self, published: Published, operation: str, address: str, given: Given) -> Any:
        """Carry out the call; returns zeep's result."""
        from zeep import Client
        from zeep.proxy import ServiceProxy

        new_client: Any = Client
        new_proxy: Any = ServiceProxy
        client = new_client(published.document, wsse=self, transport=self)
        call = new_proxy(client, published.binding, address=address)[operation]
        with _unreadable_is_not_genuine():
            return call(**arguments(published, operation, given))


class Awaiting(Exchange):
    """The same for an event loop."""

    def __init__(self, door: Door, post: AsyncPost) -> None:
        super().__init__(door)
        self._post = post

    async def post_xml(
        self, address: str, envelope: Element, headers: Mapping[str, str]
    ) -> HttpAnswer:
        return self.noted(await self._post.post(address, _written(envelope), headers))

    async def run(self, published: Published, operation: str, address: str, given: Given) -> Any:
        """Carry out the call; returns zeep's result."""
        from zeep import AsyncClient
        from zeep.proxy import AsyncServiceProxy

        new_client: Any = AsyncClient
        new_proxy: Any = AsyncServiceProxy
        client = new_client(published.document, wsse=self, transport=self)
        call = new_proxy(client, published.binding, address=address)[operation]
        with _unreadable_is_not_genuine():
            return await call(**arguments(published, operation, given))


def arguments(published: Published, operation: str, given: Given) -> dict[str, Any]:
    """The operation's arguments by name.

    Published operations have one parameter: a list of criteria, which may be given as a plain
    list, or one criterion.  Nothing given is an empty criterion.
    """
    taken = published.binding.get(operation).input.body.type.elements
    values = dict(zip((name for name, _ in taken), given.positional, strict=False))
    if len(values) < len(given.positional) or values.keys() & given.named.keys():
        raise TypeError(f"{operation} takes {', '.join(name for name, _ in taken)}")
    values.update(given.named)
    for name, element in taken:
        if name not in values:
            values[name] = {}
        elif isinstance(values[name], list | tuple):
            values[name] = _wrapped(element, list(values[name]))
    return values


def _wrapped(element: Any, criteria: list[Any]) -> Any:
    """A plain list as the one repeated member of an array type; anything else as it is."""
    members = getattr(element.type, "elements", [])
    if len(members) == 1 and members[0][1].accepts_multiple:
        return {members[0][0]: criteria}
    return criteria


@contextmanager
def _unreadable_is_not_genuine() -> Iterator[None]:
    """zeep's errors about an answer carry the answer; ours carry nothing of it."""
    from zeep import exceptions

    try:
        yield
    except (
        exceptions.TransportError,
        exceptions.XMLSyntaxError,
        exceptions.XMLParseError,
        exceptions.DTDForbidden,
        exceptions.EntitiesForbidden,
    ) as error:
        raise AnswerNotGenuine(f"unreadable: {type(error).__name__}") from None


def _written(envelope: Element) -> bytes:
    """The call with which zeep writes a message, and with which its digest was taken."""
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return written
