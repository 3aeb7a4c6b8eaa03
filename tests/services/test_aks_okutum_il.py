"""AksOkuTumIlServis: the dictionary of provinces."""

import pytest
from register_samples import FakeRegister, ask, contract

from kps_soap.registry.records import Coded

SERVICE = contract("AksOkuTumIlServis", "2011/01/01")
IL = "ListeleResult/SorguSonucu/Il"


@pytest.mark.parametrize("request_", ["", "<kriter/>"])
def test_every_province_is_listed_with_or_without_a_criterion(request_: str) -> None:
    register = FakeRegister({"provinces": [Coded(1, "ADANA"), Coded(34, "İSTANBUL")]})
    told = ask(SERVICE, request_, register)
    assert told.texts(f"{IL}/Kod") == ["1", "34"]
    assert told.texts(f"{IL}/Ad") == ["ADANA", "İSTANBUL"]
    assert told.enquiry.units == 0
