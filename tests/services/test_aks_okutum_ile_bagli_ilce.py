"""AksOkuTumIleBagliIlceServis: the dictionary of one province's districts."""

import pytest
from register_samples import FakeRegister, ask, contract

from kps_soap.faults import CriteriaEmpty, NothingFound
from kps_soap.registry.records import Coded

SERVICE = contract("AksOkuTumIleBagliIlceServis", "2011/01/01")
ILCE = "ListeleResult/SorguSonucu/Ilce"


def test_the_districts_of_a_province_are_listed_with_its_number() -> None:
    register = FakeRegister({"districts": [Coded(90001, "ÖRNEKKÖY"), Coded(90002, "TASLAK")]})
    told = ask(SERVICE, "<kriter><IlKodu> 034 </IlKodu></kriter>", register)
    assert told.texts(f"{ILCE}/Kod") == ["90001", "90002"]
    assert told.texts(f"{ILCE}/Ad") == ["ÖRNEKKÖY", "TASLAK"]
    assert told.texts(f"{ILCE}/IlKod") == ["34", "34"]


@pytest.mark.parametrize("request_", ["", "<kriter/>"])
def test_a_province_must_be_named(request_: str) -> None:
    with pytest.raises(CriteriaEmpty):
        ask(SERVICE, request_, FakeRegister())


def test_a_province_that_does_not_exist_has_no_list() -> None:
    with pytest.raises(NothingFound):
        ask(SERVICE, "<kriter><IlKodu>82</IlKodu></kriter>", FakeRegister())
