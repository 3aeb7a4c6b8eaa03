"""The Python client against a real gateway: tokens, both doors, every contract, every refusal."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zeep
from zeep.helpers import serialize_object

from end_to_end.running import ROOT, Served, environment, kps
from end_to_end.test_reload import edited
from kps_soap.client import (
    ActionNotSupported,
    AnswerNotGenuine,
    AsyncKpsClient,
    AuthenticationFailed,
    IssuedToken,
    KpsClient,
    QueryRefused,
    SecurityFault,
    TokenRefused,
    transport,
)

PLAIN, COMPANY, STRICT, STOPPED = "B-34-0417", "SRK-0112", "V-06-0001", "U-42-0003"
PERSON = ("KisiSorgulaTCKimlikNoServis", "2011/01/01")
COMBINED = ("BilesikKutukSorgulaKimlikNoServis", "2023/02/01")
PASSPORT = {"inquirer": "V06-PASAPORT-01", "purpose": "PASAPORT", "case_number": "2026/14"}

README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Those that ask the demo; the one that signs needs an agreement and a key of its own.
EXAMPLES = [
    example
    for example in re.findall(r"^```python\n(.*?)^```", README, re.S | re.M)
    if "demo/demo.json" in example
]


def settings(gateway: Served, institution: str = PLAIN, **more: Any) -> dict[str, Any]:
    account = gateway.account(institution)
    known = {
        "base_url": gateway.https,
        "username": account["username"],
        "password": account["password"],
        "ca_file": gateway.demo["ca_file"],
    }
    return known | more


@contextmanager
def client_of(gateway: Served, institution: str = PLAIN, **more: Any) -> Iterator[KpsClient]:
    with KpsClient(**settings(gateway, institution, **more)) as client:
        yield client


def signed(gateway: Served) -> dict[str, Any]:
    return {"certificate_file": gateway.demo["signing_certificate_file"]}


def about(gateway: Served, index: int) -> list[dict[str, int]]:
    """A criterion of the combined register about a golden persona."""
    persona = gateway.persona(index)
    parts = zip(("DogumGun", "DogumAy", "DogumYil"), ("day", "month", "year"), strict=True)
    born = {name: persona["birth"][part] for name, part in parts}
    return [{"KimlikNo": persona["identity_number"], **born}]


def name_of(gateway: Served, client: KpsClient, index: int = 0, **more: Any) -> str:
    result = client.call(*PERSON, [{"TCKimlikNo": gateway.number(index)}], **more)
    return str(result.SorguSonucu.KisiBilgisi[0].TemelBilgisi.Ad)


# The README


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_of_the_readme_shows_the_persona(
    gateway: Served, tmp_path: Path, example: str
) -> None:
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    (tmp_path / "demo").symlink_to(gateway.home)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert gateway.persona(0)["given_name"] in done.stdout


def test_the_readme_shows_every_way_in() -> None:
    shown = "\n".join(EXAMPLES)
    for name in ("KpsClient(", "AsyncKpsClient(", "IssuedToken(", "DirectDoor("):
        assert name in shown


# Answers


@pytest.mark.parametrize("more", [{}, {"hmac": "sha1"}, {"entropy": True}], ids=str)
def test_a_token_opens_the_routing_door(gateway: Served, more: dict[str, Any]) -> None:
    with client_of(gateway, **more) as client:
        for index in (0, 1):
            assert name_of(gateway, client, index) == gateway.persona(index)["given_name"]


def test_both_doors_say_the_same(gateway: Served) -> None:
    with (
        client_of(gateway) as routing,
        client_of(gateway, door="direct", **signed(gateway)) as direct,
    ):
        for service, criteria in (
            (PERSON, [{"TCKimlikNo": gateway.number(index)} for index in (0, 1, 63)]),
            (COMBINED, about(gateway, 0)),
            (("AksOkuTumIlServis", "2011/01/01"), None),
            (("AksOkuTumIleBagliIlceServis", "2011/01/01"), {"IlKodu": 34}),
        ):
            answers = [one.call(*service, criteria) for one in (routing, direct)]
            first, second = (serialize_object(one, dict) for one in answers)
            assert first == second
            assert first["SorguSonucu"]


def test_every_granted_service_has_its_wsdl_in_both_doors(gateway: Served) -> None:
    with (
        client_of(gateway) as routing,
        client_of(gateway, door="direct", **signed(gateway)) as direct,
    ):
        for service in gateway.account(PLAIN)["services"]:
            name, version = service["name"], service["version"]
            operations = [
                {one for one in dir(client.service(name, version)) if one[0].isupper()}
                for client in (routing, direct)
            ]
            assert operations[0] == operations[1]
            assert operations[0]


def test_calls_of_an_event_loop_run_side_by_side(gateway: Served) -> None:
    async def calls() -> list[str]:
        async with AsyncKpsClient(**settings(gateway)) as client:
            service = client.service(*PERSON)
            results = await asyncio.gather(
                *(service.ListeleCoklu([{"TCKimlikNo": gateway.number(i)}]) for i in range(5))
            )
            return [one.SorguSonucu.KisiBilgisi[0].TemelBilgisi.Ad for one in results]

    assert asyncio.run(calls()) == [gateway.persona(index)["given_name"] for index in range(5)]


def test_the_direct_door_answers_an_event_loop_too(gateway: Served) -> None:
    async def call() -> str:
        more = settings(gateway, door="direct", **signed(gateway))
        async with AsyncKpsClient(**more) as client:
            result = await client.call(*PERSON, [{"TCKimlikNo": gateway.number(0)}])
            return str(result.SorguSonucu.KisiBilgisi[0].TemelBilgisi.Ad)

    assert asyncio.run(call()) == gateway.persona(0)["given_name"]


def test_answers_are_proven_where_the_agreement_has_them_signed(gateway: Served) -> None:
    with edited(
        gateway, '{ signature = "RSA" }', '{ signature = "RSA", routing_signature = true }'
    ):
        with client_of(gateway, COMPANY, **signed(gateway)) as client:
            assert name_of(gateway, client) == gateway.persona(0)["given_name"]
        # Whoever does not look at the signature is served too.
        with client_of(gateway, COMPANY) as client, pytest.raises(AnswerNotGenuine):
            name_of(gateway, client)
    with client_of(gateway, COMPANY, **signed(gateway)) as client, pytest.raises(AnswerNotGenuine):
        name_of(gateway, client)


def test_who_asks_and_why_can_differ_from_call_to_call(gateway: Served) -> None:
    with client_of(gateway, STRICT, **PASSPORT) as client:
        assert name_of(gateway, client) == gateway.persona(0)["given_name"]
        assert name_of(gateway, client, inquirer="V06-IKAMET-01")
        with pytest.raises(QueryRefused) as refusal:
            name_of(gateway, client, inquirer="YOK-01")
        assert (refusal.value.code, refusal.value.house_number) == (8, 204)
    with client_of(gateway, STRICT, inquirer="V06-PASAPORT-01") as client:
        with pytest.raises(QueryRefused) as refusal:
            name_of(gateway, client)
        assert refusal.value.house_number == 202


def test_a_message_id_of_the_callers_own_stands_on_the_record(gateway: Served) -> None:
    mine = "urn:uuid:3b6f9c1e-0000-4000-8000-00000000feed"
    for more in ({}, {"door": "direct", **signed(gateway)}):
        with client_of(gateway, **more) as client:
            name_of(gateway, client, message_id=mine)
    words = ("audit", "search", "--json", "--reason", "deneme", "--home", str(gateway.home))
    assert kps(*words, "--limit", "1000").stdout.count(mine) == 2


# Refusals


def test_a_note_of_either_door_has_code_sentence_and_house_number(gateway: Served) -> None:
    with client_of(gateway, STOPPED, door="direct", **signed(gateway)) as client:
        with pytest.raises(QueryRefused, match="yürürlükte değil") as refusal:
            name_of(gateway, client)
        assert (refusal.value.code, refusal.value.house_number) == (8, 205)
    with client_of(gateway, COMPANY) as client:
        with pytest.raises(QueryRefused, match="yetkiniz yoktur") as refusal:
            client.call(*COMBINED, about(gateway, 0))
        assert (refusal.value.code, refusal.value.house_number) == (8, 201)
        with pytest.raises(QueryRefused) as refusal:
            client.call(*PERSON, [])
        assert refusal.value.code == 10


def test_whoever_may_have_no_token_is_told_so(gateway: Served) -> None:
    unknown = {"username": "KRM-YOK", "password": "d41d8cd98f00b204e9800998ecf8427e"}
    stranger = client_of(gateway, PLAIN, **unknown)
    stopped = client_of(gateway, STOPPED)
    for opened in (stranger, stopped):
        with opened as client, pytest.raises(AuthenticationFailed):
            name_of(gateway, client)


def test_what_the_gateway_does_not_have_is_not_supported(gateway: Served) -> None:
    with client_of(gateway) as client:
        for name, version in (("YokServis", "2011/01/01"), (PERSON[0], "1999/01/01")):
            with pytest.raises(ActionNotSupported):
                client.service(name, version)


def test_an_unknown_action_is_a_fault_of_its_own(gateway: Served) -> None:
    account = gateway.account(PLAIN)
    token = IssuedToken(
        f"{gateway.https}/Services/Issuer.svc/IWSTrust13",
        account["username"],
        account["password"],
        ca_file=gateway.demo["ca_file"],
    )

    class AnotherAction:
        """What a program written against another WSDL sends."""

        def apply(self, envelope: Any, headers: Any) -> tuple[Any, Any]:
            headers["Content-Type"] = headers["Content-Type"].replace("ListeleCoklu", "Sil")
            token.apply(envelope, headers)
            (action,) = envelope[0].iterchildren("{*}Action")
            action.text = action.text.replace("ListeleCoklu", "Sil")
            return envelope, headers

        def verify(self, envelope: Any) -> Any:
            return token.verify(envelope)

    over_tls = transport(gateway.demo["ca_file"])
    address = f"{gateway.https}/Services/WsdlNoPolicy.ashx?Service={PERSON[0]}"
    with over_tls.session:
        client = zeep.Client(address, wsse=AnotherAction(), transport=over_tls)
        with pytest.raises(ActionNotSupported, match="cannot be processed at the receiver"):
            client.service.ListeleCoklu(kriterListesi={})
    token.close()


def test_blocking_an_account_ends_its_token_at_once(gateway: Served) -> None:
    name = gateway.account(COMPANY)["username"]
    account = gateway.account(COMPANY)
    token = IssuedToken(
        f"{gateway.https}/Services/Issuer.svc/IWSTrust13",
        name,
        account["password"],
        ca_file=gateway.demo["ca_file"],
    )
    over_tls = transport(gateway.demo["ca_file"])
    with over_tls.session, client_of(gateway, COMPANY) as client:
        address = f"{gateway.https}/Services/Wsdl.ashx?Service={PERSON[0]}&Version={PERSON[1]}"
        plain = zeep.Client(address, wsse=token, transport=over_tls)
        criteria = {"KisiSorgulaTCKimlikNoSorguKriteri": [{"TCKimlikNo": gateway.number(0)}]}
        plain.service.ListeleCoklu(kriterListesi=criteria)
        assert name_of(gateway, client)
        assert kps("accounts", "block", name, KPS_HOME=str(gateway.home)).returncode == 0
        try:
            with pytest.raises(TokenRefused):
                plain.service.ListeleCoklu(kriterListesi=criteria)
            # The client asks for another token, and is refused that.
            with pytest.raises(AuthenticationFailed):
                name_of(gateway, client)
        finally:
            assert kps("accounts", "unblock", name, KPS_HOME=str(gateway.home)).returncode == 0
        assert name_of(gateway, client)
        plain.service.ListeleCoklu(kriterListesi=criteria)
    token.close()


def test_a_proof_with_sha1_is_too_weak_for_the_stricter_profile(gateway: Served) -> None:
    old = 'security = "KLASIK"\nsecurity_until = 2027-12-31\n'
    with edited(gateway, old, 'security = "STANDART"\n'):
        with client_of(gateway, COMPANY) as client:
            assert name_of(gateway, client)
        with client_of(gateway, COMPANY, hmac="sha1") as client:
            with pytest.raises(SecurityFault) as refusal:
                name_of(gateway, client)
            assert refusal.value.code == "InvalidSecurity"
