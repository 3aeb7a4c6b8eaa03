"""zeep on every WSDL that is named: ``zeep_survey.py URL...`` counts the operations of each."""

from __future__ import annotations

import os
import sys

import requests
import zeep

session = requests.Session()
session.verify = os.environ["INTEROP_CA"]
session.trust_env = False
for address in sys.argv[1:]:
    client = zeep.Client(address, transport=zeep.Transport(session=session))
    ports = [port for service in client.wsdl.services.values() for port in service.ports.values()]
    found = min(len(port.binding.all()) for port in ports)
    print(f"{found} {address}")
