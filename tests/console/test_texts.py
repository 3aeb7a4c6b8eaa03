"""The catalogue of texts: both languages, the same names in both, and every key that is used."""

import ast
import re
from pathlib import Path

import pytest

from kps_soap import console
from kps_soap.console.opening import PAGES
from kps_soap.console.texts import LANGUAGES, TEXTS, is_known, told
from kps_soap.people.roles import Role

ROOM = Path(console.__file__).parent
TEMPLATES = sorted((ROOM / "templates").glob("*.html"))
#: A key that is put together in the template is none by itself.
IN_TEMPLATES = re.compile(r"""\bt\(\s*["']([a-z0-9_.]+)["'](?!\s*~)""")
NAMES = re.compile(r"\{([a-z_]*)\}")


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_a_text_says_the_same_in_both_languages(key: str) -> None:
    text = TEXTS[key]
    assert text.tr.strip()
    assert text.en.strip()
    assert sorted(NAMES.findall(text.tr)) == sorted(NAMES.findall(text.en))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_text_of_a_template_exists(template: Path) -> None:
    used = set(IN_TEMPLATES.findall(template.read_text(encoding="utf-8")))
    assert {key for key in used if not is_known(key)} == set()


def test_every_text_of_a_page_exists() -> None:
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            first = node.args[0]
            if name in ("t", "refused") and isinstance(first, ast.Constant):
                assert is_known(str(first.value)), f"{path.name}: {first.value}"


def test_the_navigation_has_its_words() -> None:
    for page in PAGES:
        assert not page.menu or is_known(page.menu)
        assert not page.group or is_known(page.group)


@pytest.mark.parametrize("role", Role)
def test_every_role_has_a_name_for_people(role: Role) -> None:
    assert is_known(f"role.{role}")


def test_turkish_comes_first() -> None:
    assert LANGUAGES[0] == "tr"
    assert told("sign_in.title", "tr") == "Oturum aç"
    assert told("sign_in.title", "en") == "Sign in"
    assert told("front.title", "en", name="Ada") == "Welcome, Ada"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_script_and_no_style_of_its_own(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|\|safe", text)
    assert 'method="post"' not in text or "token" in text or template.name == "parcalar.html"
