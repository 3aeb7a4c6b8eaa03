"""The texts of "why was this allowed or refused then", and of agreement files on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

_PAGE: Final[Mapping[str, Text]] = {
    "operator.menu.why": Text("Neden böyle oldu?", "Why was it so?"),
    "operator.why": Text("Neden izin verildi ya da reddedildi?", "Why was it allowed or refused?"),
    "operator.why.lead": Text(
        "O günün kayıtları, anlaşmanın o günkü metni, uygulanan kurallar ve dayandıkları maddeler. "
        "Böyle bir çağrı yoksa, yapılsaydı ne olacağı söylenir.",
        "The records of that day, the agreement's words of that day, the rules and the articles "
        "behind them. Where there is no such call, what would have become of one.",
    ),
    "operator.why.time": Text("Saat", "Time of day"),
    "operator.why.time_hint": Text("Boş bırakılırsa bütün gün.", "The whole day if left empty."),
    "operator.why.within": Text("Saatten önce ve sonra (dakika)", "Minutes around the time"),
    "operator.why.purpose_hint": Text(
        "Yalnız yapılmamış bir çağrı için.", "Only for a call that nobody made."
    ),
    "operator.why.explain": Text("Açıkla", "Explain"),
    "operator.why.cut": Text(
        "Yalnız en yenileri gösteriliyor; saati daraltın.",
        "Only the newest are shown; narrow the time.",
    ),
    "operator.why.allowed": Text("izin verildi", "allowed"),
    "operator.why.refused": Text("reddedildi", "refused"),
    "operator.why.nobody": Text(
        "böyle bir çağrı kayıtlı değil; yapılsaydı sonucu bu olurdu",
        "no such call is on record; this would have become of it",
    ),
    "operator.why.file_digest": Text("Dosyanın özeti (SHA-256)", "Digest of the file (SHA-256)"),
    "operator.why.set": Text("Sürüm ve küme", "Version and set"),
    "operator.why.rules": Text("Kurallar", "Rules"),
    "operator.why.rule": Text("Kural", "Rule"),
    "operator.why.article": Text("Madde", "Article"),
    "operator.why.yes": Text("uygun", "yes"),
    "operator.why.no": Text("uygun değil", "no"),
    "operator.why.disagrees": Text(
        "Kurallar şimdi başka bir sonuç veriyor; yeni bir sürüm bir saniye içinde devreye girer.",
        "The rules come to another result now; a version is taken within a second.",
    ),
    "operator.wrong.service": Text("Listeden bir servis seçin.", "Choose a service of the list."),
    "operator.wrong.version": Text(
        "Bu servisin böyle bir sürümü yok.", "The service has no such version."
    ),
    "operator.wrong.time": Text("Saati 14:30 gibi yazın.", "Write a time like 14:30."),
    "operator.wrong.minutes": Text(
        "0 ile 1440 arasında bir sayı yazın.", "Give a number from 0 to 1440."
    ),
}

_RULES: Final[Mapping[str, Text]] = {
    "operator.rule.in_force": Text("Yürürlük", "In force"),
    "operator.rule.network": Text("Ağ", "Network"),
    "operator.rule.door": Text("Kapı", "Door"),
    "operator.rule.service_and_stage": Text("Servis ve aşama", "Service and stage"),
    "operator.rule.address": Text("Adres hakkı", "Right to addresses"),
    "operator.rule.inquirer": Text("Sorgulayan", "Inquirer"),
    "operator.rule.pilot": Text("Pilot", "Pilot"),
    "operator.rule.purpose": Text("Amaç", "Purpose"),
    "operator.rule.case_number": Text("Dosya numarası", "Case number"),
    "operator.rule.fields": Text("Alanlar", "Fields"),
    "operator.rule.special_categories": Text("Özel nitelikli veri", "Special categories"),
    "operator.rule.criteria": Text("Ölçüt sayısı", "Criteria"),
    "operator.rule.quota": Text("Kota", "Quota"),
    "operator.rule.roster": Text("Kişi listesi", "Roster"),
    "operator.rule.version": Text("Sürüm", "Version"),
    "operator.rule.criterion": Text("Ölçüt", "Criterion"),
}

_SENTENCES: Final[Mapping[str, Text]] = {
    "operator.why.in_force": Text(
        "durum {a}, {b} – {c} arasında geçerli", "state {a}, valid {b} to {c}"
    ),
    "operator.why.suspended": Text(
        "{a}: {b} günü komutla askıya alındı", "{a}: it was suspended by command on {b}"
    ),
    "operator.why.state": Text("{a}: durumu {b}", "{a}: its state is {b}"),
    "operator.why.valid_from": Text("{a}: {b} gününden geçerli", "{a}: it is valid from {b}"),
    "operator.why.ended": Text("{a}: {b} günü sona erdi", "{a}: it ended on {b}"),
    "operator.why.renewal": Text(
        "{a}: {b} gününe dek yenileme başlatılmadı", "{a}: no renewal was started until {b}"
    ),
    "operator.why.security": Text(
        "{a}: {b} güvenlik profili {c} günü sona erdi", "{a}: its security profile {b} ended on {c}"
    ),
    "operator.why.address_unknown": Text(
        "kaynak adresi bilinmiyor", "the source address is unknown"
    ),
    "operator.why.network": Text(
        "kaynak adresi anlaşmanın ağlarından hiçbirinde değil",
        "the source address is in none of the agreement's networks",
    ),
    "operator.why.door": Text(
        "anlaşma {a} kapısını açmıyor", "the agreement does not open the door {a}"
    ),
    "operator.why.not_in_agreement": Text("{a} anlaşmada yok", "{a} is not in the agreement"),
    "operator.why.stage": Text("{a}, {b} aşamasında", "{a} in stage {b}"),
    "operator.why.open": Text(
        "anlaşması olan her hesaba açık", "open to every account with an agreement"
    ),
    "operator.why.bulk": Text(
        "{a} kişi listeler; toplu sorgu dayanağı yok (Md. 45/2)",
        "{a} lists persons and has no bulk_basis (Art. 45/2)",
    ),
    "operator.why.pilot_ended": Text("{a}: pilotu {b} günü bitti", "{a}: its PILOT ended on {b}"),
    "operator.why.pilot_list": Text(
        "{a}: sorgulayan pilot listesinde değil",
        "{a}: the inquirer is not on the list of its PILOT",
    ),
    "operator.why.no_purpose": Text(
        "amaç gönderilmedi; anlaşmada varsayılan amaç yok",
        "no purpose was sent, and the agreement has no default",
    ),
    "operator.why.purpose": Text(
        "amaç, servise verilenlerden değil", "the purpose is not one of the granted service"
    ),
    "operator.why.no_inquirer": Text(
        "sorgulayan gönderilmedi; anlaşma istiyor",
        "no inquirer was sent, and the agreement demands one",
    ),
    "operator.why.inquirer_form": Text(
        "sorgulayan 1-64 yazılabilir karakter değil",
        "the inquirer is not 1 to 64 printable characters",
    ),
    "operator.why.inquirer": Text(
        "sorgulayan anlaşmada kayıtlı değil", "the inquirer is not registered in the agreement"
    ),
    "operator.why.any_inquirer": Text("kurumun bildirdiği herkes", "any the institution names"),
    "operator.why.no_case_number": Text(
        "dosya numarası gönderilmedi; anlaşma istiyor",
        "no case number was sent, and the agreement demands one",
    ),
    "operator.why.case_number_form": Text(
        "dosya numarası 1-64 yazılabilir karakter değil",
        "the case number is not 1 to 64 printable characters",
    ),
    "operator.why.demanded": Text("anlaşma istiyor", "demanded by the agreement"),
    "operator.why.criteria": Text("{a} ölçüt; en çok {b}", "{a} criteria, at most {b}"),
    "operator.why.address": Text(
        "{a}, {b} günü adres alabilir ({c})", "{a} may receive addresses on {b} ({c})"
    ),
    "operator.why.no_address": Text(
        "{a}, {b} günü adres alamaz ({c})", "{a} may not receive addresses on {b} ({c})"
    ),
    "operator.why.fields": Text(
        "verilen: {a}; verilmeyen alan sayısı: {b} (özet {c})",
        "gives {a}; withholds {b} (digest {c})",
    ),
    "operator.why.calls_per_second": Text("saniyedeki çağrı sınırı", "calls per second"),
    "operator.why.calls_of_pilot": Text("pilotun günlük çağrı sınırı", "calls a day of a PILOT"),
    "operator.why.roster": Text("{a}: listede olmayan bir kişi", "{a}: a person was not on it"),
    "operator.why.withdrawn": Text(
        "{a}, {b} gününden sonra kaldırıldı", "{a} was withdrawn after {b}"
    ),
    "operator.why.no_agreement_named": Text(
        "kayıtta bir anlaşma adı yok", "no agreement is named in the record"
    ),
    "operator.why.no_set": Text(
        "o an yürürlükte anlaşma kümesi yoktu", "no agreement set was in force at that time"
    ),
    "operator.why.no_agreement": Text(
        "kurumun o an anlaşması yoktu", "the institution had no agreement at that time"
    ),
    "operator.why.not_archived": Text(
        "o günkü anlaşma dosyası arşivde yok",
        "the agreement file of that time is not in the archive",
    ),
    "operator.why.public_file": Text(
        "açık kapının dosyası kişi verisi vermez", "the public door's file grants no persons"
    ),
}

_FILES: Final[Mapping[str, Text]] = {
    "operator.agreement.edited": Text(
        "Aşamalar ve alanlar anlaşma dosyasında değiştirilir; yürürlüğe koymak için:",
        "Stages and fields are changed in the agreement file; to put it in force:",
    ),
    "operator.menu.files": Text("Anlaşma dosyaları", "Agreement files"),
    "operator.files": Text("Anlaşma dosyaları", "Agreement files"),
    "operator.files.lead": Text(
        "Bu makinenin dizinindeki dosyalar yürürlükteki kümeyle karşılaştırılır. Servis aşamaları "
        "(KAPALI, TEST, PILOT, ACIK, ASKIDA) ve durumlar dosyalarda değiştirilir; burada ne "
        "değişeceği söylenir ve yürürlüğe konur.",
        "The files of this machine's directory beside the set in force. Stages of services "
        "(KAPALI, TEST, PILOT, ACIK, ASKIDA) and states are changed in the files; here it is told "
        "what will change, and it is put in force.",
    ),
    "operator.files.same": Text(
        "Dizin, yürürlükteki kümenin aynısı.", "The directory is the same as the set in force."
    ),
    "operator.files.wrong": Text(
        "Dosyalarda yanlış var; düzeltilene dek yürürlüğe konmaz. Yürürlükteki küme kalır.",
        "The files have mistakes; they are not put in force until they are mended. The set in "
        "force stays.",
    ),
    "operator.files.problems": Text("Dosyalardaki yanlışlar", "Mistakes in the files"),
    "operator.files.changes": Text("Yürürlüğe konursa", "If it is put in force"),
    "operator.files.load": Text("Yürürlüğe koy", "Put in force"),
    "operator.files.load_lead": Text(
        "Hiçbir çağrı kesilmeden bütün ağ geçitlerinde geçerli olur.",
        "It is in force in every gateway, without a dropped call.",
    ),
    "operator.files.loaded": Text(
        "Dizindeki dosyalar yürürlüğe kondu.", "The files of the directory are in force."
    ),
    "operator.files.directory": Text("Dizindeki küme", "Set of the directory"),
    "operator.files.in_force": Text("Yürürlükteki küme", "Set in force"),
    "operator.files.none": Text("yok", "none"),
    "operator.files.workers": Text("Çalışan süreçler", "Living workers"),
    "operator.files.worker": Text("Süreç", "Worker"),
    "operator.files.number": Text("Çalıştırdığı sürüm", "Version that it runs"),
    "operator.files.runs": Text("güncel", "current"),
    "operator.files.behind": Text("geride", "behind"),
    "operator.files.more": Text(
        "{count} anlaşma daha değişecek.", "{count} more agreements will change."
    ),
    "operator.files.suspended": Text(
        "{number} komutla askıda; askıdan kaldırılana dek öyle kalır.",
        "{number} is suspended by command and stays so until it is resumed.",
    ),
    "operator.files.left_out": Text(
        "İmzadan sonra eklenen alanlar", "Fields newer than the signature"
    ),
    "operator.files.left_out_one": Text(
        "{agreement}: {service} {version}: {path} sözleşmeye {since} günü eklendi; adıyla "
        "yazılana dek verilmez.",
        "{agreement}: {service} {version}: {path} is in the contract since {since}, and withheld "
        "until it is named.",
    ),
}

TEXTS: Final[Mapping[str, Text]] = {**_PAGE, **_RULES, **_SENTENCES, **_FILES}
