"""The coded values that the synthetic population gives a meaning to, named by their texts.

Most numbers of the code tables are an operator's to change (K3.6), their texts are not.  So the
population speaks of ``EventKind.MARRIAGE`` and a ``CodeBook`` finds today's number of "Evlenme".
This module refuses to hold a number of a code table.
"""

from collections.abc import Iterable, Mapping
from enum import Enum

from kps_soap.registry.codes import CodeTables


class Meaning(Enum):
    """A value that is looked up very often: it hashes as the one object it is."""

    __hash__ = object.__hash__


class EventKind(Meaning):
    """``OlayTipi``: what happened to a person."""

    BIRTH = "Doğum"
    DEATH = "Ölüm"
    MARRIAGE = "Evlenme"
    DIVORCE = "Boşanma"
    ANNULMENT = "Evliliğin İptali"
    ADOPTION = "Evlat Edinme"
    ACKNOWLEDGEMENT = "Tanıma"
    CORRECTION = "Kayıt Düzeltme"
    NAME_CHANGE = "Ad Değişikliği"
    SURNAME_CHANGE = "Soyadı Değişikliği"
    SEX_CHANGE = "Cinsiyet Değişikliği"
    RELIGION_CHANGE = "Din Değişikliği"
    ABSENCE = "Gaiplik"
    NATURALISATION = "Vatandaşlığa Alınma"
    CITIZENSHIP_LOSS = "Çıkma İzni"
    CITIZENSHIP_WITHDRAWAL = "Vatandaşlığın Kaybı"
    GUARDIANSHIP = "Vesayet Şerhi"


class Status(Meaning):
    """``Durum``: whether a record is in use."""

    OPEN = "Açık"
    CLOSED = "Kapalı"
    DECEASED = "Ölüm"


class CivilStatus(Meaning):
    """``MedeniHal``."""

    SINGLE = "Bekâr"
    MARRIED = "Evli"
    DIVORCED = "Boşanmış"
    WIDOWED = "Dul"
    ANNULLED = "Evliliğin İptali"


class Religion(Meaning):
    """``Din`` (special category)."""

    ISLAM = "İslam"
    CHRISTIAN = "Hristiyan"
    JEWISH = "Musevi"
    OTHER = "Diğer"
    UNSTATED = "Belirtilmemiş"


class Standing(Meaning):
    """``Statu``: on what ground a foreigner stays."""

    SHORT_STAY = "Kısa Dönem İkamet"
    LONG_STAY = "Uzun Dönem İkamet"
    FAMILY = "Aile İkamet"
    STUDENT = "Öğrenci İkamet"
    WORK = "Çalışma İzni"
    INTERNATIONAL_PROTECTION = "Uluslararası Koruma"
    TEMPORARY_PROTECTION = "Geçici Koruma"
    STATELESS = "Vatansız"
    OTHER = "Diğer"


class OpenEnd(Meaning):
    """``BitisTarihiBelirsizOlmaNeden``: why a permit has no last day."""

    LONG_STAY = "Uzun Dönem İkamet"
    INTERNATIONAL_PROTECTION = "Uluslararası Koruma"
    TEMPORARY_PROTECTION = "Geçici Koruma"
    STATELESS = "Vatansız"


class SourceUnit(Meaning):
    """``KaynakBirim``: where a foreigner's record came from."""

    MIGRATION = "Göç İdaresi Başkanlığı"
    LABOUR = "Çalışma ve Sosyal Güvenlik Bakanlığı"


class BookletReason(Meaning):
    """``CuzdanVerilmeNeden``: why an old booklet was issued."""

    BIRTH = "Doğum"
    RENEWAL = "Yenileme"
    CHANGE = "Değiştirme"
    MARRIAGE = "Evlenme"


class CardReason(Meaning):
    """``BasvuruNeden``: why a card was applied for."""

    FIRST = "İlk Başvuru"
    LOSS = "Kayıp"
    CHANGE = "Değişiklik"


class DeliveringUnit(Meaning):
    """``TeslimEdenBirim``: who handed a card over."""

    DISTRICT = "İlçe Nüfus Müdürlüğü"
    POST = "PTT"


class BlueCardReason(Meaning):
    """``VerilisNeden``: why an old blue card was issued."""

    FIRST = "İlk Veriliş"
    RENEWAL = "Yenileme"


class Country(Meaning):
    """``Uyruk``: the values that are not simply one of many countries."""

    TURKEY = "Türkiye"
    STATELESS = "Vatansız"
    UNKNOWN = "Bilinmiyor"
    SYRIA = "Suriye"
    GERMANY = "Almanya"
    RUSSIA = "Rusya Federasyonu"


class Guardianship(Meaning):
    """``VeliVasiTur``: what kind of guardian a person has."""

    GUARDIAN = "Vasi"


class Dwelling(Meaning):
    """``BagimsizBolumTipi``: kinds of units."""

    HOME = "Mesken"


#: In what code table the texts of a meaning stand.
TABLE_OF: Mapping[type[Meaning], str] = {
    EventKind: "OlayTipi",
    Status: "Durum",
    CivilStatus: "MedeniHal",
    Religion: "Din",
    Standing: "Statu",
    OpenEnd: "BitisTarihiBelirsizOlmaNeden",
    SourceUnit: "KaynakBirim",
    BookletReason: "CuzdanVerilmeNeden",
    CardReason: "BasvuruNeden",
    DeliveringUnit: "TeslimEdenBirim",
    BlueCardReason: "VerilisNeden",
    Country: "Uyruk",
    Guardianship: "VeliVasiTur",
    Dwelling: "BagimsizBolumTipi",
}


class CodeBook:
    """Today's numbers of the meanings, and the numbers of whole tables.

    Made from (table, code, text) lines.  Raises ``KeyError`` where a text is missing.
    """

    def __init__(self, lines: Iterable[tuple[str, int, str]]) -> None:
        tables: dict[str, dict[str, int]] = {}
        for table, code, text in lines:
            tables.setdefault(table, {})[text] = code
        self._numbers = {table: tuple(sorted(codes.values())) for table, codes in tables.items()}
        self.number: Mapping[Meaning, int] = {
            member: tables[table][member.value]
            for meaning, table in TABLE_OF.items()
            for member in meaning
        }
        self.text: Mapping[str, Mapping[int, str]] = {
            table: {code: text for text, code in codes.items()} for table, codes in tables.items()
        }

    @classmethod
    def of_tables(cls, tables: CodeTables) -> "CodeBook":
        """The book of a file of code tables."""
        return cls(
            (name, line.code, line.text)
            for name, lines in tables.tables.items()
            for line in lines.values()
        )

    def all_of(self, table: str) -> tuple[int, ...]:
        """Every number of a table, ascending, so that a draw does not follow the file's order."""
        return self._numbers[table]
