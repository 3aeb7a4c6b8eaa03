"""suds on every WSDL that is named: ``suds_survey.py URL...`` counts the operations of each."""

from __future__ import annotations

import os
import ssl
import sys
import urllib.request
from typing import Any

from suds.client import Client
from suds.transport.http import HttpTransport


class TrustedTransport(HttpTransport):
    def u2handlers(self) -> list[Any]:
        context = ssl.create_default_context(cafile=os.environ["INTEROP_CA"])
        return [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]


for address in sys.argv[1:]:
    client = Client(address, transport=TrustedTransport(), cache=None)
    found = min(len(port[1]) for description in client.sd for port in description.ports)
    print(f"{found} {address}")
