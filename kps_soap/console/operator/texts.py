"""The texts of the operator's pages, in Turkish and in English.

Wire words, names of services and codes of the law stand as they are.  Words for what an edit
changed and for forms' mistakes are in ``texts_words``, those of the evidence, of fees and of
accounts in ``texts_office``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.operator.texts_months import TEXTS as MONTHS
from kps_soap.console.operator.texts_office import TEXTS as OFFICE
from kps_soap.console.operator.texts_people import TEXTS as PEOPLE
from kps_soap.console.operator.texts_rights import TEXTS as RIGHTS
from kps_soap.console.operator.texts_why import TEXTS as WHY
from kps_soap.console.operator.texts_words import TEXTS as WORDS
from kps_soap.console.wording import Text

_PAGES: Final[Mapping[str, Text]] = {
    # Navigation.
    "operator.menu.summary": Text("Genel durum", "Overview"),
    "operator.menu.agreements": Text("Kurumlar ve anlaşmalar", "Institutions and agreements"),
    "operator.menu.steps": Text("Değişiklikler", "Changes"),
    "operator.menu.traffic": Text("Trafik", "Traffic"),
    "operator.menu.alerts": Text("Uyarılar", "Alerts"),
    "operator.menu.health": Text("Sağlık", "Health"),
    "operator.menu.search": Text("İz kayıtlarında ara", "Search the evidence"),
    "operator.menu.person": Text("Kim sordu?", "Who asked?"),
    "operator.menu.statements": Text("Hesap özetleri", "Statements"),
    "operator.menu.accounts": Text("Kurum hesapları", "Accounts of institutions"),
    # Words that many pages share.
    "operator.search": Text("Ara", "Search"),
    "operator.search_words": Text(
        "Kurum, anlaşma ya da hesap", "Institution, agreement or account"
    ),
    "operator.part.before": Text("Öncekiler", "Previous"),
    "operator.part.after": Text("Sonrakiler", "Next"),
    "operator.part.where": Text("Sayfa {number} / {count}", "Page {number} of {count}"),
    "operator.nothing": Text("Bu koşullara uyan kayıt yok.", "Nothing matches."),
    "operator.reason": Text("Gerekçe", "Reason"),
    "operator.reason_hint": Text("İz kaydında saklanır.", "It is kept in the evidence."),
    "operator.document": Text("Evrak numarası", "Document number"),
    "operator.optional": Text("isteğe bağlı", "optional"),
    "operator.cancel": Text("Vazgeç", "Cancel"),
    "operator.all": Text("Tümü", "All"),
    "operator.choose_any": Text("Hepsi", "Any"),
    "operator.institution": Text("Kurum", "Institution"),
    "operator.institution_code": Text("Kurum kodu", "Institution code"),
    "operator.agreement": Text("Anlaşma", "Agreement"),
    "operator.state": Text("Durum", "State"),
    "operator.service": Text("Servis", "Service"),
    "operator.version": Text("Sürüm", "Version"),
    "operator.door": Text("Kapı", "Door"),
    "operator.time": Text("Zaman", "Time"),
    "operator.day": Text("Gün", "Day"),
    "operator.count": Text("Sayı", "Count"),
    "operator.until": Text("Bitiş", "Until"),
    "operator.who": Text("Kim", "Who"),
    "operator.account": Text("Hesap", "Account"),
    "operator.purpose": Text("Amaç", "Purpose"),
    "operator.details": Text("Ayrıntı", "Details"),
    "operator.table": Text("Tablo: {name}", "Table: {name}"),
    "operator.days.today": Text("bugün", "today"),
    "operator.days.left": Text("{count} gün sonra", "in {count} days"),
    "operator.days.past": Text("{count} gün önce", "{count} days ago"),
    # Overview.
    "operator.summary": Text("Genel durum", "Overview"),
    "operator.summary.ready": Text("Sorgu yanıtlanıyor", "Queries are answered"),
    "operator.summary.not_ready": Text("Çalışmayan bölüm var", "A part does not work"),
    "operator.summary.calls": Text(
        "Yanıtlanan (son {minutes} dk)", "Answered (last {minutes} min)"
    ),
    "operator.summary.refused": Text(
        "Reddedilen (son {minutes} dk)", "Refused (last {minutes} min)"
    ),
    "operator.summary.agreements": Text("Yürürlükteki anlaşma", "Agreements in force"),
    "operator.summary.of": Text("toplam {count}", "of {count}"),
    "operator.summary.alerts": Text("Açık uyarı", "Open alerts"),
    "operator.summary.problems": Text(
        (
            "Anlaşma dosyalarında {count} hata var; yürürlükteki küme değişmedi. Ayrıntı: kps "
            "agreements check"
        ),
        (
            "The agreement files have {count} problems; what is in force has not changed. See: "
            "kps agreements check"
        ),
    ),
    "operator.summary.near": Text(
        "Bitenler ve 60 gün içinde bitecekler", "Ended, and ending within 60 days"
    ),
    "operator.summary.near_none": Text(
        "60 gün içinde biten bir şey yok.", "Nothing ends within 60 days."
    ),
    "operator.summary.near_more": Text("ve {count} bitiş daha", "and {count} more"),
    "operator.summary.steps": Text("Son değişiklikler", "Latest changes"),
    # Agreements.
    "operator.agreements": Text("Kurumlar ve anlaşmalar", "Institutions and agreements"),
    "operator.agreements.count": Text("{count} anlaşma", "{count} agreements"),
    "operator.agreement_unknown": Text(
        "Yürürlükteki kümede bu numarada bir anlaşma yok.",
        "The set in force has no agreement with this number.",
    ),
    "operator.ends_soon": Text("yaklaşıyor", "soon"),
    "operator.agreement.title": Text("Anlaşma {number}", "Agreement {number}"),
    "operator.agreement.paper": Text("Belge", "Document"),
    "operator.agreement.kind": Text("Kurum türü", "Kind of institution"),
    "operator.agreement.instrument": Text("Belge türü", "Instrument"),
    "operator.agreement.application": Text("Başvuru", "Application"),
    "operator.agreement.basis": Text("Hukuki dayanak", "Legal basis"),
    "operator.agreement.approved_by": Text("Onaylayan", "Approved by"),
    "operator.agreement.validity": Text("Geçerlilik", "Validity"),
    "operator.agreement.file": Text("Dosya", "File"),
    "operator.agreement.access": Text("Erişim", "Access"),
    "operator.agreement.accounts": Text("Hesaplar", "Accounts"),
    "operator.agreement.networks": Text("Ağlar", "Networks"),
    "operator.agreement.doors": Text("Kapılar", "Doors"),
    "operator.agreement.security": Text("Güvenlik profili", "Security profile"),
    "operator.agreement.administrator": Text("İdari kullanıcı", "Administrator"),
    "operator.agreement.technician": Text("Teknik kullanıcı", "Technician"),
    "operator.agreement.exemption": Text("Ücret muafiyeti", "Fee exemption"),
    "operator.agreement.relation": Text("Kişi listesi", "Roster of persons"),
    "operator.agreement.limits": Text("Sınırlar", "Limits"),
    "operator.agreement.limits_text": Text(
        "çağrıda {criteria} ölçüt, günde {persons} kişi, saniyede {calls} çağrı",
        "{criteria} criteria a call, {persons} persons a day, {calls} calls a second",
    ),
    "operator.agreement.services": Text("Servisler", "Services"),
    "operator.agreement.stage": Text("Aşama", "Stage"),
    "operator.agreement.planned": Text("{stage} ({day})", "{stage} ({day})"),
    "operator.agreement.fields": Text("Verilen alanlar ({count})", "Granted fields ({count})"),
    "operator.agreement.special": Text(
        "Özel nitelikli, dayanağı: {basis}", "Special category, on: {basis}"
    ),
    "operator.agreement.endings": Text("Bitişler ve planlanan günler", "Ends and planned days"),
    "operator.agreement.suspended": Text(
        "{day} tarihinde {by} tarafından askıya alındı. Gerekçe: {reason}",
        "Suspended on {day} by {by}. Reason: {reason}",
    ),
    "operator.agreement.suspended_document": Text("Evrak: {document}", "Document: {document}"),
    "operator.agreement.steps": Text("Bu anlaşmayı değiştiren adımlar", "Steps that changed it"),
    # Suspending and resuming.
    "operator.suspend": Text("Askıya al", "Suspend"),
    "operator.suspend.title": Text("{number} anlaşmasını askıya al", "Suspend agreement {number}"),
    "operator.suspend.lead": Text(
        "{name} bir sonraki çağrısında reddedilir. Anlaşma dosyası değişmez.",
        "{name} is refused at its next call. The agreement file does not change.",
    ),
    "operator.suspend.done": Text(
        "Anlaşma askıya alındı; bir sonraki çağrıda geçerlidir.",
        "The agreement is suspended; in effect on the next call.",
    ),
    "operator.resume": Text("Askıdan kaldır", "Lift the suspension"),
    "operator.resume.title": Text(
        "{number} anlaşmasını askıdan kaldır", "Lift the suspension of agreement {number}"
    ),
    "operator.resume.lead": Text(
        "{name} için yine yalnızca anlaşma dosyası belirleyici olur.",
        "For {name} the agreement file alone decides again.",
    ),
    "operator.resume.done": Text(
        "Anlaşma artık askıda değil.", "The agreement is no longer suspended."
    ),
    # What changed.
    "operator.steps": Text("Yürürlükteki kümede değişiklikler", "Changes of what is in force"),
    "operator.steps.number": Text("Adım", "Step"),
    "operator.steps.kind": Text("Ne yapıldı", "What was done"),
    "operator.step.title": Text("Adım {number}: {what}", "Step {number}: {what}"),
    "operator.step_unknown": Text("Böyle bir adım yok.", "There is no such step."),
    "operator.step.set": Text("Küme (SHA-256)", "Set (SHA-256)"),
    "operator.step.record": Text("İz kaydı", "Record"),
    "operator.step.suspended": Text("{number} askıya alındı.", "{number} was suspended."),
    "operator.step.resumed": Text(
        "{number} askıdan kaldırıldı.", "The suspension of {number} was lifted."
    ),
    "operator.step.open": Text("Anlaşmayı aç: {number}", "Open agreement {number}"),
    "operator.step.nothing": Text(
        "Bu adım anlaşmaların söylediği bir şeyi değiştirmedi.",
        "This step changed nothing that agreements say.",
    ),
    "operator.step.unreadable": Text(
        (
            "O günün dosyaları artık karşılaştırılamıyor: arşivde eksik ya da bugünkü kurallarla "
            "okunamıyor."
        ),
        (
            "The files of that day cannot be compared any more: missing in the archive, or not "
            "readable by today's rules."
        ),
    ),
    "operator.step.public": Text("Herkese açık kapı", "Public door"),
    # Traffic.
    "operator.traffic": Text("Trafik", "Traffic"),
    "operator.traffic.span": Text("Süre", "Span"),
    "operator.traffic.minutes": Text("son {count} dakika", "last {count} minutes"),
    "operator.traffic.refresh": Text("Yenile", "Refresh"),
    "operator.traffic.since": Text(
        "{since} – {until}. Tüm ağ geçidi süreçlerinin iz kayıtlarından.",
        "{since} – {until}. From the evidence of all gateway processes.",
    ),
    "operator.traffic.cut": Text(
        "Trafik yoğun: yalnızca en yeni kayıtlara, {since} anından beri olanlara bakıldı.",
        "Traffic is heavy: only the newest records, those since {since}, were looked at.",
    ),
    "operator.traffic.answered": Text("Yanıtlanan", "Answered"),
    "operator.traffic.refused": Text("Reddedilen", "Refused"),
    "operator.traffic.busiest": Text("En yoğun dakika", "Busiest minute"),
    "operator.traffic.services": Text("Servislere göre", "By service"),
    "operator.traffic.chart": Text(
        "Dakikada çağrı: en çok {busiest}; toplam {answered} yanıt, {refused} ret.",
        "Calls a minute: {busiest} at most; {answered} answered and {refused} refused in all.",
    ),
    "operator.traffic.latency": Text(
        (
            "Süreler sorgunun gelişinden iz kaydının kalıcı oluşuna kadardır; çağrıların yarısı, "
            "%95'i ve %99'u en çok bu kadar sürdü."
        ),
        (
            "Times run from the whole request to its durable record; half, 95 % and 99 % of the "
            "calls took at most so long."
        ),
    ),
    "operator.traffic.half": Text("Yarısı", "Half"),
    "operator.traffic.at_most": Text("≤ {count} ms", "≤ {count} ms"),
    "operator.traffic.reasons": Text("Ret nedenleri", "Refusals by reason"),
    "operator.traffic.reason": Text("Neden", "Reason"),
    "operator.traffic.none": Text("Bu sürede çağrı yok.", "No calls in this span."),
    "operator.traffic.no_refusals": Text("Bu sürede ret yok.", "No refusals in this span."),
    # Health.
    "operator.health": Text("Sağlık", "Health"),
    "operator.health.lead": Text(
        "Bu sayfayı yanıtlayan sürecin şimdi denediği bölümler; mühürler ve süreçler herkes için.",
        (
            "The parts as the process that answers this page has just tried them; seals and "
            "processes are everybody's."
        ),
    ),
    "operator.health.parts": Text("Bölümler", "Parts"),
    "operator.health.good": Text("çalışıyor", "works"),
    "operator.health.bad": Text("çalışmıyor", "does not work"),
    "operator.health.part.evidence": Text("İz kaydı yazımı", "Writing evidence"),
    "operator.health.part.database": Text(
        "Veritabanına yazma denemesi", "Trial write to the database"
    ),
    "operator.health.part.agreements": Text("Yürürlükteki anlaşmalar", "Agreements in force"),
    "operator.health.part.register": Text("Kütük", "Register"),
    "operator.health.part.signing_rsa": Text("RSA imza denemesi", "Trial signature, RSA"),
    "operator.health.part.signing_p256": Text("P-256 imza denemesi", "Trial signature, P-256"),
    "operator.health.part.tls": Text("TLS sertifikası", "TLS certificate"),
    "operator.health.waiting": Text("Yazılmayı bekleyen", "Waiting to be written"),
    "operator.health.last_commit": Text("Son kalıcı yazımdan beri", "Since the last durable write"),
    "operator.health.seconds": Text("{count} sn", "{count} s"),
    "operator.health.certificates": Text("Sertifikalar", "Certificates"),
    "operator.health.certificate": Text("Sertifika", "Certificate"),
    "operator.health.days_left": Text("Kalan gün", "Days left"),
    "operator.health.certificate.signing_rsa": Text("Yanıt imzası, RSA", "Answers' signature, RSA"),
    "operator.health.certificate.signing_p256": Text(
        "Yanıt imzası, P-256", "Answers' signature, P-256"
    ),
    "operator.health.certificate.token": Text("Güvenlik anahtarları", "Tokens"),
    "operator.health.certificate.seal": Text("Mühürler", "Seals"),
    "operator.health.certificate.tls": Text("TLS", "TLS"),
    "operator.health.level.iyi": Text("iyi", "good"),
    "operator.health.level.uyari": Text("yenileyin", "renew"),
    "operator.health.level.kotu": Text("hemen yenileyin", "renew now"),
    "operator.health.seals": Text("İz zincirleri ve mühürler", "Chains of evidence and seals"),
    "operator.health.chains": Text("Zincir", "Chains"),
    "operator.health.records": Text("Kayıt", "Records"),
    "operator.health.sealed_at": Text("Son mühür", "Newest seal"),
    "operator.health.never": Text("henüz yok", "none yet"),
    "operator.health.unsealed": Text(
        "Mühür bekleyen en eski kayıt", "Oldest record without a seal"
    ),
    "operator.health.nothing_waits": Text("bekleyen yok", "none waits"),
    "operator.health.broken": Text(
        "{count} zincir söylediği yerde bitmiyor. Çalıştırın: kps audit verify",
        "{count} chains do not end where they say. Run: kps audit verify",
    ),
    "operator.health.seal_trouble": Text(
        "Mühürler zincirlere uymuyor. Çalıştırın: kps audit verify",
        "The seals do not fit the chains. Run: kps audit verify",
    ),
    "operator.health.workers": Text("Süreçler", "Processes"),
    "operator.health.worker": Text("Süreç", "Process"),
    "operator.health.runs": Text("Çalıştırdığı adım", "Step that it runs"),
    "operator.health.current": Text("güncel", "current"),
    "operator.health.behind": Text("geride", "behind"),
    "operator.health.volumes": Text("Diskler", "Volumes"),
    "operator.health.volume": Text("Disk", "Volume"),
    "operator.health.free": Text("Boş alan", "Free space"),
    "operator.health.gigabytes": Text("{free} / {size} GB", "{free} of {size} GB"),
    "operator.health.scarce": Text("az kaldı", "scarce"),
}

TEXTS: Final[Mapping[str, Text]] = {
    **_PAGES,
    **OFFICE,
    **WORDS,
    **PEOPLE,
    **RIGHTS,
    **MONTHS,
    **WHY,
}
