"""One query through the direct door, as an institution's program would make it: with zeep.

It is a client and nothing else: it reads the WSDL that the gateway serves, sends a question,
proves the answer's signature.  There is no second way to a person's data (design D8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import zeep
from zeep.exceptions import Error as ZeepError
from zeep.helpers import serialize_object

from kps_soap.answers import AnswerNotGenuine
from kps_soap.client import DirectDoor, GatewayFault, QueryRefused, transport
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Contract, Convention

__all__ = ["AnswerNotGenuine", "Asked", "QueryFailed", "ask"]


class QueryFailed(Exception):
    """The query got no result; the sentence says why, in the gateway's words where it has any."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to ask, of which contract, and on whose behalf."""

    service: str
    version: str
    numbers: Sequence[int]
    born: date | None
    province: int | None
    inquirer: str | None
    purpose: str | None
    case_number: str | None


def ask(
    asked: Asked,
    *,
    base_url: str,
    username: str,
    password: str,
    ca_file: Path | None,
    certificate_file: Path,
) -> Any:
    """The result as plain lists and dicts; raises ``QueryFailed`` or ``AnswerNotGenuine``."""
    contract = _contract(asked)
    door = _door(asked, username, password, certificate_file)
    address = f"{base_url}/kps/{asked.service}/{asked.version}?wsdl"
    try:
        make: Any = zeep.Client
        client = make(address, wsse=door, transport=_transport(ca_file))
        operation = getattr(client.service, contract.operation)
        result = operation(**_arguments(contract, asked))
    except QueryRefused as refused:
        raise QueryFailed(str(refused)) from None
    except GatewayFault as fault:
        raise QueryFailed(f"The gateway refused: {fault.text}") from None
    except ZeepError as error:
        raise QueryFailed(f"The gateway refused: {error.message}") from None
    except OSError as error:
        raise QueryFailed(
            f"The gateway cannot be reached ({type(error).__name__}); is it running?"
        ) from None
    plain: Any = serialize_object
    return plain(result, dict)


def _door(asked: Asked, username: str, password: str, certificate_file: Path) -> DirectDoor:
    try:
        return DirectDoor(
            username,
            password,
            certificate_file,
            asked.inquirer,
            asked.purpose,
            asked.case_number,
        )
    except (OSError, ValueError):
        raise QueryFailed(
            "The certificate file cannot be used; give the gateway's signing certificates, PEM."
        ) from None


def _transport(ca_file: Path | None) -> Any:
    make: Any = zeep.Transport
    return make(timeout=30, operation_timeout=30) if ca_file is None else transport(ca_file)


def _contract(asked: Asked) -> Contract:
    for contract in all_contracts():
        asked_for = (contract.name, contract.version) == (asked.service, asked.version)
        if asked_for and contract.convention is Convention.DATA_CONTRACT:
            return contract
    raise QueryFailed("There is no such service and version; see: kps agreements show")


def _arguments(contract: Contract, asked: Asked) -> dict[str, Any]:
    """The operation's arguments: a list of criteria, or the one of a dictionary service."""
    if contract.criteria is None:
        return {"kriter": {} if asked.province is None else {"IlKodu": asked.province}}
    born = asked.born
    parts = {"DogumGun": born.day, "DogumAy": born.month, "DogumYil": born.year} if born else {}
    demanded = parts if contract.criteria.birth_date else {}
    criteria = [{contract.criteria.number: number, **demanded} for number in asked.numbers]
    item = _criterion_name(contract)
    return {"kriterListesi": {item: criteria}}


def _criterion_name(contract: Contract) -> str:
    message = contract.service.public_methods[contract.operation].in_message
    (array,) = message._type_info.values()
    (name,) = array._type_info
    return str(name)
