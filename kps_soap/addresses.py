"""IP addresses as text: one way to read them, one way to write them.

The same few addresses come again with every request, so what was read is remembered, within a
bound.  This module decides nothing about an address.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address


@lru_cache(maxsize=4096)
def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address; IPv4 inside IPv6 counts as IPv4.  None for anything else."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=4096)
def household(text: str) -> str:
    """What one caller can hold: an IPv4 address, or the /64 network of an IPv6 address.

    A caller with IPv6 has a whole /64 to choose addresses from (RFC 6177).
    """
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, 64), strict=False))
    return "" if address is None else str(address)


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str:
    """The address in its normal spelling, or empty: evidence holds no free text from a peer."""
    address = parse_address(text)
    return "" if address is None else str(address)
