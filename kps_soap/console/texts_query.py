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
    "answer.photograph": Text(
        "Yanıttaki kişinin fotoğrafı", "Photograph of the person in the answer"
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
    # A receipt.
    "receipt.title": Text("Alındı getir", "Fetch a receipt"),
    "receipt.lead": Text(
        "Kurumunuzun bir sorgusunun alındısını numarasıyla getirin: imzalı belgesi ve mührünün "
        "kanıtıyla birlikte. Kimin sorulduğu burada gösterilmez; ücretsizdir.",
        "Fetch the receipt of one of your institution's queries by its number, with its signed "
        "document and the proof of its seal. It does not show who was asked about; it is free.",
    ),
    "receipt.hint": Text(
        "Çıktıda, sorgularım listesinde ya da yanıtın Alindi başlığında yazar.",
        "It stands on the extract, in the list of queries, or in the answer's Alindi header.",
    ),
    "receipt.button": Text("Alındıyı getir", "Fetch the receipt"),
    "receipt.missing": Text("Alındı numarasını yazın.", "Type the receipt number."),
    "receipt.mistyped": Text(
        "Bu bir alındı numarası değil ya da yanlış yazılmış; sonundaki iki rakam tutmuyor. "
        "Numarayı olduğu gibi, çizgileriyle yazın.",
        "This is no receipt number, or was mistyped: its last two digits do not fit. Type it as it "
        "is, with its hyphens.",
    ),
    "receipt.none": Text(
        "Kurumunuzun bu numarayla bir alındısı yok.",
        "Your institution has no receipt with this number.",
    ),
    "receipt.found": Text("Alındı {number}", "Receipt {number}"),
    "receipt.at": Text("Sorgu zamanı", "Time of the query"),
    "receipt.outcome": Text("Sonuç", "Outcome"),
    "receipt.answered": Text("yanıtlandı", "answered"),
    "receipt.refused": Text("reddedildi ({code})", "refused ({code})"),
    "receipt.question_digest": Text("İstek özeti (SHA-256)", "Digest of the question (SHA-256)"),
    "receipt.record_digest": Text("Kayıt özeti (SHA-256)", "Digest of the record (SHA-256)"),
    "receipt.signature": Text("İmza", "Signature"),
    "receipt.signature_good": Text(
        "geçerli: belge kapının anahtarıyla imzalanmış",
        "valid: the document is signed with the gateway's key",
    ),
    "receipt.signature_bad": Text(
        "DOĞRULANAMADI: bu belgeyi kullanmayın, işletmene bildirin",
        "NOT VERIFIED: do not use this document, and tell the operator",
    ),
    "receipt.seal": Text("Mühür", "Seal"),
    "receipt.sealed": Text(
        "{number} numaralı mührün altında; kanıtı doğrulandı",
        "under seal {number}; its proof was verified",
    ),
    "receipt.unsealed": Text(
        "henüz mühürlenmedi; birkaç dakika sonra yeniden getirin",
        "not sealed yet; fetch it again in a few minutes",
    ),
    "receipt.document": Text("İmzalı alındı belgesi (XML)", "Signed receipt (XML)"),
    "receipt.proof": Text("Mühür kanıtı (JSON)", "Proof of the seal (JSON)"),
    "receipt.answer": Text("İmzalı yanıtın tamamı (XML)", "The whole signed answer (XML)"),
    "receipt.verify": Text(
        "Bu dosyaları herkes, kapıya bağlanmadan doğrulayabilir: kps receipt verify DOSYA "
        "--certificate imza.pem --seal-certificate muhur.pem",
        "Anybody can verify these files without the gateway: kps receipt verify FILE "
        "--certificate signing.pem --seal-certificate seal.pem",
    ),
    # What the gateway knows of who asks.
    "information.title": Text("Erişim bilgim", "My access"),
    "information.lead": Text(
        "Kapı sizi böyle görüyor ve bugün bunlar size açık. Bu sayfa ücretsizdir.",
        "This is how the gateway sees you, and what is open to you today. This page is free.",
    ),
    "information.seen": Text("Kapının gördüğü", "What the gateway sees"),
    "information.time": Text("Kapının saati", "The gateway's time"),
    "information.address": Text("Görülen adres", "Address seen"),
    "information.account": Text("Hesap", "Account"),
    "information.agreement": Text("Anlaşma", "Agreement"),
    "information.granted": Text("Size açık servisler", "Services that are open to you"),
    "information.nothing": Text("Bugün açık bir servis yok.", "No service is open today."),
    "information.stage": Text("Aşama", "Stage"),
    "information.purposes": Text("Amaçlar", "Purposes"),
    "information.fields": Text("Alanlar ({count})", "Fields ({count})"),
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
