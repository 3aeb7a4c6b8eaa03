"""Words of the operator's pages for what edits change, how agreements stand, and wrong forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

_STANDINGS: Final[Mapping[str, Text]] = {
    "operator.standing.open": Text("yürürlükte", "in force"),
    "operator.standing.test": Text("yürürlükte, yalnız test verisi", "in force, test data only"),
    "operator.standing.suspended": Text("{since} günü askıya alındı", "suspended on {since}"),
    "operator.standing.state": Text("durumu {state}", "its state is {state}"),
    "operator.standing.later": Text("{day} günü başlar", "begins on {day}"),
    "operator.standing.ended": Text("{day} günü bitti", "ended on {day}"),
    "operator.standing.renewal": Text(
        "yenileme {day} gününe kadar başlatılmadı", "no renewal was started until {day}"
    ),
    "operator.standing.security": Text(
        "KLASIK profili {day} günü bitti", "its profile KLASIK ended on {day}"
    ),
    "operator.ending.valid_until": Text("Anlaşmanın bitişi", "End of the agreement"),
    "operator.ending.security_until": Text(
        "KLASIK güvenlik profilinin bitişi", "End of its security profile KLASIK"
    ),
    "operator.ending.renewal": Text(
        "Yenileme süresinin bitişi; yenileme başlatılmadı",
        "End of its renewal window; no renewal was started",
    ),
    "operator.ending.stage": Text(
        "{about}: {stage} aşamasının başlangıcı", "{about}: start of {stage}"
    ),
    "operator.ending.pilot": Text("{about}: PILOT aşamasının bitişi", "{about}: end of PILOT"),
    "operator.kind.YUKLEME": Text("Anlaşmalar yüklendi", "Agreements were loaded"),
    "operator.kind.ASKI": Text("Askıya alma", "Suspension"),
    "operator.kind.ASKI_KALDIRMA": Text("Askıdan kaldırma", "Lifting of a suspension"),
}

_CHANGES: Final[Mapping[str, Text]] = {
    "operator.effect.grants": Text("verir", "grants"),
    "operator.effect.withdraws": Text("geri alır", "withdraws"),
    "operator.effect.changes": Text("değiştirir", "changes"),
    "operator.change.gone": Text(
        "Anlaşma, verdiği her şeyle birlikte kalktı.",
        "The agreement is gone with everything it granted.",
    ),
    "operator.change.new": Text(
        "Yeni anlaşma, durumu {a}; {b} – {c} arasında geçerli.",
        "A new agreement in state {a}, valid from {b} until {c}.",
    ),
    "operator.change.becomes": Text("{a}: {b} yerine {c}.", "{a}: {b} becomes {c}."),
    "operator.change.state": Text("{a}: {b} yerine {c}.", "{a}: {b} becomes {c}."),
    "operator.change.suspension_begins": Text(
        "Komutla askıya alma başladı.", "The suspension by command begins."
    ),
    "operator.change.suspension_lifted": Text(
        "Komutla askıya alma kalktı.", "The suspension by command is lifted."
    ),
    "operator.change.listed": Text("{a}: {b}.", "{a}: {b}."),
    "operator.change.only": Text(
        "{a}: artık herkes değil, yalnızca {b}.", "{a}: only {b}, no longer everybody."
    ),
    "operator.change.everybody": Text(
        "{a}: artık yalnızca {b} değil, herkes.", "{a}: everybody, no longer only {b}."
    ),
    "operator.change.service_new": Text(
        "Servis; aşaması {a}, amaçları {b}.", "The service, in stage {a}, for {b}."
    ),
    "operator.change.service_gone": Text("Servisin tümü.", "The whole service."),
    "operator.change.stage": Text("Aşama {a} yerine {b}.", "Stage {a} becomes {b}."),
    "operator.change.field": Text("Alan {a}.", "Field {a}."),
    "operator.change.public_opens": Text("Herkese açık kapı açıldı.", "The public door opens."),
    "operator.change.public_closes": Text("Herkese açık kapı kapandı.", "The public door closes."),
    "operator.phrase.section": Text("{path} ({count} alanın tümü)", "{path} (all {count})"),
    "operator.phrase.calls_a_day": Text(" çağrı/gün", " calls a day"),
    "operator.phrase.from": Text(", başlangıç ", " from "),
    "operator.phrase.until": Text(", bitiş ", " until "),
    "operator.phrase.to": Text(" – ", " to "),
    "operator.phrase.not_started": Text("başlatılmadı", "not started"),
    "operator.phrase.started": Text("başlatıldı", "started"),
    "operator.value.yes": Text("evet", "yes"),
    "operator.value.no": Text("hayır", "no"),
    "operator.value.nothing": Text("boş", "nothing"),
}

#: The keys of agreement files of which changes tell.
_SUBJECTS: Final[Mapping[str, Text]] = {
    "operator.subject.state": Text("Durum", "State"),
    "operator.subject.valid_from": Text("Geçerlilik başlangıcı", "Valid from"),
    "operator.subject.valid_until": Text("Geçerlilik bitişi", "Valid until"),
    "operator.subject.instrument": Text("Belge türü", "Instrument"),
    "operator.subject.application_number": Text("Başvuru numarası", "Application number"),
    "operator.subject.application_date": Text("Başvuru günü", "Application date"),
    "operator.subject.reason": Text("Gerekçe", "Reason"),
    "operator.subject.approved_by": Text("Onaylayan", "Approved by"),
    "operator.subject.signed": Text("İmza günü", "Signed"),
    "operator.subject.legal_basis": Text("Hukuki dayanak", "Legal basis"),
    "operator.subject.renewal": Text("Yenileme", "Renewal"),
    "operator.subject.accounts": Text("Hesaplar", "Accounts"),
    "operator.subject.networks": Text("Ağlar", "Networks"),
    "operator.subject.doors": Text("Kapılar", "Doors"),
    "operator.subject.certificates": Text("Sertifikalar", "Certificates"),
    "operator.subject.purposes": Text("Amaçlar", "Purposes"),
    "operator.subject.inquirers": Text("Sorgulayanlar", "Inquirers"),
    "operator.subject.administrator": Text("İdari kullanıcı", "Administrator"),
    "operator.subject.technician": Text("Teknik kullanıcı", "Technician"),
    "operator.subject.security": Text("Güvenlik profili", "Security profile"),
    "operator.subject.security_until": Text("Güvenlik profilinin bitişi", "Security profile until"),
    "operator.subject.inquirer_required": Text("Sorgulayan zorunlu", "Inquirer required"),
    "operator.subject.registered_inquirers": Text(
        "Yalnız kayıtlı sorgulayanlar", "Registered inquirers only"
    ),
    "operator.subject.limits.calls_per_day_max": Text(
        "Bir gündeki çağrı sınırı", "Calls a day at most"
    ),
    "operator.subject.case_number_required": Text("İşlem numarası zorunlu", "Case number required"),
    "operator.subject.person_relation": Text("Kişi listesi", "Roster of persons"),
    "operator.subject.limits.criteria_per_call_max": Text(
        "Bir çağrıdaki ölçüt sınırı", "Criteria a call at most"
    ),
    "operator.subject.limits.persons_per_day_max": Text(
        "Bir gündeki kişi sınırı", "Persons a day at most"
    ),
    "operator.subject.limits.calls_per_second_max": Text(
        "Saniyedeki çağrı sınırı", "Calls a second at most"
    ),
    "operator.subject.fees.exemption": Text("Ücret muafiyeti", "Fee exemption"),
    "operator.subject.institution.name": Text("Kurum adı", "Name of the institution"),
    "operator.subject.institution.code": Text("Kurum kodu", "Code of the institution"),
    "operator.subject.institution.kind": Text("Kurum türü", "Kind of institution"),
    "operator.subject.pilot": Text("Pilot", "Pilot"),
    "operator.subject.bulk_basis": Text("Toplu listeleme dayanağı", "Basis of bulk listing"),
}

_MISTAKES: Final[Mapping[str, Text]] = {
    "operator.wrong.reason": Text("Gerekçe yazın.", "Give a reason."),
    "operator.wrong.long": Text("Bu alan çok uzun; kısaltın.", "This is too long; shorten it."),
    "operator.wrong.after": Text(
        "Devam yeri anlaşılmadı; yeniden arayın.", "The place to go on is not clear; search again."
    ),
    "operator.wrong.person": Text(
        "Bu bir kimlik numarası değil; on bir haneyi denetleyin.",
        "That is no identity number; check its eleven digits.",
    ),
    "operator.wrong.person_missing": Text("Kimlik numarasını yazın.", "Give the identity number."),
    "operator.wrong.choice": Text("Listeden birini seçin.", "Choose one of the list."),
    "operator.wrong.outcome": Text(
        "Sonuç numarası en çok üç rakamdır, örneğin 205.",
        "An outcome number has up to three digits, such as 205.",
    ),
    "operator.wrong.day": Text("Günü 2026-11-22 gibi yazın.", "Write a day like 2026-11-22."),
    "operator.wrong.span": Text(
        "Son gün ilk günden önce olamaz.", "The last day cannot be before the first."
    ),
}

#: What the events of the evidence are.
_EVENTS: Final[Mapping[str, Text]] = {
    "operator.event.SORGU": Text("sorgu, yanıtlandı", "a query, answered"),
    "operator.event.DOGRULAMA": Text("doğrulama", "a verification"),
    "operator.event.SOZLUK": Text("sözlük", "a dictionary"),
    "operator.event.BILGI": Text("bilgi servisi", "information"),
    "operator.event.ALINDI": Text("alındı", "a receipt"),
    "operator.event.ANAHTAR": Text("güvenlik anahtarı", "a token"),
    "operator.event.RET": Text("ret", "a refusal"),
    "operator.event.TOPLU_RET": Text("sayılan retler", "refusals, counted"),
    "operator.event.ANLASMA_YUKLEME": Text("anlaşmalar yüklendi", "agreements, loaded"),
    "operator.event.ANLASMA_ALMA": Text(
        "anlaşmalar devreye alındı", "agreements, taken by a worker"
    ),
    "operator.event.ANLASMA_ASKI": Text("anlaşma askıya alındı", "an agreement, suspended"),
    "operator.event.ANLASMA_ASKI_KALDIRMA": Text(
        "anlaşma askıdan kaldırıldı", "an agreement, resumed"
    ),
    "operator.event.ANLASMA_DURUM": Text("anlaşma durumu değişti", "an agreement's state, changed"),
    "operator.event.SERVIS_ASAMA": Text("servis aşaması değişti", "a service's stage, changed"),
    "operator.event.ANLASMA_SURE": Text("bitiş yaklaşıyor", "a notice of an end"),
    "operator.event.ANAHTAR_YUKLEME": Text("anahtarlar yüklendi", "keys, loaded"),
    "operator.event.HESAP_PAROLA": Text("hesap parolası verildi", "a password, set"),
    "operator.event.HESAP_BLOKE": Text("hesap bloke edildi", "an account, blocked"),
    "operator.event.HESAP_ACMA": Text("hesap açıldı", "an account, opened"),
    "operator.event.HESAP_KILIT": Text("hesap kilitlendi", "an account, locked"),
    "operator.event.LISTE_YUKLEME": Text("kişi listesi yüklendi", "a roster, replaced"),
    "operator.event.IZ_ARAMA": Text("iz kayıtlarına bakıldı", "a look into the evidence"),
    "operator.event.HESAP_OZETI": Text("hesap özeti", "a statement of fees"),
    "operator.event.AY_KAPAMA": Text("ay kapatıldı", "a month, closed"),
    "operator.event.IMHA": Text("imha", "a month, destroyed"),
    "operator.event.SAKLAMA": Text("saklama emri", "an order to keep"),
    "operator.event.SAKLAMA_KALDIRMA": Text("saklama emri kalktı", "an order to keep, lifted"),
    "operator.event.GIZLILIK": Text("gizlilik emri", "an order of secrecy"),
    "operator.event.GIZLILIK_KALDIRMA": Text("gizlilik emri kalktı", "an order of secrecy, lifted"),
    "operator.event.ANAHTAR_DEGISIMI": Text("iz anahtarı değişti", "the evidence's key, replaced"),
    "operator.event.DISA_AKTARMA": Text("dışa aktarma", "records, exported"),
    "operator.event.ICE_AKTARMA": Text("içe aktarma", "records, brought in"),
    "operator.event.BASLATMA": Text("zincir başladı", "a chain, begun"),
    "operator.event.DURDURMA": Text("zincir bitti", "a chain, ended"),
    "operator.event.UYARI": Text("uyarı", "an alert"),
    "operator.event.UYARI_ONAY": Text("uyarı onaylandı", "an alert, settled"),
    "operator.event.KORUMA": Text("kişi korumaya alındı", "a person, protected"),
    "operator.event.KORUMA_KALDIRMA": Text(
        "kişi korumadan çıkarıldı", "a person, no longer protected"
    ),
    "operator.event.KISI_EKLEME": Text("kişi eklendi", "a person, added"),
    "operator.event.KISI_DEGISIKLIK": Text("kişi değiştirildi", "a person, changed"),
    "operator.event.KISI_BLOKE": Text("kişi bloke edildi", "a person, blocked"),
    "operator.event.KISI_ACMA": Text("kişi açıldı", "a person, opened"),
    "operator.event.KISI_AYRILMA": Text("kişi ayrıldı", "a person, left"),
    "operator.event.KISI_PAROLA": Text("kişiye parola verildi", "a person's password, set"),
    "operator.event.KISI_YETKI": Text("kişi yetkisi daraltıldı", "a person's rights, narrowed"),
    "operator.event.VEKALET": Text("vekâlet", "a mandate"),
    "operator.event.SISTEM_KAYIT": Text("sistem kaydı", "a system"),
    "operator.event.ONAY_ISTEK": Text("onay istendi", "an approval, asked for"),
    "operator.event.ONAY_KARAR": Text("onay kararı", "an approval, decided"),
}

TEXTS: Final[Mapping[str, Text]] = {**_EVENTS, **_STANDINGS, **_CHANGES, **_SUBJECTS, **_MISTAKES}
