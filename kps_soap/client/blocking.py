"""``KpsClient``: the gateway for a program that waits for its answers, in any number of threads.

    with KpsClient("https://kps.example", "KRM-…", "…", ca_file="ca.pem") as kps:
        service = kps.service("KisiSorgulaTCKimlikNoServis", "2011/01/01")
        result = service.ListeleCoklu([{"TCKimlikNo": 12345678950}])

It repeats a question only when its token was refused, once.  It keeps no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from kps_soap.client.connection import Connection, operation_of
from kps_soap.client.errors import TokenRefused
from kps_soap.client.zeep_calls import Blocking, Given


class KpsClient(Connection):
    __doc__ = Connection.__doc__

    def service(
        self,
        name: str,
        version: str,
        *,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
    ) -> Service:
        """One dated version of a service, its operations as methods.

        Reads its WSDL the first time.  Raises ``ActionNotSupported`` where there is none such.
        """
        who = {"inquirer": inquirer, "purpose": purpose, "case_number": case_number}

        def ask(operation: str, given: Given) -> Any:
            return self._ask(name, version, operation, who, given)

        return Service(self._wsdls.find(name, version).operations, ask)

    def call(
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
        """Ask one question; returns zeep's object, raises ``KpsError``.

        ``criteria`` is a list of criteria, or the one criterion of a service that takes one.
        ``operation`` may be left out where the service has one.  ``message_id`` is a URI of your
        own by which the gateway's record of this question can be told from all others.
        """
        who = {
            "inquirer": inquirer,
            "purpose": purpose,
            "case_number": case_number,
            "message_id": message_id,
        }
        given = Given(() if criteria is None else (criteria,))
        return self._ask(service, version, operation, who, given)

    def close(self) -> None:
        """Close the connections."""
        self._close_waiting()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self,
        name: str,
        version: str,
        operation: str | None,
        who: dict[str, str | None],
        given: Given,
    ) -> Any:
        published = self._wsdls.find(name, version)
        chosen = operation_of(published, operation)
        door, address = self._door.on_behalf(**who), self._address(name, version)
        try:
            return Blocking(door, self._post).run(published, chosen, address, given)
        except TokenRefused:
            # It may have ended early.  Another one is fetched for this second try, the last.
            return Blocking(door, self._post).run(published, chosen, address, given)


class Service:
    """The operations of one version of a service, as methods."""

    def __init__(self, operations: tuple[str, ...], ask: Callable[[str, Given], Any]) -> None:
        self._operations = operations
        self._ask = ask

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith("_") or operation not in self._operations:
            raise AttributeError(f"the service has {', '.join(self._operations)}")

        def call(*positional: Any, **named: Any) -> Any:
            return self._ask(operation, Given(positional, named))

        return call

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._operations]
