"""Where the original's WSDLs are fetched: ``Wsdl.ashx`` and ``WsdlNoPolicy.ashx`` (wire C.1).

The documents are made once, at start; a request chooses one and gets it with this gateway's own
addresses, so that software which takes every address from its WSDL works after a change of one
URL.  Nothing of a request is repeated in an answer, and no query is answered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kps_soap import places
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.contracts.wsdl import routing_file_of, routing_wsdl_of
from kps_soap.doors import wsdl
from kps_soap.doors.doorway import Page, Place, sentence
from kps_soap.gateway import Answer
from kps_soap.turkish import ascii_lower

WSDL_PATH: Final = "/Services/Wsdl.ashx"
PLAIN_WSDL_PATH: Final = "/Services/WsdlNoPolicy.ashx"

#: The version of a request that names none, where a service has it.
FIRST_VERSION: Final = "2011/01/01"
#: So many names are listed, however many there are.
LISTED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The documents of one service by version."""

    name: str
    documents: Mapping[str, bytes]

    def find(self, version: str) -> bytes | None:
        """The document of a version, None if there is none such.

        Without a version the original gives, so far as its clients show, the first contract,
        2011/01/01: a client that names none sends the criteria of that one.  What "Default"
        gives was never seen; it is read as the same, so that no client is given members which
        it does not know.  A service that began later gives its first version for both.
        """
        wanted = version.strip().replace("-", "/")
        if ascii_lower(wanted) in ("", "default"):
            wanted = FIRST_VERSION if FIRST_VERSION in self.documents else min(self.documents)
        return self.documents.get(wanted)


def ashx_places(contracts: Iterable[Any]) -> tuple[Place, ...]:
    """Both addresses, for the compiled contracts that the router serves."""
    served = _served(contracts)
    leading = ((one, _stored(one)) for one in served)
    plain = ((one, routing_wsdl_of(one, policy=False)) for one in served)
    return (
        Place(WSDL_PATH, _page(_shelves(leading))),
        Place(PLAIN_WSDL_PATH, _page(_shelves(plain))),
    )


def routing_page(contracts: Iterable[Any]) -> Page:
    """What a GET gets at the router: where the WSDLs are, and with ``?wsdl`` each of them."""
    queries = [f"Service={one.name}&Version={one.version}" for one in _served(contracts)]

    def page(query: Mapping[str, str], base_url: str) -> Answer:
        if "wsdl" in query or "singlewsdl" in query:
            lines = [f"{base_url}{WSDL_PATH}?{one}" for one in queries[:LISTED_MAX]]
            return sentence(200, "\n".join(lines))
        return sentence(
            200,
            "KPS yönlendirme servisi; iletiler POST ile gönderilir. / "
            "The router; send messages with POST.\n"
            f"WSDL: {base_url}{wsdl.ROUTING_PATH}?wsdl",
        )

    return page


def _served(contracts: Iterable[Any]) -> list[Contract]:
    described = (one.contract for one in contracts)
    return [one for one in described if one.convention is Convention.DATA_CONTRACT]


def _stored(contract: Contract) -> bytes:
    return (places.wsdl() / routing_file_of(contract)).read_bytes()


def _shelves(documents: Iterable[tuple[Contract, bytes]]) -> dict[str, _Shelf]:
    """The shelves by the service's name in small letters."""
    shelves: dict[str, dict[str, bytes]] = {}
    for contract, document in documents:
        shelves.setdefault(contract.name, {})[contract.version] = document
    return {ascii_lower(name): _Shelf(name, found) for name, found in shelves.items()}


def _page(shelves: Mapping[str, _Shelf]) -> Page:
    names = sorted(shelf.name for shelf in shelves.values())

    def page(query: Mapping[str, str], base_url: str) -> Answer:
        """``TestMode`` is taken and means nothing: a stage is a matter of the agreement here."""
        shelf = shelves.get(ascii_lower(query.get("service", "").strip()))
        if shelf is None:
            return _missing("Service ile bir servis adı verin. / Name a service in Service:", names)
        document = shelf.find(query.get("version", ""))
        if document is None:
            return _missing(
                f"{shelf.name} için bu sürüm yok. / {shelf.name} has these versions:",
                sorted(shelf.documents),
            )
        return wsdl.serve_at(document, base_url)

    return page


def _missing(text: str, known: list[str]) -> Answer:
    return sentence(404, "\n".join(_lines(text, known)))


def _lines(text: str, known: list[str]) -> Iterator[str]:
    yield text
    yield from known[:LISTED_MAX]
