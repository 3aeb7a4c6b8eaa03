"""The agreement stage of the routing door: whose token, from where, for which inquirer."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from terms_samples import FRESH, KLASIK, PERSON, agreements, asked, edited, stage, vouched

from kps_soap import faults
from kps_soap.authentication import TokenBinding, Vouched
from kps_soap.terms import AgreementStage

# Tokens


BINDING = TokenBinding("_guid", "B-34-0417", "AYSE", "203.0.113.10")


def with_token(**changes: Any) -> Vouched:
    given: dict[str, Any] = {"how": "TOKEN_HMAC_SHA1", "inquirer": None, "token": BINDING}
    return vouched(**given | changes)


def token_stage(folder: Path, changes: Mapping[str, str] | None = None) -> AgreementStage:
    return stage(agreements(folder, edited(changes or {})))


def test_a_token_brings_its_inquirer(tmp_path: Path) -> None:
    request = asked()
    token_stage(tmp_path)(request, with_token(), PERSON)
    assert (request.entry.inquirer, request.entry.bound_inquirer) == ("AYSE", "")


@pytest.mark.parametrize(
    ("bound", "stated", "recorded"),
    [
        ("AYSE", "MEHMET", ("MEHMET", "AYSE")),
        ("AYSE", "AYSE", ("AYSE", "")),
        ("", "MEHMET", ("MEHMET", "")),
    ],
)
def test_an_inquirer_of_the_query_and_one_of_the_token_are_both_recorded(
    tmp_path: Path, bound: str, stated: str, recorded: tuple[str, str]
) -> None:
    request = asked()
    token = replace(BINDING, inquirer=bound)
    token_stage(tmp_path)(request, with_token(token=token, inquirer=stated), PERSON)
    assert (request.entry.inquirer, request.entry.bound_inquirer) == recorded


@pytest.mark.parametrize(
    ("bound", "stated"), [("VELI", "AYSE"), ("AYSE", "VELI"), ("VELI", None), ("", None)]
)
def test_both_inquirers_must_be_registered_today(
    tmp_path: Path, bound: str, stated: str | None
) -> None:
    token = replace(BINDING, inquirer=bound)
    with pytest.raises(faults.InquirerNotAllowed):
        token_stage(tmp_path)(asked(), with_token(token=token, inquirer=stated), PERSON)


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        (replace(BINDING, institution="B-06-0001"), "another institution"),
        (replace(BINDING, source_address="203.0.113.11"), "another address"),
        (replace(BINDING, source_address=""), "another address"),
    ],
)
def test_a_token_of_somebody_else_is_refused_like_an_unknown_one(
    tmp_path: Path, token: TokenBinding, detail: str
) -> None:
    with pytest.raises(faults.TokenRefused) as caught:
        token_stage(tmp_path)(asked(), with_token(token=token), PERSON)
    assert detail in caught.value.detail


def test_a_token_is_held_to_its_address_before_the_network_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(faults.TokenRefused):
        token_stage(tmp_path)(asked(source="198.51.100.1"), with_token(), PERSON)


def test_an_agreement_may_let_tokens_move_between_its_addresses(tmp_path: Path) -> None:
    changes = {
        'networks = ["203.0.113.10/32"]': 'networks = ["203.0.113.8/29"]\ntoken_address_free = true'
    }
    made = token_stage(tmp_path, changes)
    made(asked(source="203.0.113.11"), with_token(), PERSON)
    with pytest.raises(faults.NetworkNotAllowed):
        made(asked(source="198.51.100.1"), with_token(), PERSON)


@pytest.mark.parametrize(
    ("how", "profile", "good"),
    [
        ("TOKEN_HMAC_SHA1", KLASIK, True),
        ("TOKEN_HMAC_SHA256", KLASIK, True),
        ("TOKEN_HMAC_SHA1", 'security = "STANDART"', False),
        ("TOKEN_HMAC_SHA256", 'security = "STANDART"', True),
        ("TOKEN_SOMETHING", KLASIK, False),
    ],
)
def test_a_weak_proof_counts_in_profile_klasik_only(
    tmp_path: Path, how: str, profile: str, good: bool
) -> None:
    made = token_stage(tmp_path, {KLASIK: profile})
    call = with_token(how=how, time=FRESH)
    if good:
        assert made(asked(), call, PERSON).institution == "B-34-0417"
    else:
        with pytest.raises(faults.ProofRefused):
            made(asked(), call, PERSON)


def test_an_agreement_that_wants_signed_routing_answers_says_so(tmp_path: Path) -> None:
    request = asked()
    changes = {
        'answer = { signature = "P256" }': (
            'answer = { signature = "P256", routing_signature = true }'
        )
    }
    token_stage(tmp_path, changes)(request, with_token(), PERSON)
    assert (request.signature, request.routing_signature) == ("P256", True)
