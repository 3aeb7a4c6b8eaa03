"""Code tables as data: what loads, what is refused, and how they get into a register."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select

from kps_soap.registry import codes, tables
from kps_soap.registry.codes import CodesInvalid
from kps_soap.registry.records import (
    DECEASED_STATUS_CODE,
    OPEN_STATUS_CODE,
    AddressKind,
    Coded,
)

SHIPPED = Path(__file__).parents[2] / "conf" / "codes.toml"


@pytest.fixture(scope="module")
def shipped() -> codes.CodeTables:
    return codes.load(SHIPPED)


@pytest.fixture
def changed(tmp_path: Path):  # type: ignore[no-untyped-def]
    """The shipped file with one text replaced by another."""

    def change(old: str, new: str) -> Path:
        content = SHIPPED.read_text(encoding="utf-8")
        assert content.count(old) >= 1
        path = tmp_path / "codes.toml"
        path.write_text(content.replace(old, new, 1), encoding="utf-8")
        return path

    return change


def test_the_shipped_file_has_the_numbers_that_are_known(shipped: codes.CodeTables) -> None:
    known = [
        ("Cinsiyet", 0, "Bilinmeyen"),
        ("Cinsiyet", 1, "Erkek"),
        ("Cinsiyet", 2, "Kadın"),
        ("Durum", OPEN_STATUS_CODE, "Açık"),
        ("Durum", DECEASED_STATUS_CODE, "Ölüm"),
        ("MedeniHal", 2, "Evli"),
        ("CuzdanVerilmeNeden", 5, "Değiştirme"),
        ("AdresTip", AddressKind.CENTRE, "İl/İlçe Merkezi"),
        ("AdresTip", AddressKind.TOWN, "Belediye Adresi"),
        ("AdresTip", AddressKind.VILLAGE, "Köy Adresi"),
        ("AdresTip", AddressKind.UNDEFINED, "Bilinmiyor"),
        ("Il", 1, "ADANA"),
        ("Il", 34, "İSTANBUL"),
        ("Il", 76, "IĞDIR"),
        ("Il", 81, "DÜZCE"),
    ]
    for table, code, text in known:
        assert shipped.coded(table, code) == Coded(code, text)
        assert shipped.code_of(table, text) == code
        assert shipped.tables[table][code].verified


def test_there_are_81_provinces(shipped: codes.CodeTables) -> None:
    assert sorted(shipped.tables["Il"]) == list(range(1, 82))


def test_numbers_that_this_project_assigned_are_marked(shipped: codes.CodeTables) -> None:
    unverified = {name for name, _ in shipped.unverified()}
    assert {"OlayTipi", "Yakinlik", "KanGrubu", "Statu", "Uyruk", "Din"} <= unverified
    assert not unverified & {"Cinsiyet", "Il"}


def test_a_value_that_does_not_exist_is_a_key_error(shipped: codes.CodeTables) -> None:
    with pytest.raises(KeyError):
        shipped.coded("Cinsiyet", 9)
    with pytest.raises(KeyError, match="Cinsiyet"):
        shipped.code_of("Cinsiyet", "ERKEK")


ERKEK = '1 = { text = "Erkek", verified = true }'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[Cinsiyet]", "[Cinsiyetler]", r"\[Cinsiyetler\] is not a known table; did you mean"),
        ("[Cinsiyet]", "[Zzz]", r"\[Zzz\] is not a known table$"),
        ("[Il]\n", "", r"\[VeliVasiTur\]|is not TOML|\[NkoTur\]"),
        (ERKEK, '1 = { text = "Erkek" }', r"\[Cinsiyet\] 1: write"),
        (ERKEK, '1 = "Erkek"', r"\[Cinsiyet\] 1: write"),
        (ERKEK, ERKEK.replace("}", ", x = 1 }"), r"\[Cinsiyet\] 1: write"),
        (ERKEK, ERKEK.replace("true", "1"), r"\[Cinsiyet\] 1: verified"),
        (ERKEK, ERKEK.replace("Erkek", ""), r"\[Cinsiyet\] 1: text"),
        (ERKEK, ERKEK.replace("Erkek", " Erkek"), r"\[Cinsiyet\] 1: text"),
        (ERKEK, ERKEK.replace("Erkek", "Er\\u0000kek"), r"\[Cinsiyet\] 1: text"),
        (ERKEK, ERKEK.replace('"Erkek"', "5"), r"\[Cinsiyet\] 1: text"),
        (ERKEK, ERKEK.replace("Erkek", "Kadın"), r"\[Cinsiyet\] 2: has the text of 1"),
        (ERKEK, "0" + ERKEK, r"\[Cinsiyet\] 01: the key is not"),
        (ERKEK, "x" + ERKEK, r"\[Cinsiyet\] x1: the key is not"),
        (ERKEK, "999999999" + ERKEK, r"\[Cinsiyet\] 9999999991: the key is not"),
        (ERKEK, f"{ERKEK}\n{ERKEK}", "is not TOML"),
    ],
)
def test_one_wrong_line_and_nothing_is_loaded(changed, old: str, new: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CodesInvalid, match=message) as caught:
        codes.load(changed(old, new))
    assert str(caught.value).startswith("codes.toml: ")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text('[Il]\n1 = { text = "ADANA", verified = true }\n', encoding="utf-8")
    with pytest.raises(CodesInvalid, match=r"codes.toml: \[AdresTip\] is missing"):
        codes.load(path)


def test_an_empty_table_is_refused(changed) -> None:  # type: ignore[no-untyped-def]
    path = changed("[Cinsiyet]", "[Cinsiyet]\n[Cinsiyet.x]")
    with pytest.raises(CodesInvalid, match=r"\[Cinsiyet\] x: the key"):
        codes.load(path)
    path.write_text("Cinsiyet = {}\n", encoding="utf-8")
    with pytest.raises(CodesInvalid, match="is missing"):
        codes.load(path)


def test_a_table_without_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text("".join(f"[{name}]\n" for name in codes.TABLE_NAMES), encoding="utf-8")
    with pytest.raises(CodesInvalid, match="is not a table with at least one line"):
        codes.load(path)


def test_a_file_that_is_not_there_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(CodesInvalid, match=r"^codes.toml: cannot be read \(FileNotFoundError\)$"):
        codes.load(tmp_path / "codes.toml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_bytes("[Durum]\n1 = 'Açık'\n".encode("iso-8859-9"))
    with pytest.raises(CodesInvalid, match="is not TOML in UTF-8"):
        codes.load(path)


def test_codes_and_provinces_replace_what_the_register_had(
    database_url: str, shipped: codes.CodeTables
) -> None:
    engine = create_engine(database_url)
    try:
        with engine.begin() as connection:
            tables.create_tables(connection)
            codes.write(connection, shipped)
            codes.write(connection, shipped)
        with engine.connect() as connection:
            provinces = connection.scalar(select(func.count()).select_from(tables.provinces))
            written = connection.execute(select(tables.codes)).all()
    finally:
        engine.dispose()
    assert provinces == 81
    assert ("Cinsiyet", 2, "Kadın", True) in written
    assert len(written) == sum(map(len, shipped.tables.values())) - 81
