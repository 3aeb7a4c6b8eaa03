"""An account's own change of its password, as a call: one transaction with a record of its own.

Only who came with the present password itself may choose another: not with a token, a signature
or a session.  While two passwords hold, nobody chooses a third, for the former one may be whose
holder should be rid of the account.  Every rule that a new password breaks is told at once, and
then nothing is changed (§5.15).  Hashing is slow, so it is done beside the event loop, in one
thread.  No password is kept, logged or repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, select

from kps_soap import credentials, turkish
from kps_soap.aside import Aside
from kps_soap.audit.appending import Recorder
from kps_soap.audit.months import microseconds
from kps_soap.credentials import CredentialError
from kps_soap.entry import Entry, Event
from kps_soap.models import credentials as table
from kps_soap.password_hashes import matches
from kps_soap.people.passwords import check_new
from kps_soap.people_models import former_secrets

if TYPE_CHECKING:
    from kps_soap.criteria import Asker

#: How a caller is vouched for who sent the password with this very call.
BY_PASSWORD: Final = "TLS_PASSWORD"  # noqa: S105 - the name of a way
_NOT_SO: Final = "Parola yalnız doğrudan kapıda, kullanıcı adı ve parolayla değiştirilir."
_TWO: Final = "Eski parola hâlâ geçerliyken yeni bir parola seçilemez; süresi dolsun."
_DAYS: Final = f"Eski parola 0-{credentials.OVERLAP_DAYS_MAX} gün daha geçerli kalabilir."
_ONCE: Final = "Tek kullanımlık parola yenisinin yanında kalamaz; eskiParolaGunu 0 olsun."
_SAME: Final = "Yeni parola şimdikiyle aynı olamaz."
_MEANWHILE: Final = "Hesap bu sırada değişti; yeniden deneyin."


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of it: everything that is wrong, or until when the former one holds."""

    wrong: Sequence[str] = ()
    former_until: datetime | None = None


class PasswordChanges:
    """Changes passwords of accounts for those who ask.

    ``recorder`` opens a chain of the evidence, ``breached`` tells whether a password is known to
    be; ``seconds_max`` bounds one change.
    """

    def __init__(
        self,
        engine: Engine,
        recorder: Callable[[], AbstractContextManager[Recorder]],
        *,
        breached: Callable[[str], bool],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        seconds_max: float,
    ) -> None:
        self._engine = engine
        self._recorder = recorder
        self._breached = breached
        self._clock = clock
        self._new_id = new_id
        self._aside = Aside("password", thread="kps-passwords", seconds_max=seconds_max)

    async def change(self, asker: Asker, password: str, *, keep_days: int) -> Changed:
        """Give the asker's account another password.

        Raises ``EvidenceUnavailable`` where it was not done, or cannot be told in time.
        """
        if asker.vouched_by != BY_PASSWORD:
            return Changed((_NOT_SO,))
        return await self._aside.run(self._change, asker, password, keep_days)

    def close(self) -> None:
        """Let go of the thread; what waits for it is given up."""
        self._aside.close()

    def _change(self, asker: Asker, password: str, keep_days: int) -> Changed:
        account, now = asker.account, self._clock()
        present, must_change, has_former = self._present(account, now)
        wrong = [
            one.turkish
            for one in check_new(
                password, person_id=turkish.ascii_lower(account), breached=self._breached
            )
        ]
        if not 0 <= keep_days <= credentials.OVERLAP_DAYS_MAX:
            wrong.append(_DAYS)
        elif keep_days and must_change:
            wrong.append(_ONCE)
        if has_former:
            wrong.append(_TWO)
        elif matches(present, password):
            wrong.append(_SAME)
        if wrong:
            return Changed(tuple(wrong))
        row = credentials.password_row(
            account, password, now=now, beside=present if keep_days else ""
        )
        try:
            with self._recorder() as run:
                until = run.act(
                    self._entry(asker, now, keep_days),
                    lambda connection: _put(connection, account, row, present, keep_days, now),
                )
        except CredentialError:
            return Changed((_MEANWHILE,))
        return Changed(former_until=until)

    def _present(self, account: str, now: datetime) -> tuple[str, bool, bool]:
        """The hash of today's password, whether it is for one use, and has a former one beside."""
        former = former_secrets.c
        with self._engine.connect() as connection, connection.begin():
            here = select(table.c.password_hash, table.c.must_change)
            row = connection.execute(here.where(table.c.account == account)).first()
            present, must_change = ("", False) if row is None else (row[0], bool(row[1]))
            holds = select(former.account).where(
                former.account == account, former.until_us > microseconds(now)
            )
            return present, must_change, connection.execute(holds).first() is not None

    def _entry(self, asker: Asker, now: datetime, keep_days: int) -> Entry:
        detail = f"{asker.account}: by itself, the former one holds {keep_days} days more"
        return asker.acts(self._new_id(), now, Event.PASSWORD_SET, detail)


def _put(
    connection: Connection, account: str, row: Any, present: str, keep_days: int, now: datetime
) -> datetime | None:
    """Store it where the account is still what was looked at; raises ``CredentialError``."""
    if keep_days:
        return credentials.change_password(
            connection, account, row, former=present, days=keep_days, now=now
        )
    here = select(table.c.password_hash).where(table.c.account == account).with_for_update()
    if connection.execute(here).scalar() != present:
        raise CredentialError("changed meanwhile")
    credentials.put_password(connection, account, row)
    return None
