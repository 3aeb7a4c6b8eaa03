"""Everything that can go wrong for a caller, as one tree under ``KpsError``.

    KpsError
    ├── QueryRefused           the gateway answered the whole call with a note
    ├── GatewayFault           it answered with a SOAP fault, or with an HTTP status instead of one
    │   ├── SecurityFault      the security of the message was not accepted
    │   │   ├── AuthenticationFailed    user name or password
    │   │   └── TokenRefused            the token
    │   ├── ActionNotSupported no such service, version or operation there
    │   ├── MessageRefused     the message itself breaks a rule
    │   └── ServiceUnavailable worth trying again
    └── AnswerNotGenuine       use nothing of it

Texts are the gateway's own sentences.  No error carries a question, an answer, a password or a
token.  This module reads no XML and raises nothing.
"""

from __future__ import annotations

from kps_soap.answers import AnswerNotGenuine, KpsError

__all__ = [
    "ActionNotSupported",
    "AnswerNotGenuine",
    "AuthenticationFailed",
    "GatewayFault",
    "KpsError",
    "MessageRefused",
    "QueryRefused",
    "SecurityFault",
    "ServiceUnavailable",
    "TokenRefused",
]


class QueryRefused(KpsError):
    """The gateway answered with a note instead of a result; ``text`` is its sentence.

    ``code`` is the published one (``HataBilgisi``), ``house_number`` the gateway's own number of
    the reason, where it told one.  Where a quota is full (401) ``retry_after_s`` is in how many
    seconds it is worth asking again.
    """

    def __init__(
        self,
        code: int,
        text: str,
        house_number: int | None = None,
        *,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.house_number = house_number
        self.retry_after_s = retry_after_s


class GatewayFault(KpsError):
    """A fault.  ``code`` is its innermost code without prefix, or ``HTTP`` and the status."""

    def __init__(self, code: str, text: str, house_number: int | None = None) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.house_number = house_number


class SecurityFault(GatewayFault):
    """The message's security was not accepted; which check failed is never told."""


class AuthenticationFailed(SecurityFault):
    """User name or password are wrong, or the account is blocked or locked for a while.

    Asking again with the same password locks an account sooner or later.
    """


class TokenRefused(SecurityFault):
    """The token has expired, was revoked, or was issued to another address."""


class ActionNotSupported(GatewayFault):
    """The gateway has no such service, version or operation at this door."""


class MessageRefused(GatewayFault):
    """The message breaks a rule of SOAP, of the service's schema, or one of the limits."""


class ServiceUnavailable(GatewayFault):
    """The gateway cannot answer now, or cannot be reached.

    ``retry_after_s`` is what it asked to wait, in seconds; None where it said nothing.  A query
    that got no answer may still have been carried out, and be on record.
    """

    def __init__(
        self,
        code: str,
        text: str,
        house_number: int | None = None,
        *,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(code, text, house_number)
        self.retry_after_s = retry_after_s
