"""The console's texts: queries, answers, extracts, and one's own history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

TEXTS: Final[Mapping[str, Text]] = {
    "query.title": Text("Sorgula", "Query"),
    "query.lead": Text(
        "Anlaşmanızın size açtığı servisler. Her sorgu adınıza kaydedilir.",
        "The services that your agreement opens to you. Every query is recorded in your name.",
    ),
    "query.none": Text(
        "Size açık bir servis yok. Anlaşmanız konsolu açmıyor, yürürlükte değil ya da hesabınıza "
        "servis verilmemiş; kurumunuzun idari kullanıcısına başvurun.",
        "No service is open to you. Your agreement does not open the console, is not in force, or "
        "no service was given to you; ask your institution's administrator.",
    ),
    "query.version": Text("Sürüm {version}", "Version {version}"),
    "query.newest": Text("en yeni", "newest"),
    "query.pilot": Text("PILOT", "PILOT"),
    "query.test": Text("TEST", "TEST"),
    "query.subject": Text("Kim soruluyor", "Who is asked about"),
    "query.what": Text("Sorgu", "The query"),
    "query.why": Text("Niçin soruluyor", "Why it is asked"),
    "query.purpose": Text("Amaç", "Purpose"),
    "query.choose": Text("Seçin", "Choose"),
    "query.case": Text("İşlem (dosya) numarası", "Case number"),
    "query.case_hint": Text(
        "Bu sorguyu gerektiren işin ya da dosyanın numarası.",
        "The number of the case or file that needs this query.",
    ),
    "query.date_hint": Text("GG.AA.YYYY", "DD.MM.YYYY"),
    "query.number_hint": Text("11 rakam", "11 digits"),
    "query.any": Text("belirtilmedi", "not stated"),
    "query.button": Text("Sorgula", "Query"),
    "query.billed": Text(
        "Kayıtlara ulaşan her sorgu, kurumunuzun ücret durumuna göre ücretlendirilir.",
        "Every query that reaches the register counts towards your institution's fee.",
    ),
    "query.missing": Text("{field}: doldurun.", "{field}: fill this in."),
    "query.one_of": Text(
        "Bunlardan en az birini doldurun: {fields}.", "Fill in at least one of these: {fields}."
    ),
    "query.not_a_number": Text("{field}: yalnızca rakam yazın.", "{field}: type digits only."),
    "query.not_a_date": Text(
        "{field}: tarihi 31.12.2025 biçiminde yazın.", "{field}: write the date as 31.12.2025."
    ),
    "query.not_a_choice": Text("{field}: listeden seçin.", "{field}: choose from the list."),
    "query.too_long": Text(
        "{field}: en çok 100 karakter yazın.", "{field}: type at most 100 characters."
    ),
    "query.purpose_missing": Text(
        "Amaç: sorgunun amacını seçin.", "Purpose: choose what the query is for."
    ),
    "query.case_missing": Text(
        "İşlem numarası: anlaşmanız her sorguda bunu ister.",
        "Case number: your agreement demands one with every query.",
    ),
    "query.unknown": Text("Bu servis size açık değil.", "This service is not open to you."),
    # The answer.
    "answer.title": Text("{service}: sonuç", "{service}: result"),
    "answer.extract": Text("Sorgu sonucu çıktısı", "Extract of a query"),
    "answer.refused": Text("Sorgu yanıtlanmadı", "The query was not answered"),
    "answer.none": Text(
        "Yanıtta gösterilecek bilgi yok.", "There is nothing to show in the answer."
    ),
    "answer.empty_record": Text(
        "Bu kayıtta size açık bir bilgi yok.", "This record holds nothing that is open to you."
    ),
    "answer.record": Text("Kayıt {number}", "Record {number}"),
    "answer.not_shown": Text(
        "bu sayfada gösterilmez ({size} bayt)", "not shown on this page ({size} bytes)"
    ),
    "answer.again": Text("Yeni sorgu", "Another query"),
    "answer.print_hint": Text(
        "Çıktı almak için tarayıcınızın yazdırma komutunu (Ctrl+P) kullanın.",
        "To print this extract, use your browser's print command (Ctrl+P).",
    ),
    "answer.download": Text("İmzalı yanıtı indir (XML)", "Download the signed answer (XML)"),
    "answer.receipt": Text("Alındı", "Receipt"),
    "answer.number": Text("Alındı numarası", "Receipt number"),
    "answer.code": Text("Doğrulama kodu", "Verification code"),
    "answer.at": Text("Sorgu zamanı", "Time of the query"),
    "answer.by": Text("Sorgulayan", "Asked by"),
    "answer.institution": Text("Kurum", "Institution"),
    "answer.service": Text("Servis", "Service"),
    "answer.digest": Text("Yanıt özeti (SHA-256)", "Digest of the answer (SHA-256)"),
    "answer.agreement_digest": Text("Anlaşma özeti (SHA-256)", "Digest of the agreement (SHA-256)"),
    "answer.request": Text("İstek numarası", "Request number"),
    "answer.qr": Text("Doğrulama sayfasına giden karekod", "QR code to the verification page"),
    "answer.qr_caption": Text("Doğrulama", "Verify"),
    "answer.signed": Text(
        "Bu sonucun tamamı kapının anahtarıyla imzalanmış ve iz kaydına yazılmıştır. Alındı "
        "numarası ve koduyla {address} adresinde doğrulanır.",
        "All of this result was signed with the gateway's key and recorded. It is verified at "
        "{address} with the receipt number and the code.",
    ),
    "answer.minimal": Text(
        "Yalnızca anlaşmanızın açtığı alanlar gösterilir.",
        "Only the fields that your agreement opens are shown.",
    ),
    # History.
    "history.title": Text("Sorgularım", "My queries"),
    "history.lead": Text(
        "Adınıza yapılan sorgular, en yenisi üstte. Kimin sorulduğu burada gösterilmez.",
        "The queries made in your name, newest first. Who was asked about is not shown here.",
    ),
    "history.title_all": Text("Kurumun sorguları", "Queries of the institution"),
    "history.lead_all": Text(
        "Kurumunuz adına yapılan bütün sorgular, en yenisi üstte. Kimin sorulduğu burada "
        "gösterilmez; bakışınız da iz kaydına yazılır.",
        "All queries made for your institution, newest first. Who was asked about is not shown "
        "here, and your look is recorded too.",
    ),
    "history.who": Text("Sorgulayan", "Asked by"),
    "history.none": Text("Henüz sorgu yapılmamış.", "No query was made yet."),
    "history.when": Text("Zaman ve alındı", "Time and receipt"),
    "history.service": Text("Servis", "Service"),
    "history.purpose": Text("Amaç", "Purpose"),
    "history.case": Text("İşlem no", "Case number"),
    "history.outcome": Text("Sonuç", "Outcome"),
    "history.channel": Text("Kanal", "Channel"),
    "history.receipt": Text("Alındı", "Receipt"),
    "history.older": Text("Daha eskiler", "Older ones"),
    "history.answered": Text("yanıtlandı", "answered"),
    "history.not_found": Text("kayıt yok", "no record"),
    "history.refused": Text("reddedildi ({code})", "refused ({code})"),
    "history.table": Text("Sorgular", "Queries"),
    # Verification of an extract.
    "verify.title": Text("Çıktı doğrula", "Verify an extract"),
    "verify.lead": Text(
        "Elinizdeki çıktının alındı numarasını ve doğrulama kodunu yazın. Burada kişisel bilgi "
        "gösterilmez; yalnızca çıktının gerçek olup olmadığı söylenir.",
        "Type the receipt number and the verification code of the extract. No personal data are "
        "shown here; you are only told whether the extract is genuine.",
    ),
    "verify.button": Text("Doğrula", "Verify"),
    "verify.good": Text(
        "Bu alındı gerçek: aşağıdaki sorgu yapılmış ve kaydedilmiştir.",
        "This receipt is genuine: the query below was made and recorded.",
    ),
    "verify.compare": Text(
        "Çıktıdaki zaman, kurum, servis ve yanıt özeti bunlarla aynı olmalıdır.",
        "Time, institution, service and digest on the extract must be the same as these.",
    ),
    "verify.bad": Text(
        "Bu numara ve kodla bir alındı bulunamadı. Yazdıklarınızı çıktıyla karşılaştırın.",
        "There is no receipt with this number and code. Compare what you typed with the extract.",
    ),
    "verify.missing": Text(
        "Alındı numarasını ve doğrulama kodunu yazın.",
        "Type the receipt number and the verification code.",
    ),
}
