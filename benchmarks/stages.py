"""CPU a stage: the line's own stages, called one after the other in one process.

The same objects that serve requests are timed, with everything on; the sum is what one request
costs this process besides HTTP.  The record stage is awaited in groups, as it is under load.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.messages import direct_message
from benchmarks.routing import routing_message, token_message, token_of
from kps_soap.app import Running, open_gateway
from kps_soap.configured import utc_now
from kps_soap.gateway import Exchange, Question, _new_exchange
from kps_soap.settings import read

CALLS = 2_000
GROUP = 50
PATH = "/kps/kisisorgulatckimliknoservis/2011/01/01"
ISSUER, ROUTER = "/services/issuer.svc/iwstrust13", "/services/routingservice.svc"
TEXT_XML, SOAP_XML = "text/xml; charset=utf-8", "application/soap+xml; charset=utf-8"


#: The price of a call, of a kind that the meter knows.
Meter = Callable[[Callable[[], Any]], Awaitable[float]]


def print_stages(home: Path) -> dict[str, dict[str, float]]:
    """Time the stages of a person query in the direct door (RSA-2048) and in the routing door;
    returns CPU µs by door and stage.
    """
    direct, routing = asyncio.run(measure(home, _time))
    print(f"\nCPU µs a stage (person query, mean of {CALLS})")
    print(f"{'':24}{'direct, RSA':>12}{'routing':>12}")
    for name, cost in direct.items():
        print(f"{name:24}{cost:12.1f}{routing[name]:12.1f}")
    print(f"{'sum':24}{sum(direct.values()):12.1f}{sum(routing.values()):12.1f}")
    return {"direct, RSA-2048": direct, "routing": routing}


async def measure(home: Path, meter: Meter) -> tuple[dict[str, float], dict[str, float]]:
    """What each stage costs by a meter: in the direct door, and in the routing door."""
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    account = next(one for one in demo["accounts"] if one["inquirer"] is None)
    number = demo["personas"][0]["identity_number"]
    settings = read(home, os.environ, command_line={"workers": 1})
    async with open_gateway(settings, worker="bench") as running:
        message = direct_message(number, account).encode()
        direct = await _stages(running, question_at(running, PATH, message, TEXT_XML), meter)
        asked = question_at(running, ISSUER, token_message(account).encode(), SOAP_XML)
        token = token_of((await running.gateway.answer(asked)).body.decode())
        message = routing_message(number, token).encode()
        routed = question_at(running, ROUTER, message, SOAP_XML)
        return direct, await _stages(running, routed, meter)


def question_at(running: Running, path: str, message: bytes, content_type: str) -> Question:
    place = running.doorway.places[path]
    if place.family is None:
        raise SystemExit("no door at this path")
    return Question(
        family=place.family,
        contract=place.contract,
        unverified_body=message,
        unverified_content_type=content_type,
        unverified_content_encoding="",
        unverified_action=None,
        unverified_agent="bench",
        source_address="127.0.0.1",
        received_at=utc_now(),
        request_id="0" * 32,
    )


async def _stages(running: Running, question: Question, meter: Meter) -> dict[str, float]:
    gateway, family = running.gateway, question.family

    def exchange() -> Exchange:
        return _new_exchange(replace(question, received_at=utc_now()))

    one = exchange()
    family.read(one)
    vouched = await family.vouch(one)
    contract = one.contract = family.contract_of(one, vouched)
    terms = gateway.agree(one, vouched, contract)
    element = family.normalise(one, vouched)
    call = contract.open(element)
    enquiry = await gateway.criteria(one, call, contract, terms)
    result = await contract.run(call, enquiry)
    shown = contract.filter(result, terms.grant)
    payload = contract.write(call, shown)
    tree = contract.validate_answer(payload)
    one.entry.receipt_number = await gateway.receipt_number("B", utc_now())
    answer = family.speak(one, payload, tree)
    one.entry.answer = answer.body
    costs = {
        "entry, digest": await meter(exchange),
        "limits and parse": await meter(lambda: family.read(one)),
        "authenticate": await meter(lambda: family.vouch(one)),
        "agreement": await meter(lambda: gateway.agree(one, vouched, contract)),
        "XSD of the request": await meter(lambda: contract.validate_request(element)),
        "read": await meter(lambda: contract.open(element)),
    }

    async def run() -> None:
        opened = contract.open(element)
        found = await gateway.criteria(one, opened, contract, terms)
        await contract.run(opened, found)

    costs["criteria and register"] = await meter(run) - costs["read"]
    costs["normalise"] = await meter(lambda: family.normalise(one, vouched))
    costs["field filter"] = await meter(lambda: contract.filter(result, terms.grant))

    def write() -> None:
        contract.write(contract.open(element), shown)

    costs["write"] = await meter(write) - costs["read"]
    costs["XSD of the answer"] = await meter(lambda: contract.validate_answer(payload))
    costs["answer bytes, signature"] = await meter(lambda: family.speak(one, payload, tree))
    costs["numbers told"] = await meter(lambda: gateway.told(one, answer))
    if meter is _time:
        costs["record, groups of 50"] = await _time_records(gateway.record, one.entry)
    return costs


async def _time(work: Callable[[], Any]) -> float:
    """Mean CPU microseconds of a call; coroutines are awaited."""
    started = time.process_time_ns()
    for _ in range(CALLS):
        made = work()
        if asyncio.iscoroutine(made):
            await made
    return (time.process_time_ns() - started) / CALLS / 1000


async def _time_records(record: Callable[[Any], Awaitable[None]], entry: Any) -> float:
    started = time.process_time_ns()
    for _ in range(CALLS // GROUP):
        await asyncio.gather(*(record(entry) for _ in range(GROUP)))
    return (time.process_time_ns() - started) / CALLS / 1000
