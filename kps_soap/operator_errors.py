"""The errors that an operator can mend, as one tuple, and the sentence of each.

Commands catch these and nothing wider: an unforeseen error is a defect and keeps its trace.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from kps_soap.agreements.problems import AgreementErrors
from kps_soap.audit.keys import KeyFileRefused
from kps_soap.credentials import CredentialError
from kps_soap.database import DatabaseUnavailable
from kps_soap.faults import Refusal
from kps_soap.registry.codes import CodesInvalid
from kps_soap.settings import SettingsRefused
from kps_soap.signing import SigningKeyError

OPERATOR_ERRORS: Final = (
    AgreementErrors,
    CodesInvalid,
    CredentialError,
    DatabaseUnavailable,
    KeyFileRefused,
    OSError,
    Refusal,
    SettingsRefused,
    SigningKeyError,
    SQLAlchemyError,
)


def sentence_of(error: BaseException) -> str:
    """What to print.  Statements and their values never show (design D14)."""
    if isinstance(error, Refusal):
        return f"{error.english} ({error.detail})" if error.detail else error.english
    if isinstance(error, DatabaseUnavailable | SQLAlchemyError):
        return f"The database cannot be used ({type(error).__name__}); check its URL and server."
    if isinstance(error, OSError):
        name = error.filename or "an address or file"
        return f"{error.strerror or type(error).__name__}: {name}"
    return str(error)
