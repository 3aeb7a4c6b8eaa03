"""All contracts that the product publishes, found in ``services/``.

Every module of that room may name its contracts in ``CONTRACTS``: adding a published service is
adding a file.  Nothing else is looked for, and nothing is loaded from outside the package.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from kps_soap.contracts.contract import CompiledContract, Contract, compile_contract
from kps_soap.contracts.shape import differences

_ROOM = "kps_soap.services"


def _declared() -> Iterator[Contract]:
    room = importlib.import_module(_ROOM)
    for found in pkgutil.iter_modules(room.__path__):
        module = importlib.import_module(f"{_ROOM}.{found.name}")
        yield from getattr(module, "CONTRACTS", ())


@cache
def all_contracts() -> tuple[Contract, ...]:
    """Every contract, by name and version.

    Raises ValueError where two modules declare one contract.
    """
    contracts = sorted(_declared(), key=lambda contract: (contract.name, contract.version))
    names = [(contract.name, contract.version) for contract in contracts]
    if len(set(names)) < len(names):
        raise ValueError("a contract is declared twice")
    return tuple(contracts)


@cache
def compile_all() -> tuple[CompiledContract, ...]:
    """Every contract ready to serve, in the same order; compiled once a process.

    Raises TypeError where a declaration and its XSD disagree: nothing is served then.
    """
    return tuple(_compile(contract) for contract in all_contracts())


def _compile(contract: Contract) -> CompiledContract:
    compiled = compile_contract(contract)
    for difference in differences(contract):
        raise TypeError(f"{contract.name} {contract.version}: {difference}")
    return compiled
