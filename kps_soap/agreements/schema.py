"""A JSON Schema of agreement files: completion and validation in TOML editors.

Made from the same closed lists, patterns and contracts as the loader; a test holds the two
together.  It is written in draft 4, the newest that taplo (Even Better TOML) reads.  Editors see
a TOML date as a string, so a quoted date passes here and not in the loader; what depends on
other files, other keys or the day (numbers, networks, order of dates, law) is the loader's too.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.agreement import Caps, Catalogue
from kps_soap.agreements.sections import ACCOUNT, CERTIFICATE, INSTITUTION_CODE, PURPOSE
from kps_soap.agreements.staging import INQUIRER_MAX

#: Where the file lies beside the directory of the agreements, for a first line of ``#:schema``.
FILE_NAME: Final = "agreement.schema.json"

Schema = dict[str, Any]

_DATE: Final[Schema] = {
    "type": "string",
    "format": "date",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
}
_FLAG: Final[Schema] = {"type": "boolean"}
_LINE: Final = r"^\S(.*\S)?$"


def schema_text(catalogue: Catalogue) -> str:
    """The schema as the text of ``conf/agreement.schema.json``."""
    return json.dumps(schema_of(catalogue), ensure_ascii=False, indent=1) + "\n"


def schema_of(catalogue: Catalogue) -> Schema:
    """The schema of both kinds of file: an agreement, and the public door."""
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "kps-soap agreement file",
        "type": "object",
        "definitions": {
            name: _word(one[1]) for name, one in _by_name(catalogue, public=False).items()
        },
        "anyOf": [
            {"required": ["public"], **_public(catalogue)},
            {"not": {"required": ["public"]}, **_agreement(catalogue)},
        ],
    }


def _agreement(catalogue: Catalogue) -> Schema:
    caps = Caps()
    return _table(
        "",
        {
            "institution": _institution(),
            "agreement": _document(),
            "access": _access(),
            "fees": _table(
                "Who is exempt from the fee (K16.1).", {"exemption": _word(words.EXEMPTIONS)}
            ),
            "limits": _table(
                "None above the system's own (Law 5490 Art. 45/2).",
                {
                    "criteria_per_call_max": _integer(1, caps.criteria_per_call_max),
                    "persons_per_day_max": _integer(1, caps.persons_per_day_max),
                    "calls_per_second_max": _integer(1, caps.calls_per_second_max),
                    "calls_per_day_max": _integer(1, caps.calls_per_day_max),
                },
                optional=("calls_per_day_max",),
            ),
            "services": _services(catalogue, caps),
        },
    )


def _institution() -> Schema:
    return _table(
        "The recipient.",
        {
            "code": _text(INSTITUTION_CODE.pattern, "Such as B-34-0417."),
            "name": _text(),
            "class": _word(words.CLASSES),
            "kind": _word(words.CLASS_OF_KIND, "Decides address rights and fee exemption."),
            "province": _integer(1, 81),
        },
        optional=["province"],
    )


def _document() -> Schema:
    application = {"number": _text(longest=64), "date": _DATE}
    renewal = {"from": _DATE, "until": _DATE, "started": _DATE}
    signed = _where("state", [word for word in words.STATES if word != words.DRAFT], "signed")
    return signed | _table(
        "The paper behind the access.",
        {
            "number": _text(longest=64),
            "instrument": _word(words.INSTRUMENTS),
            "application": _table("Who asked, and when.", application),
            "reason": _text(longest=500),
            "legal_basis": _list(_text()),
            "approved_by": _word(words.APPROVERS, "BAKAN where the institution pays."),
            "signed": _DATE,
            "valid_from": _DATE,
            "valid_until": _DATE,
            "renewal": _table(
                "The window in which a renewal must be started; else nothing is answered after it.",
                renewal,
                optional=["started"],
            ),
            "state": _word(words.STATES),
        },
        optional=["signed", "renewal"],
    )


def _access() -> Schema:
    answer = {"signature": _word(words.SIGNATURES), "routing_signature": _FLAG}
    members = {
        "accounts": _list(_text(ACCOUNT.pattern, "Such as KRM-34-0417.")),
        "administrator": _text(longest=64),
        "technician": _text(longest=64, about="May not be the administrator."),
        "networks": _list(_text("^[0-9a-fA-F.:]+(/[0-9]{1,3})?$", "Such as 203.0.113.10/32.")),
        "doors": _list(_word(words.DOORS)),
        "security": _word(words.PROFILES, "KLASIK needs security_until."),
        "security_until": _DATE,
        "certificates": {
            **_list(_text(CERTIFICATE.pattern, "SHA-256 of DER.")),
            "minItems": 0,
        },
        "name_matching": _word(words.NAME_MATCHINGS),
        "answer": _table("How answers are signed.", answer, optional=answer),
        "token_address_free": _FLAG,
        "inquirer_required": _FLAG,
        "default_inquirer": _text(longest=INQUIRER_MAX),
        "inquirers": _list(_text(longest=INQUIRER_MAX)),
        "registered_inquirers": _FLAG,
        "password_days_max": _integer(1, words.PASSWORD_DAYS_MAX),
        "purposes": _list(_text(PURPOSE.pattern)),
        "default_purpose": _text(PURPOSE.pattern),
        "case_number_required": _FLAG,
        "person_relation": _word(words.RELATIONS),
    }
    demanded = ("accounts", "administrator", "technician", "networks", "doors", "security")
    optional = [name for name in members if name not in (*demanded, "purposes")]
    conditions = [
        _where("security", [words.CLASSIC], "security_until"),
        _where("security", [words.STRONG], "certificates"),
    ]
    about = "How its software comes in, and what it must say."
    return {"allOf": conditions} | _table(about, members, optional=optional)


def _services(catalogue: Catalogue, caps: Caps) -> Schema:
    """Every service with the paths and versions of any, and then each with its own."""
    by_name = _by_name(catalogue, public=False)
    paths = [_paths_of(name) for name in by_name]
    special = dict.fromkeys(path for one in by_name.values() for path in one[2])
    pilot = {
        "inquirers": _list(_text(longest=INQUIRER_MAX)),
        "calls_per_day_max": _integer(1, caps.pilot_calls_per_day_max),
        "until": _DATE,
    }
    members = {
        "name": _word(by_name),
        "versions": _list(_word(dict.fromkeys(v for one in by_name.values() for v in one[0]))),
        "stage": _word(words.STAGES),
        "planned": _planned(words.STAGES),
        "pilot": _table("Who may ask in stage PILOT, and how often.", pilot, optional=["until"]),
        "purposes": _list(_text(PURPOSE.pattern, "Some of access.purposes.")),
        "fields": _list({"description": "Grants all below it.", "anyOf": paths}),
        "special": {
            "type": "array",
            "description": "Second grants of special categories (Law 6698 Art. 6).",
            "items": _table("", {"field": _word(special), "legal_basis": _text()}),
        },
        "bulk_basis": _text(longest=500, about="For services that list persons (Art. 45/2)."),
    }
    table = _table("", members, optional=["planned", "pilot", "special", "bulk_basis"])
    table["allOf"] = [_where("stage", [words.PILOT], "pilot")]
    table["anyOf"] = [
        _one_service(name, versions, special) for name, (versions, _, special) in by_name.items()
    ]
    return {"type": "array", "minItems": 1, "items": table}


def _paths_of(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _one_service(name: str, versions: Iterable[str], special: Sequence[str]) -> Schema:
    members: Schema = {
        "name": {"enum": [name]},
        "versions": {"items": _word(versions)},
        "fields": {"items": _paths_of(name)},
    }
    one: Schema = {"properties": members}
    if special:
        members["special"] = {"items": {"properties": {"field": _word(special)}}}
    else:
        one["not"] = {"required": ["special"]}
    if name in words.BULK_SERVICES:
        one["required"] = ["bulk_basis"]
    elif special:
        one["not"] = {"required": ["bulk_basis"]}
    else:
        one["not"] = {"anyOf": [{"required": ["special"]}, {"required": ["bulk_basis"]}]}
    return one


def _public(catalogue: Catalogue) -> Schema:
    by_name = _by_name(catalogue, public=True)
    service = _table(
        "",
        {
            "name": _word(by_name),
            "versions": _list(_word(dict.fromkeys(v for one in by_name.values() for v in one[0]))),
            "stage": _word(words.PUBLIC_STAGES),
            "planned": _planned(words.PUBLIC_STAGES),
        },
        optional=["planned"],
    )
    limits = {"calls_per_second_max": _integer(1, Caps().calls_per_second_max)}
    public = {"enabled": _FLAG, "name_matching": _word(words.NAME_MATCHINGS)}
    return _table(
        "",
        {
            "public": _table("The door without accounts.", public, optional=public),
            "limits": _table("Counted by source address.", limits),
            "services": {"type": "array", "minItems": 1, "items": service},
        },
    )


def _planned(stages: Sequence[str]) -> Schema:
    return {
        "type": "array",
        "description": "Stages that begin at midnight Europe/Istanbul, in the order of their days.",
        "items": _table("", {"stage": _word(stages), "from": _DATE}),
    }


def _by_name(
    catalogue: Catalogue, *, public: bool
) -> dict[str, tuple[list[str], list[str], list[str]]]:
    """Versions, grantable paths and special paths of each service, in the catalogue's order."""
    found: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for (name, version), entry in catalogue.items():
        if entry.public is not public:
            continue
        versions, paths, special = found.setdefault(name, ([], [], []))
        versions.append(version)
        if entry.tree is not None:
            paths.extend(path for path in entry.tree.grantable() if path not in paths)
            below = [
                path
                for path in entry.tree.grantable()
                if any(path == top or path.startswith(f"{top}/") for top in entry.tree.special)
            ]
            special.extend(path for path in below if path not in special)
    return found


def _table(about: str, members: Mapping[str, Any], *, optional: Iterable[str] = ()) -> Schema:
    """A table without unknown keys."""
    left_out = set(optional)
    required = [name for name in members if name not in left_out]
    table: Schema = {
        "type": "object",
        "properties": dict(members),
        "additionalProperties": False,
    }
    if about:
        table["description"] = about
    if required:
        table["required"] = required
    return table


def _where(key: str, values: Sequence[str], demanded: str) -> Schema:
    """Where ``key`` has one of these values, the key ``demanded`` must be there and not empty."""
    there = {"required": [demanded], "properties": {demanded: {"minItems": 1}}}
    return {"anyOf": [{"not": {"properties": {key: {"enum": list(values)}}}}, there]}


def _text(pattern: str = _LINE, about: str = "", *, longest: int = 200) -> Schema:
    whole = pattern if pattern.startswith("^") else f"^{pattern}$"
    text: Schema = {"type": "string", "pattern": whole, "maxLength": longest}
    return {**text, "description": about} if about else text


def _word(allowed: Iterable[str], about: str = "") -> Schema:
    word: Schema = {"enum": list(allowed)}
    return {**word, "description": about} if about else word


def _integer(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _list(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": items}
