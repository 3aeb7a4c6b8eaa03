"""A set is named by its files, and a national one loads whole."""

from hashlib import sha256
from pathlib import Path

from agreement_samples import (
    CATALOGUE,
    OTHER,
    PERSON_SERVICE,
    PLAIN,
    PUBLIC,
    RIGHTS,
    TODAY,
    edited,
    served,
)

from kps_soap.agreements import Caps, Rules, compile_set


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_a_set_is_named_by_the_listing_of_its_files(tmp_path: Path) -> None:
    other = edited(OTHER)
    agreements = served(tmp_path, {"b.toml": other, "a.toml": PLAIN, "ç.toml": PUBLIC})
    assert agreements.files == {
        "a.toml": digest(PLAIN),
        "b.toml": digest(other),
        "ç.toml": digest(PUBLIC),
    }
    listing = f"{digest(PLAIN)}  a.toml\n{digest(other)}  b.toml\n{digest(PUBLIC)}  ç.toml\n"
    assert agreements.digest == digest(listing)
    assert [one.digest for one in agreements.agreements] == [digest(PLAIN), digest(other)]
    assert agreements.public is not None
    assert agreements.public.digest == digest(PUBLIC)


def test_a_change_of_one_byte_or_of_a_name_is_another_set(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    first = served(tmp_path / "one", {"a.toml": PLAIN})
    assert served(tmp_path / "two", {"a.toml": PLAIN + "\n"}).digest != first.digest
    assert served(tmp_path / "three", {"b.toml": PLAIN}).digest != first.digest


def test_a_set_that_was_stored_compiles_to_the_same_set(tmp_path: Path) -> None:
    rules = Rules(
        catalogue=CATALOGUE,
        address_rights=RIGHTS,
        today=TODAY,
        served_doors=frozenset({"direct"}),
        served_profiles=frozenset({"KLASIK"}),
        served_relations=frozenset({"KAPALI"}),
        caps=Caps(),
    )
    stored = compile_set({"a.toml": PLAIN.encode()}, rules, shown_in=Path("in force"))
    loaded = served(tmp_path, {"a.toml": PLAIN})
    assert stored.digest == loaded.digest
    assert stored.choose("KRM-34-0417", TODAY).document == loaded.agreements[0].document


def test_thousands_of_agreements_load_as_one_set(tmp_path: Path) -> None:
    count = 3000
    for number in range(count):
        name = f"{number:04}"
        text = (
            PLAIN.replace("B-34-0417", f"B-34-{name}")
            .replace("2026/117", f"2026/{name}")
            .replace("KRM-34-0417", f"KRM-34-{name}")
            .replace("203.0.113.10/32", f"10.{number // 250}.{number % 250}.0/24")
        )
        (tmp_path / f"{name}.toml").write_text(text)
    agreements = served(tmp_path, {})
    assert len(agreements.agreements) == len(agreements.files) == count
    chosen = agreements.choose("KRM-34-2999", TODAY)
    assert chosen.institution.code == "B-34-2999"
    grants = {id(one.services[PERSON_SERVICE].grant) for one in agreements.agreements}
    assert len(grants) == 1
