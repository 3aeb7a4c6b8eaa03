"""``AsyncKpsClient``: the gateway for a program with an event loop; needs the extra ``client``.

    async with AsyncKpsClient("https://kps.example", "KRM-…", "…", ca_file="ca.pem") as kps:
        service = kps.service("KisiSorgulaTCKimlikNoServis", "2011/01/01")
        result = await service.ListeleCoklu([{"TCKimlikNo": 12345678950}])

Questions are sent by the event loop.  The two rare things, a WSDL and a token, are fetched in a
thread meanwhile.  A client belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, Self

from kps_soap.client.connection import Connection, operation_of
from kps_soap.client.errors import TokenRefused
from kps_soap.client.plug_ins import IssuedToken, ProvingDoor
from kps_soap.client.posting import AsyncPost
from kps_soap.client.zeep_calls import Awaiting, Given, Published


class AsyncKpsClient(Connection):
    __doc__ = Connection.__doc__

    @cached_property
    def _sending(self) -> AsyncPost:
        return AsyncPost(self._ca_file, self._timeout_s)

    def service(
        self,
        name: str,
        version: str,
        *,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
    ) -> AsyncService:
        """One dated version of a service, its operations as methods to await.

        Its WSDL is read by the first call, which raises ``ActionNotSupported`` where there is
        no such service, and ``AttributeError`` where it has no such operation.
        """
        who = {"inquirer": inquirer, "purpose": purpose, "case_number": case_number}

        def ask(operation: str, given: Given) -> Awaitable[Any]:
            return self._ask(name, version, operation, who, given)

        return AsyncService(ask)

    async def call(
        self,
        service: str,
        version: str,
        criteria: Any = None,
        *,
        operation: str | None = None,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        message_id: str | None = None,
    ) -> Any:
        """Ask one question, as ``KpsClient.call`` does."""
        who = {
            "inquirer": inquirer,
            "purpose": purpose,
            "case_number": case_number,
            "message_id": message_id,
        }
        given = Given(() if criteria is None else (criteria,))
        return await self._ask(service, version, operation, who, given)

    async def aclose(self) -> None:
        """Close the connections."""
        self._close_waiting()
        if "_sending" in vars(self):
            await self._sending.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _ask(
        self,
        name: str,
        version: str,
        operation: str | None,
        who: dict[str, str | None],
        given: Given,
    ) -> Any:
        published = self._wsdls.known(name, version)
        if published is None:
            published = await asyncio.to_thread(self._wsdls.find, name, version)
        chosen = operation_of(published, operation)
        door, address = self._door.on_behalf(**who), self._address(name, version)
        try:
            return await self._once(door, published, chosen, address, given)
        except TokenRefused:
            # It may have ended early.  Another one is fetched for this second try, the last.
            return await self._once(door, published, chosen, address, given)

    async def _once(
        self,
        door: ProvingDoor | IssuedToken,
        published: Published,
        operation: str,
        address: str,
        given: Given,
    ) -> Any:
        if isinstance(door, IssuedToken):
            await door.prepare()
        return await Awaiting(door, self._sending).run(published, operation, address, given)


class AsyncService:
    """The operations of one version of a service, as methods to await."""

    def __init__(self, ask: Callable[[str, Given], Awaitable[Any]]) -> None:
        self._ask = ask

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[Any]]:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(*positional: Any, **named: Any) -> Awaitable[Any]:
            return self._ask(operation, Given(positional, named))

        return call
