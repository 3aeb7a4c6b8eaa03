"""The site of the tests, built from the files in ``conf/deployment``, and how one asks there."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from end_to_end.questions import PERSON, Reply, envelope, person_query, security
from end_to_end.running import environment, kps

from benchmarks.waits import copy_accounts
from kps_soap.settings import render
from multihost.databases import CONFIGURATION, PASSWORD, Database
from multihost.machines import ADDRESSES, Network, wait_for

GATEWAYS = ("gateway1", "gateway2")
COMPANY, MUNICIPALITY = "SRK-0112", "B-34-0417"
#: Institutions, their agreements' files, and where they call from: networks may not overlap.
CALLERS = {
    MUNICIPALITY: ("ornek-ilce-belediyesi.toml", ADDRESSES["caller"]),
    COMPANY: ("ornek-sirket.toml", "192.0.2.6"),
}
ADDRESSING = "http://www.w3.org/2005/08/addressing"


@dataclass
class Site:
    """Two gateways' homes, the databases, the machines."""

    network: Network
    homes: dict[str, Path]
    databases: dict[str, Database]
    demo: dict[str, Any]

    @classmethod
    def built(cls, folder: Path, stack: ExitStack) -> Site:
        """Build and start everything; ends with the stack."""
        network = Network(stack)
        databases = {name: Database(network, name, stack) for name in ("database1", "database2")}
        databases["database1"].make_primary()
        databases["database2"].follow("database1")
        databases["database1"].wait_for_standby()
        homes = _homes(folder)
        demo = json.loads((homes["gateway1"] / "demo.json").read_text(encoding="utf-8"))
        site = cls(network, homes, databases, demo)
        site._fill()
        for name in GATEWAYS:
            site._serve(name, stack)
        site._proxy(folder, stack)
        return site

    def _fill(self) -> None:
        """The tables of the gateway's database, its accounts, and a register."""
        home = self.homes["gateway1"]
        settings = tomllib.loads((home / "kps.toml").read_text(encoding="utf-8"))
        self.kps("db", "upgrade")
        with self.network.inside("gateway1"):
            copy_accounts(home, settings["gateway_url"])
        register = settings["register_url"] + "&target_session_attrs=read-write"
        self.kps("population", "make", register, "--persons", "500", "--date", "2026-01-01",
                 home=False)  # fmt: skip

    def _serve(self, name: str, stack: ExitStack) -> None:
        log = self.homes[name] / "serve.log"
        stack.enter_context(
            self.network.running(
                name,
                [sys.executable, "-m", "kps_soap", "serve", "--home", str(self.homes[name]),
                 "--workers", "1"],
                log,
                environment(),
            )
        )  # fmt: skip
        wait_for(lambda: "Serving on" in log.read_text(), seconds=60, what=log.read_text())

    def _proxy(self, folder: Path, stack: ExitStack) -> None:
        keys = self.homes["gateway1"] / "keys"
        pem = folder / "proxy.pem"
        pem.write_bytes((keys / "tls.pem").read_bytes() + (keys / "tls.key").read_bytes())
        stack.enter_context(
            self.network.running(
                "proxy",
                ["haproxy", "-db", "-f", str(CONFIGURATION / "haproxy.cfg")],
                folder / "haproxy.log",
                {"PATH": os.environ["PATH"], "KPS_PROXY_CERTIFICATE": str(pem)},
            )
        )
        wait_for(lambda: self.through_proxy(1).status == 200, seconds=30, what="the proxy")

    def kps(self, *words: str, home: bool = True, on: str = "gateway1") -> str:
        """A command as the operator of one gateway gives it."""
        more = ("--home", str(self.homes[on])) if home else ()
        with self.network.inside(on):
            done = kps(*words, *more)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def number(self, index: int) -> int:
        """The identity number of golden persona ``index``."""
        return int(self.demo["personas"][index]["identity_number"])

    def question(self, *indices: int, institution: str = MUNICIPALITY, message: str = "") -> bytes:
        """A person query about golden personas."""
        account = next(one for one in self.demo["accounts"] if one["institution"] == institution)
        head = f'<a:MessageID xmlns:a="{ADDRESSING}">{message}</a:MessageID>' if message else ""
        payload = person_query([self.number(one) for one in indices])
        return envelope(payload, security(account) + head)

    def through_proxy(self, *indices: int, **more: str) -> Reply:
        """Ask as callers do: over TLS, at the proxy.  Status 0 where nobody answered."""
        return self._post("caller", f"https://{ADDRESSES['proxy']}", indices, {}, more)

    def at(self, name: str, *indices: int, **more: str) -> Reply:
        """Ask one gateway as the proxy does."""
        address = CALLERS[more.get("institution", MUNICIPALITY)][1]
        told = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
        return self._post("proxy", f"http://{ADDRESSES[name]}:8080", indices, told, more)

    def around_the_proxy(self, name: str, *indices: int) -> Reply:
        """Ask one gateway as nobody should: past the proxy, with its words."""
        told = {"X-Forwarded-For": ADDRESSES["proxy"], "X-Forwarded-Proto": "https"}
        return self._post("caller", f"http://{ADDRESSES[name]}:8080", indices, told, {})

    def _post(
        self, machine: str, url: str, indices: tuple[int, ...], told: Mapping[str, str],
        more: Mapping[str, str],
    ) -> Reply:  # fmt: skip
        names = {"Content-Type": "text/xml; charset=utf-8", **told}
        forged = more.get("forged")
        if forged:
            names["X-Forwarded-For"] = forged
        asked = {name: value for name, value in more.items() if name != "forged"}
        question = self.question(*indices, **asked)
        request = urllib.request.Request(url + PERSON, question, names, method="POST")
        context = ssl.create_default_context(cafile=self.homes["gateway1"] / "keys" / "ca.pem")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with self.network.inside(machine):
            try:
                answer = opener.open(request, timeout=10)
            except urllib.error.HTTPError as refused:
                answer = refused
            except OSError:
                return Reply(question, 0, {}, b"")
            with answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(question, answer.status, headers, answer.read())

    def record(self, reply: Reply) -> dict[str, Any]:
        """The record of an answer."""
        found = self.kps(
            "audit", "search", "--request", reply.headers["kps-istek-no"],
            "--reason", "deneme", "--json",
        )  # fmt: skip
        (record,) = json.loads(found)["records"]
        return dict(record)


def _homes(folder: Path) -> dict[str, Path]:
    """The homes of two gateways: the same keys, the same agreements, addresses of their own."""
    first = folder / "gateway1"
    made = kps(
        "demo", "init", str(first), "--persons", "500", "--date", "2026-01-01",
        "--name", ADDRESSES["proxy"], "--metrics-port", "0",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    for name, address in CALLERS.values():
        path = first / "agreements" / name
        text = path.read_text(encoding="utf-8")
        networks = f'networks = ["{address}/32"]'
        text = re.sub(r"^networks = .*$", networks, text, flags=re.MULTILINE)
        # Else some tests would be refused for asking fast.
        fast = "calls_per_second_max = 1000"
        text = re.sub(r"^calls_per_second_max = .*$", fast, text, flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")
    homes = {"gateway1": first, "gateway2": folder / "gateway2"}
    shutil.copytree(first, homes["gateway2"])
    shipped = (CONFIGURATION / "kps.toml").read_text(encoding="utf-8")
    for name, home in homes.items():
        passwords = home / "keys" / "pgpass"
        passwords.write_text(f"*:*:*:kps:{PASSWORD}\n", encoding="utf-8")
        passwords.chmod(0o600)
        made_for = shipped.replace(ADDRESSES["gateway1"], ADDRESSES[name])
        made_for = made_for.replace("/etc/kps-soap/keys/pgpass", str(passwords))
        values = tomllib.loads((home / "kps.toml").read_text(encoding="utf-8"))
        (home / "kps.toml").write_text(render(values | tomllib.loads(made_for)), "utf-8")
    return homes
