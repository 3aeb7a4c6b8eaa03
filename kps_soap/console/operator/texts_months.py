"""The texts of closing a month, verifying it, and of what the rules of misuse found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

_MONTHS: Final[Mapping[str, Text]] = {
    "operator.account.days": Text("Eski parola kaç gün geçsin", "Days that the old one holds"),
    "operator.wrong.days": Text("1 ile 7 arasında bir gün sayısı seçin.", "Choose 1 to 7 days."),
    "operator.month.close": Text("Ayı kapat", "Close the month"),
    "operator.month.close_one": Text("{code} ayını kapat", "Close the month of {code}"),
    "operator.month.close_all": Text(
        "{count} kurumun ayını kapat", "Close the month of {count} institutions"
    ),
    "operator.month.close_title": Text("Ayı kapat: {month}", "Close the month {month}"),
    "operator.month.close_lead": Text(
        "Aşağıdaki tutarlar iz kaydına dondurulacak. Kapatmadan önce denetleyin.",
        "The sums below will be frozen in the evidence. Check them before you close.",
    ),
    "operator.month.close_warning": Text(
        "Kapatılan ay yeniden açılmaz.", "A closed month is never opened again."
    ),
    "operator.month.nothing_open": Text(
        "Bu ayda kapatılacak bir şey kalmadı.", "Nothing is left to close in this month."
    ),
    "operator.month.running": Text(
        "Bu ay henüz bitmedi; bir sonraki ayın ilk günü kapatın.",
        "This month has not ended yet; close it on the next first day.",
    ),
    "operator.month.contradicts": Text(
        "Kayıtlardaki tutarlar birimlerle çelişiyor; iz kayıtlarını doğrulayıp yeniden deneyin. "
        "Çelişkiye kadar olan kurumlar kapatılmış olabilir.",
        "The amounts on record contradict their units; verify the evidence and try again. "
        "Institutions before the contradiction may be closed.",
    ),
    "operator.month.not_closed": Text("Bu ay kapatılmamış.", "This month is not closed."),
    "operator.month.closed": Text("Ay kapatıldı.", "The month is closed."),
    "operator.month.closed_at": Text("Kapatıldığı an", "Closed at"),
    "operator.verify": Text("Doğrula", "Verify"),
    "operator.verify.one": Text("{code} ayını doğrula", "Verify the month of {code}"),
    "operator.verify.all": Text("Kapanmış olanları doğrula", "Verify what is closed"),
    "operator.verify.title": Text("Ay doğrulaması: {month}", "Verification of {month}"),
    "operator.verify.lead": Text(
        "Kapatılan ay, kayıtlardan ve tarifeden yeniden hesaplandı.",
        "The closed month was computed again from the records and the tariff.",
    ),
    "operator.verify.agrees": Text("kayıtlarla aynı", "agrees with the records"),
    "operator.verify.differs": Text(
        "kayıtlardan ya da tarifeden farklı", "differs from the records or the tariff"
    ),
    "operator.verify.none": Text("Kapatılmış ay yok.", "No month is closed."),
    "operator.verify.stated": Text("Dondurulan tutar", "Frozen amount"),
    "operator.verify.computed": Text("Yeniden hesaplanan", "Computed again"),
    "operator.verify.not_recorded": Text(
        "{about}: özette var, hiçbir kayıtta yok", "{about}: stated, but no record tells of it"
    ),
    "operator.verify.not_stated": Text(
        "{about}: kayıtlarda var, özette yok", "{about}: on record, but not stated"
    ),
    "operator.verify.sums": Text(
        "{about}: özette {a} çağrı, {b} birim, {c} kayıt, {d} TL; kayıtlarda {e} çağrı, {f} "
        "birim, {g} kayıt, {h} TL",
        "{about}: stated {a} calls, {b} units, {c} records, {d} TL; on record {e} calls, {f} "
        "units, {g} records, {h} TL",
    ),
    "operator.verify.no_fee": Text(
        "{about}: kayıtlarında ücret yazmıyor", "{about}: its records tell of no fee"
    ),
    "operator.verify.amount": Text(
        "{about}: {a} TL yazılmış, {b} TL olmalıydı", "{about}: {a} TL charged, {b} TL due"
    ),
    "operator.verify.rate": Text(
        "{about}: {a} günündeki tarifenin ücreti başka",
        "{about}: the tariff of {a} has another rate",
    ),
}

#: What a rule found, by its name.  The English sentence is the finding's own.
_FOUND: Final[Mapping[str, Text]] = {
    "operator.found.ARDISIK": Text(
        "Sorulan {b} numaradan {a} tanesi, az önce sorulan bir numaranın yanı başındaydı.",
        "{a} of {b} numbers lay next to one asked shortly before.",
    ),
    "operator.found.BULUNAMADI": Text(
        "Günün {b} ölçütünden {a} tanesi hiç kimseye uymadı.",
        "{a} of {b} criteria of the day matched nobody.",
    ),
    "operator.found.COK_KISI_AYNI": Text(
        "Aynı kişiyi bir günde {a} ayrı kullanıcı sordu.",
        "{a} inquirers asked about the same person on one day.",
    ),
    "operator.found.AYNI_SOYAD": Text(
        "Günün {b} sorgusundan {a} tanesi, sorgulayanın soyadını taşıyanlar hakkındaydı.",
        "{a} of {b} calls of the day were about the inquirer's own surname.",
    ),
    "operator.found.MESAI_DISI": Text(
        "Gece ya da hafta sonu {a} sorgu yapıldı.", "{a} calls at night or at the weekend."
    ),
    "operator.found.IKI_ADRES": Text(
        "Bir kullanıcı on dakika içinde {a} ayrı adresten sordu.",
        "One inquirer from {a} addresses within ten minutes.",
    ),
    "operator.found.ANI_ARTIS": Text(
        "Bir günde {a} sorgu; olağan bir günde {b}.", "{a} calls on a day, {b} on a usual one."
    ),
    "operator.found.KORUNAN": Text(
        "Sorgu {a} korunan kişiye rastladı.", "The call met {a} protected person(s)."
    ),
    "operator.found.KORUNAN.answered": Text(
        "Sorgu {a} korunan kişiye rastladı ve yanıtlandı.",
        "The call met {a} protected person(s) and was answered.",
    ),
    "operator.found.KORUNAN.refused": Text(
        "Sorgu {a} korunan kişiye rastladı ve reddedildi.",
        "The call met {a} protected person(s) and was refused.",
    ),
}

TEXTS: Final[Mapping[str, Text]] = {**_MONTHS, **_FOUND}
