"""Who asks at the served direct door, and how an answer of it is verified."""

from datetime import UTC, datetime

from end_to_end.questions import ADDRESS, PERSON, SOAP11, Reply, on_behalf, person_query
from end_to_end.running import Served
from kps_soap.client import VerifiedAnswer, load_certificates, verify_answer

COMPANY, BANK, STRICT, PLAIN = "SRK-0112", "BNK-0046", "V-06-0001", "B-34-0417"
PASSPORT = on_behalf(inquirer="V06-PASAPORT-01", purpose="PASAPORT", case_number="2026/14")


def verified(gateway: Served, reply: Reply) -> VerifiedAnswer:
    """Our own verifier's word for an answer; raises AnswerNotGenuine."""
    certificates = load_certificates(gateway.demo["signing_certificate_file"])
    return verify_answer(reply.body, certificates, now=datetime.now(UTC), question=reply.question)


def answers_of_every_kind(gateway: Served, soap: str) -> dict[str, Reply]:
    number = gateway.number(0)
    return {
        "answer": gateway.ask(PERSON, person_query(number), soap=soap),
        "answer in P-256": gateway.ask(
            PERSON, person_query(number), institution=STRICT, headers=PASSPORT, soap=soap
        ),
        "note": gateway.ask(PERSON, person_query(number), institution=BANK, soap=soap),
        "note in P-256": gateway.ask(PERSON, person_query(number), institution=STRICT, soap=soap),
        "security fault": gateway.ask(
            PERSON, person_query(number), password="yanlış bir parola", soap=soap
        ),
        "schema fault": gateway.ask(PERSON, person_query("on bir"), soap=soap),
        "action fault": gateway.ask(ADDRESS, person_query(number), soap=soap),
        "not well-formed": gateway.post(
            PERSON,
            b"<s:Envelope",
            names={"Content-Type": "text/xml" if soap == SOAP11 else "application/soap+xml"},
        ),
    }
