"""The file of the public door: what anybody may ask without an account, and how often.

It is an ordinary file of the directory, ``acik-dogrulama.toml`` by custom, known by its
``[public]`` table; a set holds at most one, and without it the public door is closed::

    [public]
    enabled = true
    name_matching = "TAM"          # TAM | DUZELTMELI

    [limits]
    calls_per_second_max = 5       # per source address

    [[services]]
    name = "KPSPublic"
    versions = ["WS"]
    stage = "ACIK"                 # KAPALI TEST ACIK ASKIDA
    planned = [{ stage = "ASKIDA", from = 2027-01-01 }]     # optional

A public service answers yes or no, so there are no fields, purposes or persons to name.
"""

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.agreement import ContractKey, PublicTerms
from kps_soap.agreements.granting import contracts_named
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sections import Rules
from kps_soap.agreements.staging import Stages, read_stages


def read_public(top: Table, rules: Rules, *, file: str, digest: str) -> PublicTerms:
    """The terms of the public door, strictly read like every agreement."""
    public, limits = top.table("public"), top.table("limits")
    stages = _stages(top, rules)
    terms = PublicTerms(
        file=file,
        digest=digest,
        enabled=public.flag("enabled", default=False),
        name_matching=public.choice("name_matching", words.NAME_MATCHINGS, default="TAM"),
        calls_per_second_max=limits.integer(
            "calls_per_second_max", 1, rules.caps.calls_per_second_max
        ),
        stages={key: one.stage for key, one in stages.items()},
        later={key: one.planned for key, one in stages.items() if one.planned},
    )
    for table in (public, limits, top):
        table.finish()
    return terms


def _stages(top: Table, rules: Rules) -> dict[ContractKey, Stages]:
    stages: dict[ContractKey, Stages] = {}
    for table in top.tables("services"):
        _, entries = contracts_named(table, rules, public=True)
        read = read_stages(table, inquirers=(), calls_max=0, allowed=words.PUBLIC_STAGES)
        table.finish()
        for key in entries:
            if key in stages:
                table.problem("versions", f"{key[0]} {key[1]} is opened twice")
            stages[key] = read
    return stages
