"""What one agreement may not do beside another: numbers, accounts, services, addresses.

The checks see all files at once, good ones and bad ones; a value that could not be read is empty
and collides with nothing.  Each collision is told at the later file and names the earlier one.
The work grows with the number of files times its logarithm: a national set holds thousands.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.agreement import Agreement, Network
from kps_soap.agreements.lines import KeyPath
from kps_soap.agreements.problems import Findings

_LOOPBACK_V4 = ip_network("127.0.0.0/8")
_LOOPBACK_V6 = ip_network("::1/128")


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One file as it was read: its values as written, what they mean, and its findings."""

    values: Mapping[str, Any]
    content: Agreement
    findings: Findings


def check_neighbours(files: Sequence[ReadFile]) -> None:
    """Note every collision between agreements of one set (§6)."""
    _check_numbers(files)
    _check_accounts(files)
    _check_certificates(files)
    _check_services(files)
    _check_institutions(files)
    _check_networks(files)


def _groups(
    files: Iterable[ReadFile], values: Callable[[Agreement], Iterable[str]]
) -> Iterator[tuple[str, list[ReadFile]]]:
    """Each value that more than one file holds, with the files in their order."""
    holders: defaultdict[str, list[ReadFile]] = defaultdict(list)
    for file in files:
        for value in values(file.content):
            holders[value].append(file)
    return ((value, found) for value, found in holders.items() if value and len(found) > 1)


def _collisions(
    files: Sequence[ReadFile], collide: Callable[[Agreement, Agreement], bool]
) -> Iterator[tuple[ReadFile, Agreement]]:
    """Each file that collides with one before it, and the first such."""
    for number, file in enumerate(files):
        for earlier in files[:number]:
            if collide(earlier.content, file.content):
                yield file, earlier.content
                break


def _check_numbers(files: Iterable[ReadFile]) -> None:
    for number, holders in _groups(files, lambda one: (one.number,)):
        earlier = holders[0].content.file
        for file in holders[1:]:
            reason = f"{number} is the number of the agreement in {earlier} too"
            file.findings.add(("agreement", "number"), reason)


def _check_accounts(files: Iterable[ReadFile]) -> None:
    """An account belongs to one institution for ever, and to one agreement on a day (T-2.3.e)."""
    for account, holders in _groups(files, lambda one: one.access.accounts):
        for file, earlier in _collisions(holders, _are_two_institutions):
            owner = earlier.institution.code
            reason = f"{account} is an account of institution {owner} ({earlier.file})"
            file.findings.add(_place(file, "accounts", account), reason)
        for file, earlier in _collisions(holders, _both_answer):
            reason = f"{account} has another agreement on the same days ({earlier.file})"
            file.findings.add(_place(file, "accounts", account), reason)


def _check_certificates(files: Iterable[ReadFile]) -> None:
    """A certificate proves one institution."""
    for digest, holders in _groups(files, lambda one: one.access.certificates):
        for file, earlier in _collisions(holders, _are_two_institutions):
            reason = f"is a certificate of another institution ({earlier.file})"
            file.findings.add(_place(file, "certificates", digest), reason)


def _check_services(files: Iterable[ReadFile]) -> None:
    """One institution has one agreement in force for a service: which fields would hold?

    An agreement in TEST may stand beside an open one: they answer from different registers.
    """
    for _, mine in _groups(files, lambda one: (one.institution.code,)):
        for service, holders in _groups(mine, _services_of):
            for file, earlier in _collisions(holders, _both_in_force):
                reason = (
                    f"{service} is granted to this institution on the same days in {earlier.file}"
                )
                file.findings.add(("services",), reason)


def _services_of(agreement: Agreement) -> set[str]:
    return {service for service, _ in agreement.services}


def _check_institutions(files: Iterable[ReadFile]) -> None:
    """Two names for one code are probably two institutions, and receipts would mix them up."""
    for code, holders in _groups(files, lambda one: (one.institution.code,)):
        first = holders[0].content
        for file in holders[1:]:
            if file.content.institution != first.institution:
                reason = f"{code} is described differently in {first.file}"
                file.findings.warn(("institution", "code"), reason)


def _check_networks(files: Iterable[ReadFile]) -> None:
    """No address may belong to two institutions on the same day.

    Loopback networks are left out: in a demo or a test every institution's software calls from
    this machine, and from any other machine no packet can carry a loopback address.
    """
    held = sorted(
        (
            (int(network.network_address), -int(network.broadcast_address), number, network, file)
            for number, file in enumerate(files)
            if file.content.state in words.LIVING_STATES
            for network in file.content.access.networks
            if not is_loopback(network)
        ),
        key=lambda one: (one[3].version, *one[:3]),
    )
    around: list[tuple[Network, ReadFile]] = []
    for _, _, _, network, file in held:
        while around and not _contains(around[-1][0], network):
            around.pop()
        for wider, other in around:
            if _are_two_living_institutions(other.content, file.content):
                reason = f"{network} overlaps {wider} of another institution ({other.content.file})"
                file.findings.add(_place(file, "networks", str(network)), reason)
                break
        around.append((network, file))


def is_loopback(network: Network) -> bool:
    """Whether a network lies within the addresses of the machine itself."""
    return _contains(_LOOPBACK_V4, network) or _contains(_LOOPBACK_V6, network)


def _contains(wider: Network, network: Network) -> bool:
    if isinstance(wider, IPv4Network) and isinstance(network, IPv4Network):
        return network.subnet_of(wider)
    if isinstance(wider, IPv6Network) and isinstance(network, IPv6Network):
        return network.subnet_of(wider)
    return False


def _are_two_institutions(one: Agreement, other: Agreement) -> bool:
    codes = (one.institution.code, other.institution.code)
    return all(codes) and codes[0] != codes[1]


def _are_two_living_institutions(one: Agreement, other: Agreement) -> bool:
    return _are_two_institutions(one, other) and one.overlaps(other)


def _both_answer(one: Agreement, other: Agreement) -> bool:
    return one.answers and other.answers and one.overlaps(other)


def _both_in_force(one: Agreement, other: Agreement) -> bool:
    return one.state == other.state and _both_answer(one, other)


def _place(file: ReadFile, key: str, value: str) -> KeyPath:
    """The element of a list of ``[access]`` that holds a value, as it is written in the file."""
    for number, written in enumerate(file.values["access"][key]):
        if written == value or f"{written}/32" == value or f"{written}/128" == value:
            return "access", key, number
    return "access", key
