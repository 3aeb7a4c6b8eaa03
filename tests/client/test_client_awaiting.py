"""``AsyncKpsClient``: the same calls for an event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fake_kps import PASSWORD, SERVICE, USERNAME, VERSION, FakeKps, find

from kps_soap.certificates import DemoFiles
from kps_soap.client import (
    ActionNotSupported,
    AnswerNotGenuine,
    AsyncKpsClient,
    AuthenticationFailed,
    KpsError,
    QueryRefused,
    ServiceUnavailable,
    TokenRefused,
)

Calls = Callable[[AsyncKpsClient], Awaitable[Any]]


def run(kps: FakeKps, calls: Calls, **settings: Any) -> Any:
    """Run a coroutine function with a client, in a new event loop."""
    settings = {"clock": kps.clock, "ca_file": None} | settings
    password = settings.pop("password", PASSWORD)

    async def running() -> Any:
        async with AsyncKpsClient(kps.url, USERNAME, password, **settings) as client:
            return await calls(client)

    return asyncio.run(running())


async def ask(client: AsyncKpsClient, number: int = 1, **more: Any) -> str:
    result = await client.call(SERVICE, VERSION, [{"KimlikNo": number}], **more)
    return str(result.SorguSonucu)


def test_calls_run_side_by_side_with_one_token(kps: FakeKps) -> None:
    async def calls(client: AsyncKpsClient) -> list[str]:
        service = client.service(SERVICE, VERSION)
        results = await asyncio.gather(
            *(service.Sorgula([{"KimlikNo": number}]) for number in range(8)),
            *(client.call(SERVICE, VERSION, [{"KimlikNo": number}]) for number in range(8, 16)),
        )
        return [one.SorguSonucu for one in results]

    assert run(kps, calls) == [str(number) for number in range(16)]
    assert len(kps.tokens_asked) == 1
    assert len([one for one in kps.heard if "Wsdl.ashx" in one.path]) == 1


def test_on_whose_behalf_can_be_said_for_each_call(kps: FakeKps) -> None:
    async def calls(client: AsyncKpsClient) -> None:
        await client.service(SERVICE, VERSION, inquirer="U-2").Sorgula()
        await ask(client, purpose="B", message_id="urn:uuid:benim")

    run(kps, calls, inquirer="U-1")
    first, second = (find(one.root, "s:Header") for one in kps.questions)
    assert find(first, "{*}Sorgulayan").text == "U-2"
    assert find(second, "{*}Sorgulayan").text == "U-1"
    assert find(second, "a:MessageID").text == "urn:uuid:benim"


def test_a_refused_token_is_renewed_once_and_never_twice(kps: FakeKps) -> None:
    kps.refusals += ["FailedAuthentication"]
    assert run(kps, ask) == "1"
    assert (len(kps.tokens_asked), len(kps.questions)) == (2, 2)
    kps.refusals += ["FailedAuthentication"] * 9
    with pytest.raises(TokenRefused):
        run(kps, ask)
    assert (len(kps.tokens_asked), len(kps.questions)) == (4, 4)


def test_a_wrong_password_is_tried_once(kps: FakeKps) -> None:
    with pytest.raises(AuthenticationFailed):
        run(kps, ask, password="yanlış")
    assert (len(kps.tokens_asked), len(kps.questions)) == (1, 0)


def test_a_note_carries_its_house_number(kps: FakeKps) -> None:
    kps.payload = "<HataBilgisi><Kod>8</Kod></HataBilgisi>"
    kps.answer_headers = {"Kps-Sonuc-Kodu": "201"}
    with pytest.raises(QueryRefused) as refusal:
        run(kps, ask)
    assert (refusal.value.text, refusal.value.house_number) == ("", 201)


@pytest.mark.parametrize(
    ("instead", "error"),
    [
        ((503, {"Retry-After": "7"}, b""), ServiceUnavailable),
        ((404, {}, b""), ActionNotSupported),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), AnswerNotGenuine),
        ((200, {"Content-Type": "text/html"}, b"<html/>"), AnswerNotGenuine),
        ((200, {"Content-Type": "text/xml"}, b"<html>"), AnswerNotGenuine),
    ],
)
def test_an_http_answer_without_an_envelope_is_an_error_of_its_kind(
    kps: FakeKps, instead: tuple[int, dict[str, str], bytes], error: type[KpsError]
) -> None:
    async def calls(client: AsyncKpsClient) -> None:
        await ask(client)
        kps.instead = instead
        await ask(client)

    with pytest.raises(error):
        run(kps, calls)


def test_a_service_or_operation_that_is_not_there_is_told_by_the_first_call(kps: FakeKps) -> None:
    async def unknown_service(client: AsyncKpsClient) -> None:
        await client.service("YokServis", VERSION).Sorgula([])

    async def unknown_operation(client: AsyncKpsClient) -> None:
        await client.service(SERVICE, VERSION).Listele([])

    async def no_operation(client: AsyncKpsClient) -> None:
        assert not hasattr(client.service(SERVICE, VERSION), "_gizli")

    with pytest.raises(ActionNotSupported):
        run(kps, unknown_service)
    with pytest.raises(AttributeError, match="Sorgula"):
        run(kps, unknown_operation)
    run(kps, no_operation)


def test_the_direct_door_needs_no_token(kps: FakeKps, files: DemoFiles) -> None:
    # The fake does not serve that door: its 404 is answer enough.
    with pytest.raises(ActionNotSupported):
        run(kps, ask, door="direct", certificate_file=files.rsa_certificate)
    assert [one.path for one in kps.heard] == ["/kps/ListeServis/2021/04/01?wsdl"]


def test_a_gateway_that_is_not_there_is_unavailable(kps: FakeKps) -> None:
    async def calls(client: AsyncKpsClient) -> None:
        await ask(client)
        client._base_url = "http://127.0.0.1:9"
        await ask(client)

    with pytest.raises(ServiceUnavailable):
        run(kps, calls)
