"""Who is run against which door, and what each must find out there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PUBLIC, DIRECT_11, DIRECT_12, ROUTING = "public", "direct-1.1", "direct-1.2", "routing"
DOORS = (PUBLIC, DIRECT_11, DIRECT_12, ROUTING)
#: Who asks, about which golden persona, and which persona no record exists of.
INSTITUTION, PERSON, NOBODY = "B-34-0417", 0, 63

GENERATED = (PUBLIC, DIRECT_11, DIRECT_12)

#: What is found at each door; ``{surname}`` is that of the person who is asked about.
FOUND: Mapping[str, Mapping[str, str]] = {
    PUBLIC: {"right": "true", "wrong": "false"},
    DIRECT_11: {"surname": "{surname}", "nobody": "2", "refusal": "FailedAuthentication"},
    DIRECT_12: {"surname": "{surname}", "nobody": "2", "refusal": "FailedAuthentication"},
    ROUTING: {
        "surname": "{surname}",
        "nobody": "2",
        "section": "8",
        "service": "8",
        "unknown_action": "ActionNotSupported",
        "tampered": "InvalidSecurity",
        "refusal": "FailedAuthentication",
    },
}

PROVED = {"signature": "verified"}


@dataclass(frozen=True)
class Client:
    """One client: its program in its toolchain, the doors that it speaks to.

    ``differently`` replaces what it finds at a door; None means that it cannot tell.
    """

    name: str
    toolchain: str
    program: str
    doors: tuple[str, ...]
    proves: bool = False
    differently: Mapping[str, Mapping[str, str | None]] | None = None

    def finds(self, door: str, surname: str) -> dict[str, str]:
        """What this client must tell about a door."""
        found: dict[str, str | None] = dict(FOUND[door])
        if self.proves and door.startswith("direct"):
            found |= PROVED
        found |= (self.differently or {}).get(door, {})
        return {
            name: value.format(surname=surname)
            for name, value in found.items()
            if value is not None
        }


#: Of a SOAP 1.2 fault these show the outer code only.
OUTER_CODE = {"refusal": "Sender"}

CLIENTS = (
    Client("zeep", "Python", "zeep_client.py", GENERATED, proves=True),
    Client("suds-community", "suds", "suds_client.py", (PUBLIC, DIRECT_11)),
    Client("requests", "Python", "raw_client.py", DOORS),
    Client(
        "requests, entropy", "Python", "entropy_client.py", (ROUTING,),
        differently={
            ROUTING: {"sha256": "{surname}", "section": None, "service": None,
                      "unknown_action": None}
        },
    ),
    Client("node soap", "Node", "soap_client.js", GENERATED),
    Client("strong-soap", "Node", "strong_soap_client.js", GENERATED),
    Client("node https", "Node", "routing_client.js", (ROUTING,)),
    Client(
        "PHP SoapClient", "PHP", "soap_client.php", GENERATED, differently={DIRECT_12: OUTER_CODE}
    ),
    Client(
        "PHP SoapClient, token", "PHP", "routing_soap_client.php", (ROUTING,),
        differently={ROUTING: {"tampered": "Sender", "unknown_action": None}},
    ),
    Client("PHP curl", "PHP", "routing_curl_client.php", (ROUTING,)),
    Client("Go net/http", "Go", "client", DOORS),
    Client("gSOAP, SOAP 1.1", "gSOAP", "client1.1", (PUBLIC, DIRECT_11), proves=True),
    # gSOAP reads no fault whose Reason has two texts, and then knows the status alone.
    Client(
        "gSOAP, SOAP 1.2", "gSOAP", "client1.2", (PUBLIC, DIRECT_12), proves=True,
        differently={DIRECT_12: OUTER_CODE},
    ),
    Client("JAX-WS, WSS4J", "Java", "DirectClient", GENERATED, proves=True),
    Client("JAX-WS, WS-Trust", "Java", "RoutingClient", (ROUTING,)),
    Client("Mono wsdl", "Mono", "client.exe", GENERATED, proves=True),
)  # fmt: skip


@dataclass(frozen=True)
class Verifier:
    """A verifier of signed answers: ``arguments`` stand before the file names.

    ``{signer}`` and ``{authority}`` are files of certificates.  ``tells_parts`` says that it
    tells which parts a signature covers; ``reads_p256`` that it knows ECDSA.
    """

    name: str
    toolchain: str
    program: str
    arguments: tuple[str, ...] = ("{signer}",)
    tells_parts: bool = True
    reads_p256: bool = True


#: The kinds of signed answers that are shown to verifiers.
SIGNED_KINDS = ("RSA, SOAP 1.1", "RSA, SOAP 1.2", "RSA, fault", "P-256")

VERIFIERS = (
    Verifier("signxml", "Python", "signxml_verifier.py"),
    Verifier("xmlsec1", "xmlsec1", "xmlsec1", tells_parts=False),
    Verifier("node xml-crypto", "Node", "verify.js", reads_p256=False),
    Verifier("WSS4J", "Java", "SignedAnswers", ("wss4j", "{authority}")),
    Verifier("JDK XMLSignature", "Java", "SignedAnswers", ("jdk", "{signer}")),
    Verifier("Mono SignedXml", "Mono", "verify.exe", reads_p256=False),
)
