"""Who is calling: WS-Security UsernameToken over TLS, and what that vouches for.

``read_token`` takes the token and the Timestamp from the one place where they may stand.
``Passwords`` compares a password with its argon2id hash once and then, for some minutes, with
a keyed MAC in memory (design §8); refusals of a stage do the same counted work whether the
account exists or not.  This room decides nothing about agreements, and stores no password.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Final, Protocol
from zoneinfo import ZoneInfo

from kps_soap import faults
from kps_soap.envelopes import Element
from kps_soap.password_hashes import HASHER as HASHER
from kps_soap.password_hashes import matches as matches

if TYPE_CHECKING:
    from kps_soap.people.standing import Standing

WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SECURITY: Final = f"{{{WSSE}}}Security"
_USERNAME: Final = f"{{{WSSE}}}UsernameToken/{{{WSSE}}}Username"
_UT_PROFILE: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
)
PASSWORD_TEXT: Final = f"{_UT_PROFILE}#PasswordText"
ISTANBUL: Final = ZoneInfo("Europe/Istanbul")
NAME_CHARACTERS_MAX: Final = 64
PASSWORD_CHARACTERS_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """What a message claims; both values are unverified until ``Passwords.check``."""

    unverified_username: str
    unverified_password: str
    unverified_created: str | None


@dataclass(frozen=True, slots=True)
class MessageTime:
    """The two instants of a wsu:Timestamp, as text."""

    unverified_created: str
    unverified_expires: str


@dataclass(frozen=True, slots=True)
class TokenBinding:
    """To whom the token of a call was issued, and from where; empty texts where nobody said."""

    assertion_id: str
    institution: str
    inquirer: str
    source_address: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """What later stages may read, and how it was vouched for (design §4).

    ``payload`` is the request element.  ``inquirer``, ``purpose`` and ``case_number`` are the
    caller's own statements, made inside the vouched channel.  ``token`` is what a token binds
    its holder to, where one vouched for the call.  ``institution`` is stated where the account is
    a person of that institution and no account of an agreement; ``standing`` is what is known of
    the people behind the call, once somebody has looked; ``must_change``: the password was one for
    a single use.
    """

    account: str
    payload: Element
    action: str
    how: str
    inquirer: str | None = None
    purpose: str | None = None
    case_number: str | None = None
    message_id: str | None = None
    time: MessageTime | None = None
    token: TokenBinding | None = None
    institution: str = ""
    standing: Standing | None = None
    must_change: bool = False


def username_at_place(security: Element | None) -> str | None:
    """The unverified account name of a Security header, None if there is no single one."""
    if security is None:
        return None
    names = security.findall(_USERNAME)
    return _stated_name(names[0]) if len(names) == 1 else None


def nobodys(_account: str) -> str:
    """The institution of an account where nobody knows any."""
    return ""


def claimed_username(root: Element) -> str | None:
    """The first account name that any Security header of a refused message states (design D6).

    For its record only: nobody is believed by it.
    """
    stated = map(_stated_name, root.iterfind(f"{{*}}Header/{SECURITY}/{_USERNAME}"))
    return next(filter(None, stated), None)


def _stated_name(element: Element) -> str | None:
    name = "" if len(element) else (element.text or "").strip()
    return name if 0 < len(name) <= NAME_CHARACTERS_MAX else None


def read_token(security: Element | None) -> tuple[UsernameToken, MessageTime | None]:
    """Read exactly one UsernameToken and at most one Timestamp from a Security header.

    Raises ``SecurityMissing`` for anything else: what is not supported is refused, never
    skipped (hardening §4.1, 18).
    """
    if security is None:
        raise faults.SecurityMissing("no Security header")
    token: UsernameToken | None = None
    time: MessageTime | None = None
    for child in security:
        if child.tag == f"{{{WSSE}}}UsernameToken" and token is None:
            token = _username_token(child)
        elif child.tag == f"{{{WSU}}}Timestamp" and time is None:
            time = message_time(child)
        else:
            raise faults.SecurityMissing("unsupported or repeated token")
    if token is None:
        raise faults.SecurityMissing("no UsernameToken")
    return token, time


def _members(parent: Element, name: str) -> list[Element]:
    """The members of one name; raises ``SecurityMissing`` for two, or where text is not alone."""
    found = parent.findall(name)
    if len(found) > 1 or any(len(one) for one in found):
        raise faults.SecurityMissing("token member")
    return found


def _username_token(element: Element) -> UsernameToken:
    names = _members(element, f"{{{WSSE}}}Username")
    passwords = _members(element, f"{{{WSSE}}}Password")
    created = _members(element, f"{{{WSU}}}Created")
    if not names or not passwords:
        raise faults.SecurityMissing("token member")
    # The provider's own Java sample puts the attribute into the namespace (wire B.2, 5).
    kinds = {passwords[0].get("Type"), passwords[0].get(f"{{{WSSE}}}Type")}
    if not kinds <= {None, PASSWORD_TEXT}:
        raise faults.SecurityMissing("password type")
    username, password = (names[0].text or "").strip(), passwords[0].text or ""
    if not 0 < len(username) <= NAME_CHARACTERS_MAX or len(password) > PASSWORD_CHARACTERS_MAX:
        raise faults.SecurityMissing("token member length")
    return UsernameToken(username, password, created[0].text if created else None)


def message_time(element: Element) -> MessageTime:
    """The Created and Expires of a wsu:Timestamp, in that order and nothing else in it.

    Raises ``StaleMessage``.
    """
    names = [child.tag for child in element]
    if names != [f"{{{WSU}}}Created", f"{{{WSU}}}Expires"] or any(len(one) for one in element):
        raise faults.StaleMessage("timestamp shape")
    return MessageTime(element[0].text or "", element[1].text or "")


#: xs:dateTime, with years of four digits: what Python reads beyond it (week dates, commas,
#: zones without a colon) no schema allows.
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DATE_TIME_CHARACTERS_MAX: Final = 64


def instants(text: str) -> tuple[datetime, ...]:
    """The instants an xs:dateTime can mean; without a zone, UTC's and Istanbul's (design §3).

    Any number of fraction digits.  An empty tuple means it is no date and time.
    """
    text = text.strip()
    found = _DATE_TIME.fullmatch(text) if len(text) <= _DATE_TIME_CHARACTERS_MAX else None
    if found is None:
        return ()
    second, fraction, zone = found.groups(default="")
    try:
        moment = datetime.fromisoformat(f"{second}.{fraction[:6]:0<6}{zone}")
    except ValueError:
        return ()
    if zone:
        return (moment,)
    return moment.replace(tzinfo=UTC), moment.replace(tzinfo=ISTANBUL)


@dataclass(frozen=True, slots=True)
class Freshness:
    """The window of one security profile.  All durations in seconds.

    ``late_seconds_max`` is how long after its Expires a message still counts, by default as
    long as the skew; ``zone_required`` refuses a time that does not say its zone.
    """

    skew_seconds: int
    age_seconds_max: int
    timestamp_required: bool
    late_seconds_max: int | None = None
    zone_required: bool = False


def check_freshness(time: MessageTime | None, *, now: datetime, window: Freshness) -> None:
    """Hold a Timestamp to the window; raises ``StaleMessage`` without saying which bound."""
    if time is None:
        if window.timestamp_required:
            raise faults.StaleMessage("timestamp missing")
        return
    late_seconds = window.skew_seconds
    if window.late_seconds_max is not None:
        late_seconds = window.late_seconds_max
    # The bounds are moved, not the message's times: those may lie at the ends of the calendar.
    latest = now + timedelta(seconds=window.skew_seconds)
    earliest = now - timedelta(seconds=late_seconds)
    age_max = timedelta(seconds=window.age_seconds_max)
    for start, end in _readings(time, zone_required=window.zone_required):
        if start < end and end - start <= age_max and start <= latest and earliest < end:
            return
    raise faults.StaleMessage("timestamp window")


def _readings(time: MessageTime, *, zone_required: bool) -> Iterable[tuple[datetime, datetime]]:
    """What a Timestamp can mean: where both times lack a zone, they mean the same one."""
    created, expires = instants(time.unverified_created), instants(time.unverified_expires)
    if zone_required and not len(created) == len(expires) == 1:
        return ()
    if len(created) == len(expires):
        return zip(created, expires, strict=True)
    return product(created, expires)


@dataclass(frozen=True, slots=True)
class Credential:
    """What the credential store holds of an account.

    ``open``: neither blocked nor locked at this moment; ``locked``: shut for a while by wrong
    passwords, and by nothing else; ``failures``: wrong passwords in a row; ``must_change``: its
    password opens nothing but its own change.
    """

    account: str
    password_hash: str
    version: int
    open: bool
    failures: int = 0
    locked: bool = False
    must_change: bool = False


class CredentialStore(Protocol):
    """The accounts' secrets; ``find`` is asked on every call, so a block holds at once.

    ``look`` is for names whose password is not known to be right: it reads anew, and together
    with ``find`` it reads the same for every name.
    """

    async def find(self, account: str) -> Credential | None: ...

    async def look(self, account: str) -> Credential | None: ...


class Passwords:
    """Slow hash once, keyed MAC for some minutes.

    ``mac_key`` is random a process; ``clock`` is a monotonic clock in seconds; ``threads``
    bounds how many slow comparisons (``compare``) run at once, ``waiting_max`` how many may wait.
    """

    def __init__(
        self,
        *,
        mac_key: bytes,
        clock: Callable[[], float],
        cache_seconds: int,
        threads: int,
        waiting_max: int = 64,
        deadline_seconds: float = 5.0,
        cache_entries_max: int = 10_000,
        compare: Callable[[str, str], bool] = matches,
    ) -> None:
        self._mac_key = mac_key
        self._clock = clock
        self._matches = compare
        self._cache_seconds = cache_seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._running: dict[bytes, asyncio.Future[bool]] = {}
        self._waiting_max = waiting_max
        self._deadline_seconds = deadline_seconds
        self._entries_max = cache_entries_max
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._dummy_hash = HASHER.hash(mac_key.hex())
        self.slow_comparisons = 0

    @property
    def running(self) -> int:
        """How many slow comparisons run or wait at this moment."""
        return len(self._running)

    def knows(self, username: str, credential: Credential, password: str) -> bool:
        """Whether ``check`` would need no slow comparison."""
        return self._remembered(self._mac(username, credential.version, password))

    def _mac(self, username: str, version: int, password: str) -> bytes:
        claim = f"{username}\0{version}\0{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._mac_key, claim, hashlib.sha256)

    async def check(
        self, unverified_username: str, credential: Credential | None, password: str
    ) -> None:
        """Raise ``CredentialsRefused`` unless the password is that of an open account.

        An unknown account costs what a wrong password costs: one slow comparison, against a
        record of the process's own.
        """
        version = 0 if credential is None else credential.version
        mac = self._mac(unverified_username, version, password)
        if credential is None or not self._remembered(mac):
            stored = self._dummy_hash if credential is None else credential.password_hash
            right = await self._compare(mac, stored, password)
            if credential is None:
                raise faults.CredentialsRefused("unknown account")
            if not right:
                raise faults.CredentialsRefused("wrong password")
            self._remember(mac)
        if not credential.open:
            raise faults.CredentialsRefused("account blocked")

    def _remembered(self, mac: bytes) -> bool:
        until = self._good.get(mac)
        if until is None:
            return False
        if until > self._clock():
            return True
        del self._good[mac]
        return False

    def _remember(self, mac: bytes) -> None:
        while len(self._good) >= self._entries_max:
            self._good.popitem(last=False)
        self._good[mac] = self._clock() + self._cache_seconds

    async def _compare(self, mac: bytes, stored: str, password: str) -> bool:
        """One slow comparison a claim, however many calls wait for it."""
        running = self._running.get(mac)
        if running is None:
            if len(self._running) >= self._waiting_max:
                raise faults.Overloaded("password comparisons")
            self.slow_comparisons += 1
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._pool, self._matches, stored, password)
            running.add_done_callback(lambda _: self._running.pop(mac, None))
            self._running[mac] = running
        try:
            return await asyncio.wait_for(asyncio.shield(running), self._deadline_seconds)
        except TimeoutError:
            raise faults.Overloaded("password comparison deadline") from None

    def close(self) -> None:
        """Stop the comparison threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
