"""How each stack makes code of every published WSDL, and compiles it where there is a compiler.

A survey gets the addresses and gives the number of operations that it found at each; a stack
that generates code in files counts one where the code was made and compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from interop.toolchains import Ready, Workshop, download

Found = dict[str, int]


@dataclass(frozen=True)
class Survey:
    """One stack's survey, in its toolchain."""

    name: str
    toolchain: str
    of: Callable[[Workshop, Ready, Sequence[str], Path], Found]


def _told(said: str) -> Found:
    """What a survey program prints: a number and an address a line."""
    lines = (line.split(" ") for line in said.splitlines())
    return {address: int(count) for count, address in lines}


def _program(*words: str) -> Callable[[Workshop, Ready, Sequence[str], Path], Found]:
    """A program of the toolchain that reads the WSDLs at run time."""

    def run(shop: Workshop, ready: Ready, addresses: Sequence[str], place: Path) -> Found:
        command = (*ready.command(words[0]), *words[1:], *addresses)
        return _told(shop.make(*command, **ready.variables))

    return run


def _gsoap(shop: Workshop, ready: Ready, addresses: Sequence[str], place: Path) -> Found:
    for number, address in enumerate(addresses):
        code = place / str(number)
        code.mkdir()
        download(shop, code / "service.wsdl", address)
        shop.make("wsdl2h", "-c", "-x", "-o", "service.h", "service.wsdl", cwd=code)
        shop.make("soapcpp2", "-c", "-C", "-L", "-w", "-x", "service.h", cwd=code)
    return dict.fromkeys(addresses, 1)


def _java(shop: Workshop, ready: Ready, addresses: Sequence[str], place: Path) -> Found:
    *launcher, path, program = ready.command("Survey")
    found = _told(shop.make(*launcher, path, program, place, *addresses))
    sources = [*(place / "survey").rglob("*.java")]
    shop.make("javac", "-nowarn", "-encoding", "UTF-8", "-cp", path, "-d", place, *sources)
    return found


def _mono(shop: Workshop, ready: Ready, addresses: Sequence[str], place: Path) -> Found:
    def generate(number: int) -> Path:
        address = addresses[number].replace("127.0.0.1", "localhost")
        # A WSDL of the routing door has a SOAP 1.2 port alone.
        protocol = "SOAP12" if "/Services/Wsdl" in address else "SOAP"
        target = place / f"Service{number}.cs"
        shop.make(
            "wsdl", "-nologo", "-language:CS", f"-protocol:{protocol}",
            f"-namespace:Survey.W{number}", f"-out:{target}", address, **ready.variables,
        )  # fmt: skip
        assert "SoapHttpClientProtocol" in target.read_text(encoding="utf-8"), address
        return target

    # The tool waits for its network more than it computes.
    with ThreadPoolExecutor(2) as pool:
        sources = list(pool.map(generate, range(len(addresses))))
    shop.make(
        "mcs", "-nologo", "-warn:0", "-target:library", f"-out:{place / 'survey.dll'}",
        "-r:System.Web.Services", *sources,
    )  # fmt: skip
    return dict.fromkeys(addresses, 1)


SURVEYS = (
    Survey("zeep", "Python", _program("zeep_survey.py")),
    Survey("suds-community", "suds", _program("suds_survey.py")),
    Survey("node soap", "Node", _program("survey.js", "soap")),
    Survey("strong-soap", "Node", _program("survey.js", "strong-soap")),
    Survey("PHP SoapClient", "PHP", _program("survey.php")),
    Survey("gSOAP", "gSOAP", _gsoap),
    Survey("wsimport", "Java", _java),
    Survey("Mono wsdl", "Mono", _mono),
)

#: The addresses of a contract's WSDLs, below the gateway's own address.
PUBLISHED: Mapping[str, str] = {
    "direct": "/kps/{name}/{version}?wsdl",
    "direct, policy": "/kps/{name}/{version}?wsdl&policy=1",
    "routing": "/Services/Wsdl.ashx?Service={name}&Version={version}",
}
