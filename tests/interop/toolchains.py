"""The toolchains of the clients: what each needs, and how it is made ready from the served WSDLs.

What comes from a package registry is kept in ``.interop/`` and used again while its lock file is
the same; what a toolchain generates from our WSDLs is made anew in every session.  A toolchain
that is not there raises ``Missing``, with its name; whatever fails later is a failure of ours.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

HERE = Path(__file__).resolve().parent
CLIENTS = HERE / "clients"
CACHE = HERE.parents[1] / ".interop"
COMMAND_SECONDS = 300
NODE_AT_LEAST = (20, 19)
PHP_EXTENSIONS = frozenset({"curl", "dom", "openssl", "soap"})
TRUST_PASSWORD = "changeit"

Command = tuple[str, ...]


class Missing(Exception):
    """A toolchain that this machine does not have; the text names what is not there."""


@dataclass(frozen=True)
class Workshop:
    """A session's place for generated code, and the gateway that the code is generated from."""

    base: str
    authority: Path
    directory: Path
    situation: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every program that is run here."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith("KPS_")}
        return mine | {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"} | self.situation

    def place(self, name: str) -> Path:
        """A new directory for generated code."""
        path = self.directory / name
        path.mkdir(parents=True)
        return path

    def run(
        self, *command: str | Path, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a program, and let the caller judge its exit code."""
        return subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def make(self, *command: str | Path, cwd: Path | None = None, **variables: str) -> str:
        """Run a program that must succeed: it works on what the gateway serves."""
        done = self.run(*command, cwd=cwd, **variables)
        assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout


@dataclass(frozen=True)
class Ready:
    """A toolchain that is ready: the start of its commands, and what their environment needs.

    ``commands`` maps a client's program to the words that run it; one that is not there is run
    by ``launcher`` as a file of ``directory``.
    """

    launcher: Command = ()
    directory: Path = CLIENTS
    variables: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, Command] = field(default_factory=dict)

    def command(self, program: str) -> Command:
        """The words that run a program of this toolchain."""
        return self.commands.get(program) or (*self.launcher, str(self.directory / program))


def need(*programs: str) -> None:
    """Raise ``Missing`` with the names of the programs that are not installed."""
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        raise Missing(f"not installed: {', '.join(absent)}")


def fetched(name: str, source: Path, fetch: Callable[[Path], Sequence[Sequence[str]]]) -> Path:
    """A directory of the cache with what ``source`` (a lock file) names.

    ``fetch`` gives the commands that fill it.  It is filled again only when the lock file has
    changed; one that was not filled to the end is filled from the start.
    """
    target, mark = CACHE / name, CACHE / f"{name}.made-from"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == digest and target.is_dir():
        return target
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for command in fetch(target):
        done = subprocess.run(
            command, cwd=target, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Missing(f"{command[0]} could not fetch it: {said[-1] if said else 'no reason'}")
    mark.write_text(digest)
    return target


# Python


def python(shop: Workshop) -> Ready:
    """The interpreter and the packages that the gateway itself is tested with."""
    return Ready((sys.executable,), CLIENTS / "python")


def suds(shop: Workshop) -> Ready:
    """suds-community, which nothing else here needs."""
    target = fetched("suds", HERE / "requirements.txt", lambda into: [_pip(into)])
    return Ready((sys.executable,), CLIENTS / "python", {"PYTHONPATH": str(target)})


def _pip(into: Path) -> list[str]:
    return [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install",
        "--no-deps", "--require-hashes", "--target", str(into),
        "--requirement", str(HERE / "requirements.txt"),
    ]  # fmt: skip


# Node, PHP, Go


def node(shop: Workshop) -> Ready:
    """node with the packages of the lock file."""
    need("node", "npm")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    version = said.stdout.strip().lstrip("v")
    if tuple(int(part) for part in version.split(".")[:2]) < NODE_AT_LEAST:
        raise Missing(f"node {version} is too old: the package soap needs 20.19")
    source = CLIENTS / "node" / "package-lock.json"
    target = fetched("node", source, _npm)
    return Ready(
        ("node",), CLIENTS / "node",
        {"NODE_PATH": str(target / "node_modules"), "NODE_EXTRA_CA_CERTS": str(shop.authority)},
    )  # fmt: skip


def _npm(into: Path) -> list[list[str]]:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CLIENTS / "node" / name, into / name)
    return [["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]]


def php(shop: Workshop) -> Ready:
    """The command-line PHP with its SOAP, DOM, curl and OpenSSL extensions."""
    need("php")
    said = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True)
    absent = PHP_EXTENSIONS - set(said.stdout.split())
    if absent:
        raise Missing(f"not installed: the PHP extensions {', '.join(sorted(absent))}")
    return Ready(("php",), CLIENTS / "php")


def go(shop: Workshop) -> Ready:
    """The Go compiler; the client needs its standard library alone."""
    need("go")
    program = shop.place("go") / "client"
    # Never another toolchain from the network: the one that is installed, or none.
    local = {"GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath"}
    shop.make("go", "build", "-o", program, ".", cwd=CLIENTS / "go", **local)
    return Ready(
        variables={"SSL_CERT_FILE": str(shop.authority)}, commands={"client": (str(program),)}
    )


# gSOAP


def gsoap(shop: Workshop) -> Ready:
    """wsdl2h and soapcpp2 on the served WSDLs, once for SOAP 1.1 and once for 1.2."""
    need("wsdl2h", "soapcpp2", "gcc", "pkg-config")
    place = shop.place("gsoap")
    share = Path(shop.make("pkg-config", "--variable=prefix", "gsoapssl").strip()) / "share/gsoap"
    if not (share / "plugin" / "wsseapi.c").exists():
        raise Missing("not installed: gSOAP's WS-Security plug-in")
    flags = shop.make("pkg-config", "--cflags", "--libs", "gsoapssl").split()
    wsdls = [download(shop, place / name, shop.base + path) for name, path in _GSOAP_WSDLS.items()]
    names = CLIENTS / "gsoap" / "names.dat"
    shop.make("wsdl2h", "-c", "-x", "-t", names, "-o", place / "generated.h", *wsdls)
    together = ['#import "wsse.h"\n']
    together += [path.read_text() for path in (place / "generated.h", names.with_name("receipt.h"))]
    (place / "client.h").write_text("".join(together))
    return Ready(commands={
        f"client{version}": (_gsoap_client(shop, place, share, flags, version),)
        for version in ("1.1", "1.2")
    })  # fmt: skip


_GSOAP_WSDLS = {
    "direct.wsdl": "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01?wsdl",
    "public.wsdl": "/Service/KPSPublic.asmx?WSDL",
}


def download(shop: Workshop, target: Path, address: str) -> Path:
    """Fetch a WSDL for wsdl2h, which trusts no authority that one names."""
    answer = requests.get(address, verify=str(shop.authority), timeout=30)
    assert answer.status_code == 200, answer.text
    target.write_bytes(answer.content)
    return target


def _gsoap_client(shop: Workshop, place: Path, share: Path, flags: list[str], version: str) -> str:
    code = place / version
    code.mkdir()
    shop.make(
        "soapcpp2", f"-{version[-1]}", "-c", "-C", "-L", "-w", "-x", f"-I{share / 'import'}",
        place / "client.h", cwd=code,
    )  # fmt: skip
    plugins = [share / "plugin" / f"{name}.c" for name in ("wsseapi", "smdevp", "mecevp")]
    shop.make(
        "gcc", "-w", "-O0", "-I.", f"-I{share / 'plugin'}", f"-I{share}", "-o", "client",
        CLIENTS / "gsoap" / "client.c", "soapC.c", "soapClient.c", *plugins,
        share / "custom" / "struct_timeval.c", *flags, "-lssl", "-lcrypto", "-lz", cwd=code,
    )  # fmt: skip
    return str(code / "client")


# Java


def java(shop: Workshop) -> Ready:
    """wsimport on the served WSDLs, and WSS4J; Maven fetches the libraries and does no more."""
    need("java", "javac", "keytool", "mvn")
    libraries = fetched("java", CLIENTS / "java" / "pom.xml", _maven)
    place = shop.place("java")
    trust = place / "trust.p12"
    shop.make(
        "keytool", "-importcert", "-noprompt", "-alias", "demo", "-file", shop.authority,
        "-keystore", trust, "-storetype", "PKCS12", "-storepass", TRUST_PASSWORD,
    )  # fmt: skip
    hosts = place / "hosts"
    hosts.write_text("127.0.0.1 kpsv2.ornek.example kimlikdogrulama.ornek.example\n")
    launcher = (
        "java", "-XX:TieredStopAtLevel=1", f"-Djavax.net.ssl.trustStore={trust}",
        f"-Djavax.net.ssl.trustStorePassword={TRUST_PASSWORD}", "-cp",
    )  # fmt: skip
    path = f"{place / 'classes'}{os.pathsep}{libraries}/*"
    for package, wsdl in _JAVA_WSDLS.items():
        shop.make(
            *launcher, path, "com.sun.tools.ws.WsImport", "-quiet", "-extension", "-Xnocompile",
            "-keep", "-d", place, "-p", package, shop.base + wsdl,
        )  # fmt: skip
    sources = [*(CLIENTS / "java").glob("*.java"), *(place / "interop").rglob("*.java")]
    shop.make(
        "javac", "-nowarn", "-encoding", "UTF-8", "-cp", path, "-d", place / "classes", *sources
    )
    named = (*launcher[:-1], f"-Djdk.net.hosts.file={hosts}", "-cp", path)
    return Ready(commands={
        "DirectClient": (*launcher, path, "DirectClient"),
        "RoutingClient": (*named, "RoutingClient"),
        "SignedAnswers": (*launcher, path, "SignedAnswers"),
        "Survey": (*launcher, path, "Survey"),
    })  # fmt: skip


_JAVA_WSDLS = {
    "interop.direct": "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01?wsdl",
    "interop.open": "/Service/KPSPublic.asmx?WSDL",
    "interop.routing": "/Services/WsdlNoPolicy.ashx"
    "?Service=BilesikKutukSorgulaKimlikNoServis&Version=2023/02/01",
}


def _maven(into: Path) -> list[list[str]]:
    return [[
        "mvn", "--batch-mode", "--quiet", "--file", str(CLIENTS / "java" / "pom.xml"),
        "-Dstyle.color=never", f"-Dmaven.repo.local={CACHE / 'maven'}", f"-DoutputDirectory={into}",
        "dependency:copy-dependencies",
    ]]  # fmt: skip


# Mono


def mono(shop: Workshop) -> Ready:
    """The wsdl tool on the served WSDLs, compiled with mcs.

    Mono finds no IP address in a certificate, so it is the one that reaches the gateway by name.
    """
    need("mono", "mcs", "wsdl", "cert-sync")
    place = shop.place("mono")
    base = shop.base.replace("127.0.0.1", "localhost")
    # cert-sync keeps its store in the home directory, so it gets one of its own.
    variables = {"HOME": str(place), "XDG_CONFIG_HOME": str(place / "config"), "INTEROP_BASE": base}
    shop.make("cert-sync", "--quiet", "--user", shop.authority, **variables)
    for name, path in _MONO_WSDLS.items():
        shop.make(
            "wsdl", "-language:CS", f"-namespace:Interop.{name}", f"-out:{place / name}.cs",
            base + path, **variables,
        )  # fmt: skip
    sources = CLIENTS / "mono"
    shared = [sources / "Situation.cs", sources / "SignedAnswer.cs", "-r:System.Security"]
    shop.make(
        "mcs", "-nologo", "-warn:0", f"-out:{place / 'client.exe'}", "-r:System.Web.Services",
        *shared, sources / "Client.cs", *(place / f"{name}.cs" for name in _MONO_WSDLS),
    )  # fmt: skip
    shop.make("mcs", "-nologo", f"-out:{place / 'verify.exe'}", *shared, sources / "Verify.cs")
    shutil.copy(sources / "client.exe.config", place)
    return Ready(("mono",), place, variables)


_MONO_WSDLS = {
    "Direct": "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01?wsdl",
    "Public": "/Service/KPSPublic.asmx?WSDL",
}


def xmlsec1(shop: Workshop) -> Ready:
    """The command-line tool of the XML Security Library."""
    need("xmlsec1")
    return Ready()


TOOLCHAINS: Mapping[str, Callable[[Workshop], Ready]] = {
    "Python": python,
    "suds": suds,
    "Node": node,
    "PHP": php,
    "Go": go,
    "gSOAP": gsoap,
    "Java": java,
    "Mono": mono,
    "xmlsec1": xmlsec1,
}


class Toolchains:
    """Each toolchain, made ready once: the first test that needs one pays for it."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._known: dict[str, Ready | Exception] = {}

    def ready(self, name: str) -> Ready:
        """The toolchain, or a skip that names what is missing, or the failure to build it."""
        if name not in self._known:
            try:
                self._known[name] = TOOLCHAINS[name](self._shop)
            except (Missing, AssertionError, OSError) as wrong:
                self._known[name] = wrong
        known = self._known[name]
        if isinstance(known, Missing):
            pytest.skip(f"{name}: {known}")
        if isinstance(known, Exception):
            pytest.fail(f"{name} could not be made ready: {known}", pytrace=False)
        return known
