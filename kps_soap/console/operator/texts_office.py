"""The texts of the pages over the evidence, fees and accounts of institutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

_PAGES: Final[Mapping[str, Text]] = {
    # Evidence.
    "operator.evidence": Text("İz kayıtlarında ara", "Search the evidence"),
    "operator.evidence.lead": Text(
        "Verilen koşulların tümü aranır; en yeni önce gelir. Aramanın kendisi de iz kaydıdır.",
        "All given conditions must hold; newest first. The search itself is recorded.",
    ),
    "operator.evidence.person": Text("Kimlik numarası", "Identity number"),
    "operator.evidence.since": Text("Bu günden", "From this day"),
    "operator.evidence.until": Text("Bu güne kadar", "Up to this day"),
    "operator.evidence.inquirer": Text("Sorgulayan", "Inquirer"),
    "operator.evidence.case_number": Text("İşlem numarası", "Case number"),
    "operator.evidence.receipt_number": Text("Alındı numarası", "Receipt number"),
    "operator.evidence.request_id": Text("İstek numarası", "Request number"),
    "operator.evidence.time_and_event": Text("Zaman ve olay", "Time and event"),
    "operator.evidence.event": Text("Olay", "Event"),
    "operator.evidence.outcome": Text("Sonuç numarası", "Outcome number"),
    "operator.evidence.refusal": Text("Ret nedeni", "Refusal"),
    "operator.evidence.found": Text("Bulunan kayıtlar", "Records found"),
    "operator.evidence.outcome_short": Text("Sonuç", "Outcome"),
    "operator.evidence.answered": Text("yanıtlandı", "answered"),
    "operator.evidence.open": Text("Kaydı aç", "Open"),
    "operator.evidence.open_one": Text(
        "Kaydı aç: {record}, yeni sekmede", "Open: record {record}, in a new tab"
    ),
    "operator.evidence.more": Text("Daha eskiler", "Older ones"),
    "operator.record": Text("İz kaydı {record}", "Record {record}"),
    "operator.record.columns": Text("Sütunlar", "Columns"),
    "operator.record.fields": Text("Dönen alanlar", "Returned fields"),
    "operator.record.question": Text("Soru", "Question"),
    "operator.record.answer": Text("Yanıt", "Answer"),
    "operator.record.destroyed": Text(
        "Saklama süresi dolduğu için imha edildi.", "Destroyed after its time."
    ),
    "operator.record.masked": Text(
        "Parolalar ve anahtarlar gösterilmez.", "Passwords and keys are not shown."
    ),
    "operator.record_unnamed": Text(
        "Bir kayıt ve gerekçe gerekir; arama sayfasından açın.",
        "A record and a reason are needed; open it from the search page.",
    ),
    "operator.record_unknown": Text("Böyle bir kayıt yok.", "There is no such record."),
    "operator.record_unreadable": Text(
        "Kayıt açılamıyor. Çalıştırın: kps audit verify",
        "The record cannot be opened. Run: kps audit verify",
    ),
    "operator.month_unreadable": Text(
        "Bir ayın anahtarı bulunamadı; eksik bir sonuç tam gibi görüneceği için gösterilmedi.",
        (
            "A month's key is not to be had; an incomplete result would look complete, so none "
            "is shown."
        ),
    ),
    # Who asked.
    "operator.person": Text("Kim sordu?", "Who asked?"),
    "operator.person.lead": Text(
        "Bir kişinin verilerini hangi kurumların, ne zaman, ne için sorguladığı (KVKK m. 11).",
        "Which institutions asked about a person, when and what for (KVKK Art. 11).",
    ),
    "operator.person.staff": Text(
        "Hesap ve sorgulayanları da göster", "Name accounts and inquirers"
    ),
    "operator.person.make": Text("Raporu hazırla", "Make the report"),
    "operator.person.title": Text(
        "Kimlik verilerinizi sorgulayan kurumlar", "Institutions that asked about you"
    ),
    "operator.person.made_at": Text("Düzenlenme zamanı", "Made at"),
    "operator.person.times": Text("Toplam sorgu", "Queries in all"),
    "operator.person.given": Text("Bilgi verildi mi", "Answered"),
    "operator.person.public": Text("Kamuya açık doğrulama", "Public verification"),
    "operator.person.none": Text(
        "Bu sürede bu kişi hakkında sorgu yok.", "Nobody asked about this person in this time."
    ),
    # Alerts.
    "operator.alerts": Text("Kötüye kullanım uyarıları", "Alerts of misuse"),
    "operator.alerts.open": Text(
        "Kimsenin bakmadığı uyarı: {count}", "Alerts that nobody has looked into: {count}"
    ),
    "operator.alerts.cut": Text(
        "En yeni {count} uyarı gösteriliyor.", "The newest {count} alerts are shown."
    ),
    "operator.alert_unknown": Text("Böyle bir uyarı yok.", "There is no such alert."),
    "operator.alert.rule": Text("Kural", "Rule"),
    "operator.alert.measured": Text("Ölçülen", "Measured"),
    "operator.alert.threshold": Text("Eşik", "Threshold"),
    "operator.alert.state.YENI": Text("bakılmadı", "new"),
    "operator.alert.state.ONAYLI": Text("sonuçlandı", "settled"),
    "operator.alert.act.ASKI": Text("anlaşma askıya alındı", "the agreement was suspended"),
    "operator.alert.act.BLOKE": Text("hesap bloke edildi", "the account was blocked"),
    "operator.alert.settle": Text("Uyarıyı sonuçlandır", "Settle the alert"),
    "operator.alert.outcome": Text("Ne çıktı", "What came of it"),
    "operator.alert.settled_by": Text("Sonuçlandıran", "Settled by"),
    "operator.alert.settled_at": Text("Sonuçlandığı an", "Settled at"),
    "operator.alert.settled_done": Text("Uyarı sonuçlandırıldı.", "The alert is settled."),
    # Statements.
    "operator.statements": Text("Hesap özetleri", "Statements"),
    "operator.statements.month": Text("Ay", "Month"),
    "operator.statements.show": Text("Göster", "Show"),
    "operator.statements.calls": Text("Çağrı", "Calls"),
    "operator.statements.units": Text("Birim", "Units"),
    "operator.statements.records": Text("Kayıt", "Records"),
    "operator.statements.amount": Text("Tutar", "Amount"),
    "operator.statements.total": Text("Toplam", "Total"),
    "operator.statements.running": Text("ay sürüyor", "running month"),
    "operator.statements.open": Text("kapanmadı", "not closed"),
    "operator.statements.closed": Text("kapandı", "closed"),
    "operator.statements.none": Text(
        "Bu ayda ücretlenen ya da sayılan bir çağrı yok.",
        "Nothing was charged or counted in this month.",
    ),
    "operator.statements.open_one": Text("{code} özetini aç", "Open the statement of {code}"),
    "operator.statement": Text("Katılma payı bildirimi", "Statement of fees"),
    "operator.statement.fee": Text("Ücret", "Fee"),
    "operator.statement.digest": Text("Bildirimin özeti (SHA-256)", "Digest (SHA-256)"),
    "operator.statement.not_over": Text(
        "Ay bitmedi: tutarlar değişecektir.", "The month has not ended: amounts will change."
    ),
    "operator.statement.print": Text(
        "Yazdırmak için tarayıcının yazdırma komutunu kullanın.",
        "Use the browser's print command to print.",
    ),
    "operator.month_unknown": Text("Ayı 2026-11 gibi yazın.", "Write a month like 2026-11."),
    "operator.fee.query": Text("{amount} TL / sorgu", "{amount} TL a query"),
    "operator.fee.record": Text("{amount} TL / kayıt", "{amount} TL a record"),
    "operator.fee.exempt": Text("muaf ({why})", "exempt ({why})"),
    "operator.fee.none": Text("tarife yok", "no tariff"),
    # Accounts.
    "operator.accounts": Text("Kurum hesapları", "Accounts of institutions"),
    "operator.accounts.changed": Text("Son değişiklik", "Last change"),
    "operator.account_unknown": Text("Böyle bir hesap yok.", "There is no such account."),
    "operator.account.title": Text("Hesap {account}", "Account {account}"),
    "operator.account.state.ACIK": Text("açık", "open"),
    "operator.account.state.BLOKE": Text("bloke", "blocked"),
    "operator.account.state.KILITLI": Text("kilitli", "locked"),
    "operator.account.state.PAROLASIZ": Text("parolası yok", "no password yet"),
    "operator.account.locked_until": Text("Kilidin bitişi", "Locked until"),
    "operator.account.block": Text("Bloke et", "Block"),
    "operator.account.block_lead": Text(
        "Bir sonraki çağrıda geçerlidir; yaşayan anahtarlar da biter.",
        "In effect on the next call; living tokens end too.",
    ),
    "operator.account_block.done": Text("Hesap bloke edildi.", "The account is blocked."),
    "operator.account.unblock": Text("Blokeyi ve kilidi kaldır", "Lift block and lock"),
    "operator.account_unblock.done": Text("Hesap yeniden açık.", "The account is open again."),
    "operator.account.password": Text("Yeni parola ver", "Give a new password"),
    "operator.account.password_lead": Text(
        "Eskisi o anda biter. Yenisi bir kez gösterilir ve hiçbir yerde saklanmaz.",
        "The old one ends at once. The new one is shown once and kept nowhere.",
    ),
    "operator.account.beside": Text(
        "Yeni parola ver, eskisi bir süre geçsin", "Give a new password, keep the old for a while"
    ),
    "operator.account.beside_lead": Text(
        "Gözetimsiz çalışan yazılım kendi zamanında geçsin diye.",
        "For unattended software that changes in its own time.",
    ),
    "operator.account.former": Text("Eski parolanın bitişi", "Former password until"),
    "operator.account.former_until": Text(
        "Eski parola {until} anına kadar geçerlidir.", "The former password holds until {until}."
    ),
    "operator.account_not_so": Text(
        "Hesap bunun için uygun değil ya da değişti; son haline bakıp yeniden deneyin.",
        "The account is not in a state for this, or has changed; look again and repeat.",
    ),
    "operator.account.password_title": Text("Yeni parola: {account}", "New password: {account}"),
    "operator.account.password_once": Text(
        "Bu parola bir daha gösterilmez. Kuruma güvenli bir yoldan iletin.",
        "This password is not shown again. Hand it to the institution in a safe way.",
    ),
    "operator.account.password_is": Text("Parola", "Password"),
    "operator.account.back": Text("Hesaba dön", "Back to the account"),
}

#: The plain columns of a record.
_COLUMNS: Final[Mapping[str, Text]] = {
    "operator.column.event": Text("Olay", "Event"),
    "operator.column.request_id": Text("İstek numarası", "Request number"),
    "operator.column.receipt_number": Text("Alındı numarası", "Receipt number"),
    "operator.column.door": Text("Kapı", "Door"),
    "operator.column.channel": Text("Kanal", "Channel"),
    "operator.column.source_address": Text("Kaynak adresi", "Source address"),
    "operator.column.institution": Text("Kurum", "Institution"),
    "operator.column.agreement": Text("Anlaşma", "Agreement"),
    "operator.column.agreement_digest": Text("Anlaşma özeti", "Agreement digest"),
    "operator.column.account": Text("Hesap", "Account"),
    "operator.column.on_behalf_of": Text("Adına", "On behalf of"),
    "operator.column.inquirer": Text("Sorgulayan", "Inquirer"),
    "operator.column.unit": Text("Birim", "Unit"),
    "operator.column.vouched_by": Text("Neyle kanıtlandı", "Vouched for by"),
    "operator.column.client_certificate": Text("İstemci sertifikası", "Client certificate"),
    "operator.column.client_software": Text("İstemci yazılımı", "Client software"),
    "operator.column.service": Text("Servis", "Service"),
    "operator.column.operation": Text("İşlem", "Operation"),
    "operator.column.version": Text("Sürüm", "Version"),
    "operator.column.purpose": Text("Amaç", "Purpose"),
    "operator.column.case_number": Text("İşlem numarası", "Case number"),
    "operator.column.message_id": Text("İleti numarası", "Message id"),
    "operator.column.outcome": Text("Sonuç numarası", "Outcome number"),
    "operator.column.refusal": Text("Ret nedeni", "Refusal"),
    "operator.column.detail": Text("Ayrıntı", "Detail"),
    "operator.column.criterion_outcomes": Text("Ölçüt sonuçları", "Outcomes of criteria"),
    "operator.column.withheld_digest": Text("Verilmeyenlerin özeti", "Digest of what was withheld"),
    "operator.column.units": Text("Birim sayısı", "Units"),
    "operator.column.amount": Text("Tutar (1/100 kuruş)", "Amount (1/100 kuruş)"),
    "operator.column.question_digest": Text("Sorunun özeti", "Digest of the question"),
    "operator.column.answer_digest": Text("Yanıtın özeti", "Digest of the answer"),
    "operator.column.sent_digest": Text("Gönderilenin özeti", "Digest of what was sent"),
    "operator.column.http_status": Text("HTTP durumu", "HTTP status"),
    "operator.column.duration_us": Text("Süre (µs)", "Duration (µs)"),
    "operator.column.count": Text("Kaç istek", "Requests"),
    "operator.column.token": Text("Güvenlik anahtarı", "Token"),
    "operator.column.bound_inquirer": Text("Anahtardaki sorgulayan", "Inquirer of the token"),
    "operator.column.records": Text("Kayıt sayısı", "Records"),
    "operator.column.repeats": Text("Yinelediği kayıt", "Repeats record"),
    "operator.column.fee": Text("Ücret kuralı", "Fee"),
}

TEXTS: Final[Mapping[str, Text]] = {**_PAGES, **_COLUMNS}
