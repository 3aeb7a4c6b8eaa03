"""Somebody who is here for a while: added in a form, and shown only what verifies."""

import secrets
from datetime import timedelta

from house_samples import OPERATOR, ConsoleHouse
from sqlalchemy import update

from kps_soap.configured import utc_now
from kps_soap.people import keeping
from kps_soap.people_models import people
from kps_soap.terms import istanbul_date


def form(person_id: str, until: str) -> dict[str, str]:
    return {
        "person_id": person_id,
        "institution": "V-06-0001",
        "name": "Geçici Gelen",
        "role_ALT_KULLANICI": "1",
        "valid_until": until,
        "temporary": "1",
        "reason": "staj",
    }


def test_a_form_adds_somebody_for_a_while_and_says_what_is_too_long(house: ConsoleHouse) -> None:
    operator = house.browser(OPERATOR)
    person_id, today = f"gecici.{secrets.token_hex(4)}", istanbul_date(utc_now())
    operator.send("/isletmen/kisiler/yeni", form(person_id, str(today + timedelta(days=31))))
    assert operator.last.status_code == 422
    assert "Geçici kullanıcının bitiş tarihini yazın" in operator.text
    operator.send("/isletmen/kisiler/yeni", form(person_id, str(today + timedelta(days=30))))
    assert operator.last.status_code == 200, operator.text
    with house.engine.connect() as connection:
        found = keeping.find(connection, person_id, now=utc_now())
    assert found is not None
    assert found.temporary == 1
    operator.get(f"/isletmen/kisiler/{person_id}")
    assert "Geçici kullanıcı evet" in operator.text


def test_whoever_is_here_for_a_while_sees_services_that_verify(house: ConsoleHouse) -> None:
    clerk = house.browser("b-34-0417.memur")
    mine = people.c.person_id == "b-34-0417.memur"
    clerk.get("/sorgu")
    assert "KisiSorgulaTCKimlikNoServis" in clerk.text
    house.write(update(people).where(mine).values(temporary=1))
    try:
        clerk.get("/sorgu")
        assert "KisiSorgulaTCKimlikNoServis" not in clerk.text
        assert "TumKutukDogrulaServis" in clerk.text
        assert clerk.get("/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01").status_code == 404
        assert clerk.get("/bilgi").status_code == 200, clerk.text
    finally:
        house.write(update(people).where(mine).values(temporary=0))
