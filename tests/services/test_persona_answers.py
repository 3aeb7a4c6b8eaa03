"""What the number-only and the later contracts say of the golden personas that they concern.

Told from each persona's purpose and not from code.  Everything is granted.
"""

from collections.abc import Callable

import pytest
from register_samples import Told, ask, contract

from kps_soap.faults import Outcome
from kps_soap.registry.population import Persona
from kps_soap.registry.store import Register

SHARED = "http://kps.nvi.gov.tr/2011/01/01"
COMBINED_2017 = contract("BilesikKutukSorgulaKimlikNoServis", "2017/08/01")
COMBINED_2024 = contract("BilesikKutukSorgulaKimlikNoServis", "2024/04/01")
ADDRESS_2015 = contract("KimlikNoSorgulaAdresServis", "2015/07/01")
ADDRESS_2023 = contract("KimlikNoSorgulaAdresServis", "2023/07/01")
ADDRESS_2011 = contract("TcKimlikNoSorgulaAdresServis", "2011/01/01")
ADDRESS_NUMBER = contract("KisiAdresNoSorgulaServis", "2011/01/01")
DOCUMENT = contract("CuzdanSorgulaTCKimlikNoServis", "2014/09/01")
FOREIGNER_2013 = contract("YbKisiSorgulaYbKimlikNoServis", "2013/06/01")
FOREIGNER_2016 = contract("YbKisiSorgulaYbKimlikNoServis", "2016/01/01")

COMBINED = "SorgulaResult/SorguSonucu/BilesikKutukBilgileri"
ADDRESSES = "SorgulaResult/SorguSonucu/KimlikNoileKisiAdresBilgileri"
OLD_ADDRESSES = "SorgulaResult/SorguSonucu/KisiAdresBilgileri"
SHAPES = ("BeldeAdresi", "IlIlceMerkezAdresi", "KoyAdresi", "YurtDisiAdresi")

Asks = Callable[[int], Told]


def born(persona: Persona) -> str:
    date = persona.born
    return (
        f"<DogumAy>{date.month or 0}</DogumAy><DogumGun>{date.day or 0}</DogumGun>"
        f"<DogumYil>{date.year or 1980}</DogumYil>"
    )


@pytest.fixture
def combined_2017(persona_register: Register, personas: tuple[Persona, ...]) -> Asks:
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"

    def query(index: int) -> Told:
        number = f"<KimlikNo>{personas[index].identity_number}</KimlikNo>"
        request = f"<kriterListesi><{name}>{number}</{name}></kriterListesi>"
        return ask(COMBINED_2017, request, persona_register)

    return query


@pytest.fixture
def combined_2024(persona_register: Register, personas: tuple[Persona, ...]) -> Asks:
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"

    def query(index: int) -> Told:
        number = f"<KimlikNo>{personas[index].identity_number}</KimlikNo>"
        request = f"<kriterListesi><{name}>{born(personas[index])}{number}</{name}></kriterListesi>"
        return ask(COMBINED_2024, request, persona_register)

    return query


@pytest.fixture
def addresses(persona_register: Register, personas: tuple[Persona, ...]) -> Callable[..., Told]:
    name = "KimlikNoileAdresSorguKriteri"

    def query(index: int, *, of_2015: bool = False) -> Told:
        number = f"<KimlikNo>{personas[index].identity_number}</KimlikNo>"
        if of_2015:
            request = f'<kriterListesi><{name} xmlns="{SHARED}">{number}</{name}></kriterListesi>'
            return ask(ADDRESS_2015, request, persona_register)
        request = f"<kriterListesi><{name}>{born(personas[index])}{number}</{name}></kriterListesi>"
        return ask(ADDRESS_2023, request, persona_register)

    return query


@pytest.fixture
def old_addresses(persona_register: Register, personas: tuple[Persona, ...]) -> Asks:
    name = "TCKimlikNoileAdresSorguKriteri"

    def query(index: int) -> Told:
        number = f"<TCKimlikNo>{personas[index].identity_number}</TCKimlikNo>"
        request = f"<kriterListesi><{name}>{number}</{name}></kriterListesi>"
        return ask(ADDRESS_2011, request, persona_register)

    return query


def filled(told: Told, home: str) -> list[str]:
    """The shapes of a residence that hold anything but a note."""
    return [
        shape
        for shape in SHAPES
        if not told.is_nil(f"{home}/{shape}")
        and told.texts(f"{home}/{shape}/HataBilgisi/Kod") == []
    ]


# The combined register


@pytest.mark.parametrize(
    ("index", "outcome"),
    [
        *((0, Outcome.OK), (3, Outcome.OK), (5, Outcome.CLOSED), (41, Outcome.CLOSED)),
        *((47, Outcome.OK), (50, Outcome.CLOSED), (63, Outcome.NOT_FOUND)),
    ],
)
def test_personas_are_found_by_number_alone_in_2017_and_with_their_birth_date_in_2024(
    combined_2017: Asks, combined_2024: Asks, index: int, outcome: Outcome
) -> None:
    assert combined_2017(index).enquiry.outcomes == [outcome]
    assert combined_2024(index).enquiry.outcomes == [outcome]


@pytest.mark.parametrize(
    ("index", "parts"),
    [
        (2, ["TCKisiBilgisi", "TCKKBilgisi"]),
        (3, ["TCKisiBilgisi"]),
        (32, ["TCKisiBilgisi", "TCKKGeciciKimlikBilgisi"]),
        (33, ["TCKisiBilgisi", "NufusCuzdaniBilgisi"]),
        (35, ["TCKisiBilgisi", "TCKKBilgisi", "TCKKFotoBilgisi"]),
        (44, ["YabanciKisiBilgisi"]),
        (
            48,
            [
                "TCKisiBilgisi",
                "MaviKartliKisiBilgisi",
                "YeniMaviKartBilgisi",
                "YeniMaviKartFotoBilgisi",
            ],
        ),
        (49, ["MaviKartliKisiBilgisi", "YeniMaviKartBilgisi", "YeniMaviKartFotoBilgisi"]),
        (63, []),
    ],
)
def test_2024_names_exactly_the_filled_parts(
    combined_2024: Asks, index: int, parts: list[str]
) -> None:
    told = combined_2024(index)
    assert told.texts(f"{COMBINED}/DoluBilesenler/CstBilesikKutukServisDoluBilesen") == parts


def test_the_flag_of_a_mother_who_was_not_found_is_in_2017_and_2024(
    combined_2017: Asks, combined_2024: Asks
) -> None:
    person = f"{COMBINED}/TCVatandasiKisiKutukleri/KisiBilgisi"
    for told in (combined_2017(62), combined_2024(62)):
        assert told.text(f"{person}/AnneUstSoyBulunamadi") == "true"
        assert told.is_nil(f"{person}/AnneTCKimlikNo")


def test_a_changed_religion_has_no_place_in_2024(combined_2017: Asks, combined_2024: Asks) -> None:
    assert b"<c:Din" in combined_2017(54).payload
    assert b"Din" not in combined_2024(54).payload
    assert (
        combined_2024(54).text(f"{COMBINED}/TCVatandasiKisiKutukleri/KisiBilgisi/VeliVasiVar")
        == "false"
    )


def test_the_driving_licence_on_a_card_is_not_told_in_2017(
    combined_2017: Asks, combined_2024: Asks
) -> None:
    card = f"{COMBINED}/TCVatandasiKisiKutukleri/TCKKBilgisi"
    assert combined_2024(34).text(f"{card}/SurucuBelgeYuklendiMi") == "true"
    assert combined_2017(34).texts(f"{card}/SurucuBelgeYuklendiMi") == []
    assert combined_2017(34).text(f"{card}/KanGrubu/Kod")


# Addresses


@pytest.mark.parametrize(
    ("index", "shape"),
    [
        (0, "IlIlceMerkezAdresi"),
        (23, "KoyAdresi"),
        (24, "BeldeAdresi"),
        (25, "YurtDisiAdresi"),
    ],
)
def test_every_kind_of_residence_has_its_shape_in_every_contract(
    addresses: Callable[..., Told], old_addresses: Asks, index: int, shape: str
) -> None:
    home = f"{ADDRESSES}/YerlesimYeriAdresi"
    for told in (addresses(index), addresses(index, of_2015=True)):
        assert filled(told, home) == [shape]
        assert told.enquiry.outcomes == [Outcome.OK]
    old = old_addresses(index)
    assert filled(old, f"{OLD_ADDRESSES}/YerlesimYeriAdresi") == [shape]
    assert old.text(f"{OLD_ADDRESSES}/YerlesimYeriAdresi/AdresTip/Kod")


def test_who_has_two_other_addresses_shows_two(
    addresses: Callable[..., Told], old_addresses: Asks
) -> None:
    found = f"{ADDRESSES}/DigerAdresBilgileri/KimlikNoileKisiAdresBilgisi/AdresNo"
    assert len(addresses(27).texts(found)) == 2
    assert len(addresses(27, of_2015=True).texts(found)) == 2
    old = f"{OLD_ADDRESSES}/DigerAdresBilgileri/KisiAdresBilgisi/AdresNo"
    assert old_addresses(27).texts(old) == addresses(27).texts(found)


@pytest.mark.parametrize("index", [5, 26, 50])
def test_who_lives_nowhere_is_found_and_has_no_address(
    addresses: Callable[..., Told], old_addresses: Asks, index: int
) -> None:
    told = addresses(index)
    assert told.is_nil(f"{ADDRESSES}/HataBilgisi")
    assert told.text(f"{ADDRESSES}/YerlesimYeriAdresi/HataBilgisi/Kod") == "2"
    assert old_addresses(index).text(f"{OLD_ADDRESSES}/YerlesimYeriAdresi/HataBilgisi/Kod") == "2"


def test_who_moved_yesterday_shows_the_new_address_alone(
    addresses: Callable[..., Told], old_addresses: Asks
) -> None:
    told = addresses(29)
    assert told.text(f"{ADDRESSES}/YerlesimYeriAdresi/TasinmaTarihi/Gun") == "31"
    assert told.texts(f"{ADDRESSES}/DigerAdresBilgileri/KimlikNoileKisiAdresBilgisi") == []
    assert old_addresses(29).text(f"{OLD_ADDRESSES}/YerlesimYeriAdresi/AdresNo") == told.text(
        f"{ADDRESSES}/YerlesimYeriAdresi/AdresNo"
    )


@pytest.mark.parametrize("index", [0, 43])
def test_the_number_of_an_address_is_that_of_the_residence(
    persona_register: Register,
    personas: tuple[Persona, ...],
    addresses: Callable[..., Told],
    index: int,
) -> None:
    persona, expected = personas[index], addresses(index)
    for serial in {"", persona.card_serial or ""}:
        said = f"<SeriNo>{serial}</SeriNo>"
        request = f"<kriter><KimlikNo>{persona.identity_number}</KimlikNo>{said}</kriter>"
        told = ask(ADDRESS_NUMBER, request, persona_register)
        assert told.text("SorgulaResult/SorguSonucu/AdresNo") == expected.text(
            f"{ADDRESSES}/YerlesimYeriAdresi/AdresNo"
        )


def test_a_serial_of_somebody_else_tells_no_address(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    request = (
        f"<kriter><KimlikNo>{personas[0].identity_number}</KimlikNo>"
        f"<SeriNo>{personas[1].card_serial}</SeriNo></kriter>"
    )
    told = ask(ADDRESS_NUMBER, request, persona_register)
    nobody = request.replace(str(personas[0].identity_number), str(personas[63].identity_number))
    assert told.payload == ask(ADDRESS_NUMBER, nobody, persona_register).payload
    assert told.text("SorgulaResult/SorguSonucu/HataBilgisi/Kod") == "2"


def test_the_residence_of_a_booklets_holder_is_found_by_series_and_number(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    holder = personas[33]
    assert holder.booklet is not None
    serial = f"{holder.booklet.series}{holder.booklet.number:06d}"
    request = (
        f"<kriter><KimlikNo>{holder.identity_number}</KimlikNo><SeriNo>{serial}</SeriNo></kriter>"
    )
    told = ask(ADDRESS_NUMBER, request, persona_register)
    assert told.text("SorgulaResult/SorguSonucu/AdresNo")


# Documents and foreigners


def document(register: Register, persona: Persona, kind: str) -> Told:
    name = "CuzdanSorgulaTCKimlikNoSorguKriteri"
    request = (
        f"<kriterListesi><{name}><CuzdanTur>{kind}</CuzdanTur>"
        f"<TCKimlikNo>{persona.identity_number}</TCKimlikNo></{name}></kriterListesi>"
    )
    return ask(DOCUMENT, request, register)


def test_documents_are_those_of_the_personas(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    item = "ListeleCokluResult/SorguSonucu/CuzdanBilgisi"
    for index in (4, 5, 33):
        booklet = personas[index].booklet
        assert booklet is not None
        told = document(persona_register, personas[index], "Cuzdan")
        assert told.text(f"{item}/SeriNo") == f"{booklet.series}{booklet.number:06d}"
        assert told.text(f"{item}/CuzdanTur/Aciklama") == "Nüfus Cüzdanı"
        expected = Outcome.CLOSED if index == 5 else Outcome.OK
        assert told.enquiry.outcomes == [expected]
    for index in (30, 31):
        told = document(persona_register, personas[index], "TCKK")
        assert told.text(f"{item}/SeriNo") == personas[index].card_serial
        assert told.text(f"{item}/CuzdanTur/Aciklama") == "T.C. Kimlik Kartı"
        nothing = document(persona_register, personas[index], "Cuzdan")
        assert nothing.text(f"{item}/HataBilgisi/Kod") == "2"
    for index in (3, 32, 63):
        for kind in ("Cuzdan", "TCKK"):
            told = document(persona_register, personas[index], kind)
            assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


@pytest.mark.parametrize(
    ("index", "outcome"),
    [
        *((41, Outcome.CLOSED), (43, Outcome.OK), (44, Outcome.OK), (45, Outcome.OK)),
        *((46, Outcome.CLOSED), (55, Outcome.CLOSED)),
        *((0, Outcome.NOT_FOUND), (49, Outcome.NOT_FOUND), (63, Outcome.NOT_FOUND)),
    ],
)
def test_foreigners_are_found_and_others_are_not(
    persona_register: Register, personas: tuple[Persona, ...], index: int, outcome: Outcome
) -> None:
    item = "ListeleCokluResult/SorguSonucu/YbKimlikNoIleYbKisiBilgisi"
    name, persona = "YbKisiSorgulaYbKimlikNoSorguKriteri", personas[index]
    for chosen in (FOREIGNER_2013, FOREIGNER_2016):
        number = f"<KimlikNo>{persona.identity_number}</KimlikNo>"
        request = f'<kriterListesi><{name} xmlns="{SHARED}">{number}</{name}></kriterListesi>'
        told = ask(chosen, request, persona_register)
        assert told.enquiry.outcomes == [outcome]
        assert told.text(f"{item}/KimlikNo") == str(persona.identity_number)
        if outcome is Outcome.NOT_FOUND:
            assert told.is_nil(f"{item}/Ad")
        else:
            assert told.text(f"{item}/Ad") == persona.given_name


def test_the_record_of_a_naturalised_foreigner_points_to_the_citizen(
    persona_register: Register, personas: tuple[Persona, ...]
) -> None:
    name = "YbKisiSorgulaYbKimlikNoSorguKriteri"
    number = f"<KimlikNo>{personas[41].identity_number}</KimlikNo>"
    request = f'<kriterListesi><{name} xmlns="{SHARED}">{number}</{name}></kriterListesi>'
    told = ask(FOREIGNER_2013, request, persona_register)
    item = "ListeleCokluResult/SorguSonucu/YbKimlikNoIleYbKisiBilgisi"
    assert told.text(f"{item}/KazanilanTCKimlikNo") == str(personas[42].identity_number)
