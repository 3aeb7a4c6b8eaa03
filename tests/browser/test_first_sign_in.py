"""Somebody new: added at the command line, signed in for the first time in a browser."""

from __future__ import annotations

import re

import pyotp
from end_to_end.running import Served, kps
from playwright.sync_api import expect

from browser.desk import Desk

NEWCOMER, OWN = "sevgi.yeni", "dort kelimelik bir cumle"


def test_the_first_time_one_sets_up_a_code_and_chooses_a_password(
    konsol: Served, desk: Desk
) -> None:
    home = ("--home", str(konsol.home), "--reason", "yeni memur")
    added = kps(
        "accounts", "person", "add", NEWCOMER, "--name", "Sevgi Yeni", "--institution", "V-06-0001",
        "--role", "ALT_KULLANICI", "--inquirer", "V06-PASAPORT-02", *home,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    given = kps("accounts", "person", "password", NEWCOMER, *home)
    assert given.returncode == 0, given.stderr
    (password,) = re.findall(r"\b(?:[a-z0-9]{5}-){4}[a-z0-9]{5}\b", given.stdout)
    desk.open("/giris")
    desk.fill(kimlik=NEWCOMER, parola=password)
    desk.send("Oturum aç")
    assert "Doğrulama kodunu kur" in desk.text()
    expect(desk.page.get_by_alt_text("karekod")).to_be_visible()
    assert desk.page.locator("img.karekod").evaluate("one => one.naturalWidth") > 0
    secrets = [desk.page.locator("img.karekod"), desk.page.locator(".anahtar")]
    desk.picture("kod", mask=secrets, mask_color="#c9c3b4")
    secret = desk.page.locator(".anahtar").inner_text().replace(" ", "")
    desk.fill(code=pyotp.TOTP(secret).now())
    desk.send("Kodu onayla")
    assert "Yeni parola belirle" in desk.text()
    desk.picture("parola-ilk")
    desk.fill(password="kisa", again="kisa")
    desk.send("Parolayı değiştir")
    expect(desk.page.get_by_role("alert")).to_contain_text("14-256 karakter")
    desk.fill(password=OWN, again=OWN)
    desk.send("Parolayı değiştir")
    assert "Hoş geldiniz, Sevgi Yeni" in desk.text()
    desk.open("/sorgu")
    assert "Kişi bilgisi" in desk.text()
