"""Who may ask what: agreement files, the law's dated tables, and the checks of a call.

``load`` turns a directory into an ``AgreementSet`` or raises every error of every file;
``scope`` holds the checks that a call passes; ``AddressRights`` and ``Versions`` are dated data.
This room answers no query, stores nothing and reads no clock.
"""

from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import (
    Agreement,
    Caps,
    Catalogue,
    CatalogueEntry,
    PublicTerms,
    ServiceGrant,
)
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.loading import compile_set, load
from kps_soap.agreements.problems import AgreementErrors, Problem
from kps_soap.agreements.sections import Rules
from kps_soap.agreements.versions import Versions

__all__ = [
    "AddressRights",
    "Agreement",
    "AgreementErrors",
    "AgreementSet",
    "Caps",
    "Catalogue",
    "CatalogueEntry",
    "Problem",
    "PublicTerms",
    "Rules",
    "ServiceGrant",
    "Versions",
    "compile_set",
    "load",
]
