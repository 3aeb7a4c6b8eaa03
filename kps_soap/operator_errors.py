"""The errors that an operator can mend, as one tuple, and the sentence of each.

Commands catch these and nothing wider: an unforeseen error is a defect and keeps its trace.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from kps_soap.agreements.keeping import CannotChange
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.store import SetUnreadable
from kps_soap.audit.checkpoints import SealRefused
from kps_soap.audit.export_format import ExportRefused
from kps_soap.audit.keys import KeyFileRefused, MonthUnreadable
from kps_soap.audit.records import Unreadable
from kps_soap.credentials import CredentialError
from kps_soap.database import DatabaseUnavailable
from kps_soap.faults import Refusal
from kps_soap.people.problems import PeopleError
from kps_soap.registry.codes import CodesInvalid
from kps_soap.registry.loading import RegisterExists
from kps_soap.settings import SettingsRefused
from kps_soap.signing_keys import SigningKeyError
from kps_soap.tokens.encrypted import RecipeRefused

OPERATOR_ERRORS: Final = (
    AgreementErrors,
    CannotChange,
    CodesInvalid,
    CredentialError,
    DatabaseUnavailable,
    ExportRefused,
    KeyFileRefused,
    MonthUnreadable,
    OSError,
    PeopleError,
    RecipeRefused,
    Refusal,
    RegisterExists,
    SealRefused,
    SetUnreadable,
    SettingsRefused,
    SigningKeyError,
    SQLAlchemyError,
    Unreadable,
    psycopg.Error,
    sqlite3.Error,
)

_OF_A_DATABASE: Final = (DatabaseUnavailable, SQLAlchemyError, psycopg.Error, sqlite3.Error)


def sentence_of(error: BaseException) -> str:
    """What to print.  Statements and their values never show (design D14)."""
    if isinstance(error, Refusal):
        return f"{error.english} ({error.detail})" if error.detail else error.english
    if isinstance(error, _OF_A_DATABASE):
        return f"The database cannot be used ({type(error).__name__}); check its URL and server."
    if isinstance(error, OSError):
        name = error.filename or "an address or file"
        return f"{error.strerror or type(error).__name__}: {name}"
    if isinstance(error, RegisterExists):
        return "There is a register already; name another place, or remove it."
    if isinstance(error, MonthUnreadable | Unreadable):
        return f"The evidence cannot be decrypted: {error}. See: kps audit verify"
    return str(error)
