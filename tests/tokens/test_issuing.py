"""The contract of the token service: what the line relies on, beyond the answers it gives."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from token_samples import NOW, counting_bytes, p256, recipe

from kps_soap.criteria import Asker, Enquiry
from kps_soap.entry import Event
from kps_soap.faults import InternalFailure
from kps_soap.tokens.issuing import Demand, Issued, TokenService, Written, end_of
from kps_soap.tokens.proof import ProofKeys
from kps_soap.tokens.trust import TokenRequest

FAR = datetime(2027, 1, 1, tzinfo=UTC)
ASKER = Asker(
    institution="B-34-0417",
    account="KRM-34-0417",
    inquirer="",
    source_address="2001:db8::10",
    asked_at=NOW,
    agreement="2026/117",
    agreement_digest="ab" * 32,
)


def service(**changes: Any) -> TokenService:
    settings: dict[str, Any] = {
        "recipe": recipe(),
        "signer": lambda: p256().signer,
        "wrap": ProofKeys(bytes(32)).wrap,
        "random_bytes": counting_bytes(),
        "issuer": "urn:gecit",
        "token_seconds": 3_600,
    }
    return TokenService(**(settings | changes))


def made(contract: TokenService, asker: Asker | None = ASKER, **demand: Any) -> Issued:
    nothing: Any = None
    enquiry = Enquiry(register=nothing, wants=lambda _path: False, asker=asker)
    call = contract.open(Demand(TokenRequest(**demand), 7, FAR))
    contract.validate_request(call)
    return contract.filter(asyncio.run(contract.run(call, enquiry)), None)


def test_it_looks_to_the_line_like_any_contract() -> None:
    contract = service()
    assert (contract.name, contract.version, contract.operation) == (
        "IWSTrust13",
        "200512",
        "Issue",
    )
    assert contract.action == f"{contract.namespace}/RST/Issue"
    assert contract.event is Event.TOKEN
    assert not contract.has_notes and not contract.address
    assert contract.criteria is None and contract.fields is None


def test_a_token_says_whose_it_is_and_where_it_went() -> None:
    token = made(service()).token
    assert (token.account, token.credential_version) == ("KRM-34-0417", 7)
    assert token.source_address == "2001:db8::10"
    assert token.issued_us == round(NOW.replace(microsecond=123_000).timestamp() * 1_000_000)
    assert token.not_after_us - token.issued_us == 3_600_000_000


def test_no_two_tokens_share_a_name_a_key_or_a_digest() -> None:
    contract = service()
    tokens = [made(contract) for _ in range(5)]
    for values in (
        {one.token.assertion_id for one in tokens},
        {one.token.digest for one in tokens},
        {one.response.secret for one in tokens},
    ):
        assert len(values) == 5
    assert all(one.token.assertion_id.startswith("_") for one in tokens)


def test_a_call_that_nobody_asks_is_refused() -> None:
    with pytest.raises(InternalFailure):
        made(service(), None)


@pytest.mark.parametrize("content", [b"<a>", b"<a/>", b"", b"<a/><b/>"])
def test_an_answer_of_another_shape_does_not_leave(content: bytes) -> None:
    contract = service()
    good = made(contract)
    written = contract.write(Demand(TokenRequest(), 7, FAR), good)
    assert contract.validate_answer(written) is not None
    with pytest.raises(InternalFailure):
        contract.validate_answer(Written(content, good.token))


@dataclass
class _Dates:
    valid_until: date


@dataclass
class _Access:
    security: str
    security_until: date | None


@dataclass
class _Agreement:
    document: _Dates
    access: _Access


@pytest.mark.parametrize(
    ("security", "until", "end"),
    [
        ("KLASIK", date(2026, 6, 30), datetime(2026, 6, 30, 21, tzinfo=UTC)),
        ("KLASIK", date(2027, 6, 30), datetime(2026, 12, 31, 21, tzinfo=UTC)),
        ("KLASIK", None, datetime(2026, 12, 31, 21, tzinfo=UTC)),
        ("STANDART", date(2026, 6, 30), datetime(2026, 12, 31, 21, tzinfo=UTC)),
    ],
)
def test_an_agreement_ends_with_its_last_day_in_istanbul(
    security: str, until: date | None, end: datetime
) -> None:
    agreement: Any = _Agreement(_Dates(date(2026, 12, 31)), _Access(security, until))
    assert end_of(agreement) == end
