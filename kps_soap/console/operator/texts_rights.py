"""The texts of the pages about shares, special categories, seats, mandates and systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

_SHARES: Final[Mapping[str, Text]] = {
    "operator.share": Text("Yetki payı", "Share"),
    "operator.share.title": Text("Yetki payı: {name}", "Share: {name}"),
    "operator.share.whole": Text(
        "Bu kişi anlaşmanın verdiği her şeyi kullanabilir.",
        "This person may use all that the agreement grants.",
    ),
    "operator.share.some": Text(
        "Bu kişinin payı daraltılmış: yalnız aşağıda işaretli servisleri kullanabilir.",
        "This person's share is narrowed: only the services ticked below may be used.",
    ),
    "operator.share.nothing": Text(
        "Kurumun anlaşmasında daraltılabilecek servis yok.",
        "The institution's agreement has no service to narrow.",
    ),
    "operator.share.services": Text("Servisler", "Services"),
    "operator.share.theirs": Text("Payında", "Has it"),
    "operator.share.extent": Text("Ne kadarı", "How much of it"),
    "operator.share.stands.whole": Text("tümü", "all of it"),
    "operator.share.stands.part": Text("bir bölümü", "a part of it"),
    "operator.share.stands.none": Text("yok", "nothing"),
    "operator.share.part": Text(
        "amaç: {purposes}; alan: {count}", "purposes: {purposes}; fields: {count}"
    ),
    "operator.share.open": Text("Amaç ve alanlar", "Purposes and fields"),
    "operator.share.open_one": Text("{service}: amaç ve alanlar", "{service}: purposes and fields"),
    "operator.share.save": Text("Yalnız işaretlileri bırak", "Leave only what is ticked"),
    "operator.share.all": Text("Anlaşmanın tümünü ver", "Give all of the agreement"),
    "operator.share.saved": Text(
        "Yetki payı kaydedildi; bir sonraki çağrıda geçerlidir.",
        "The share is saved; it is in effect on the next call.",
    ),
    "operator.share.none_ticked": Text(
        "En az bir servis bırakın; kişi hiç sorgulamasın istiyorsanız bloke edin.",
        "Leave at least one service; block the person to let them ask nothing.",
    ),
    "operator.share.service_unknown": Text(
        "Kurumun anlaşmasında böyle bir servis ya da sürüm yok.",
        "The institution's agreement has no such service or version.",
    ),
    "operator.share.service_title": Text("Amaç ve alanlar: {service}", "Share of {service}"),
    "operator.share.service_lead": Text(
        "Yalnız işaretli amaçlar ve alanlar kalır. Tümü işaretliyse anlaşmada ne varsa odur. "
        "Öbür servisler olduğu gibi kalır.",
        "Only the ticked purposes and fields stay. If all are ticked it is whatever the agreement "
        "grants. The other services stay as they are.",
    ),
    "operator.share.every_version": Text("Her sürüm", "Every version"),
    "operator.share.too_many": Text(
        "Bütün sürümlerin alanları tek forma sığmıyor; yukarıdan bir sürüm seçin.",
        "The fields of all versions are too many for one form; choose a version above.",
    ),
    "operator.share.top": Text("Kaydın kendisi", "The record itself"),
    "operator.share.no_purpose": Text("En az bir amaç bırakın.", "Leave at least one purpose."),
    "operator.share.no_field": Text("En az bir alan bırakın.", "Leave at least one field."),
    "operator.share.special_lead": Text(
        "Özel nitelikli alanlar ancak dört göz onayıyla görünür.",
        "Fields of a special category are shown only after four eyes allowed it.",
    ),
    "operator.share.back": Text("Yetki payına dön", "Back to the share"),
    "operator.special": Text("Özel nitelikli veriler", "Special categories"),
    "operator.special.short": Text("özel nitelikli", "special category"),
    "operator.special.title": Text("Özel nitelikli veriler: {name}", "Special categories: {name}"),
    "operator.special.lead": Text(
        "Anlaşma verse de kayıtlı bir kişi bu alanları ancak biri ister, bir başkası onaylarsa "
        "görür. Geri almak için bir kişi yeter.",
        "Whatever the agreement grants, a registered person sees these fields only if one asks for "
        "it and another approves. One is enough to take it away.",
    ),
    "operator.special.nothing": Text(
        "Kurumun anlaşması özel nitelikli alan vermiyor.",
        "The institution's agreement grants no special category.",
    ),
    "operator.special.paths": Text("Alanlar", "Fields"),
    "operator.special.choose": Text("Servis seçin", "Choose a service"),
    "operator.special.which": Text(
        "Bu iş için uygun bir servis seçin.", "Choose a service for which this can be done."
    ),
    "operator.special.reason_hint": Text(
        "Karar verecek kişi bunu okur; iz kaydında saklanır.",
        "Whoever decides reads it; it is kept in the evidence.",
    ),
    "operator.special.ask": Text("Onay iste", "Ask for approval"),
    "operator.special.ask_lead": Text(
        "Bir başkası onaylayana dek hiçbir şey değişmez.",
        "Nothing changes until somebody else approves.",
    ),
    "operator.special.ask_done": Text(
        "İstek kaydedildi; bir başkasının onayını bekliyor.",
        "The request is noted; it waits for somebody else's approval.",
    ),
    "operator.special.withdraw": Text("Yetkiyi geri al", "Take it away"),
    "operator.special.withdraw_lead": Text(
        "Bir sonraki çağrıda geçerlidir.", "In effect on the next call."
    ),
    "operator.special.withdraw_done": Text("Yetki geri alındı.", "It is taken away."),
    "operator.special.allowed": Text("görebilir", "may see them"),
    "operator.special.none": Text("göremez", "may not see them"),
    "operator.special.BEKLIYOR": Text("onay bekliyor", "waits for approval"),
    "operator.special.RED": Text("göremez; istek reddedildi", "may not; the request was refused"),
    "operator.special.SURESI_DOLDU": Text(
        "göremez; isteğin süresi doldu", "may not; the request lapsed"
    ),
    "operator.approval.state.BEKLIYOR": Text("bekliyor", "waits"),
    "operator.approval.state.ONAY": Text("onaylandı", "approved"),
    "operator.approval.state.RED": Text("reddedildi", "refused"),
    "operator.approval.state.SURESI_DOLDU": Text("süresi doldu", "lapsed"),
    "operator.approval.decided": Text("karar: {by}, {at}", "decided: {by}, {at}"),
    "operator.approval.number": Text("No", "Number"),
    "operator.approval.what": Text("İstenen", "What is asked for"),
    "operator.approval.asked_by": Text("İsteyen", "Asked by"),
    "operator.approvals.decided": Text("Sonuçlananlar", "Decided"),
    "operator.people.ask_unblock": Text(
        "Merkezden blokeyi kaldırmasını iste", "Ask the centre to lift its block"
    ),
    "operator.people.ask_unblock_lead": Text(
        "Blokeyi merkez koymuş; kaldırmaya da merkez karar verir.",
        "The centre blocked this person, and the centre decides about it.",
    ),
    "operator.people.ask_unblock_done": Text(
        "İstek merkeze iletildi.", "The request waits for the centre."
    ),
}

_OFFICE: Final[Mapping[str, Text]] = {
    "operator.menu.seats": Text("Kontenjanlar", "Seats"),
    "operator.seats": Text("Kontenjanlar", "Seats"),
    "operator.seats.lead": Text(
        "Bir kurumda ya da biriminde en çok kaç kişi tanımlanabileceğini merkez belirler. "
        "Ayrılanlar sayılmaz; sınır düşürülürse tanımlı olanlar kalır.",
        "The centre says how many people an institution or one of its units may have. Whoever has "
        "left is not counted; those who are there stay when a limit gets lower.",
    ),
    "operator.seats.all_units": Text("Kurumun tümü", "The whole institution"),
    "operator.seats.taken": Text("Dolu", "Taken"),
    "operator.seats.most": Text("En çok", "At most"),
    "operator.seats.most_hint": Text("0 ile 100000 arasında.", "From 0 to 100000."),
    "operator.seats.none": Text("Bu kurumda sınır yok.", "There is no limit here."),
    "operator.seats.set": Text("Sınır koy ya da değiştir", "Set or change a limit"),
    "operator.seats.unit_hint": Text(
        "Boş bırakılırsa kurumun tümü.", "The whole institution if left empty."
    ),
    "operator.seats.change": Text("Değiştir", "Change"),
    "operator.seats.change_one": Text("{unit}: değiştir", "{unit}: change"),
    "operator.seats.another": Text("Başka kurum", "Another institution"),
    "operator.seats.saved": Text("Kontenjan kaydedildi.", "The limit is saved."),
    "operator.menu.mandates": Text("Firma vekâletleri", "Vendors' mandates"),
    "operator.mandates": Text("Firma vekâletleri", "Vendors' mandates"),
    "operator.mandates.lead": Text(
        "Bir firmanın ya da birliğin hesabı, belirli günlerde ve belirli ağlardan bir kurum adına "
        "sorgular. Bir hesap yalnız bir kurum adına çalışır.",
        "An account of a vendor or an association asks for an institution, on certain days and "
        "from certain networks. One account acts for one institution only.",
    ),
    "operator.mandate.new": Text("Vekâlet ver", "Give a mandate"),
    "operator.mandate.first": Text(
        "Önce kurumu seçin; servisler onun anlaşmasından gelir.",
        "Choose the institution first; the services are those of its agreement.",
    ),
    "operator.mandate.go_on": Text("Devam", "Go on"),
    "operator.mandate.for": Text("Adına sorgulanacak kurum: {name}", "It asks for: {name}"),
    "operator.mandate.vendor": Text("Firma", "Vendor"),
    "operator.mandate.account": Text("Firmanın hesabı", "The vendor's account"),
    "operator.mandate.account_hint": Text(
        "FIRMA-001 gibi; hiçbir anlaşmada geçmeyen bir ad. Parolasını kurum hesaplarından verin.",
        "Such as FIRMA-001; a name that no agreement has. Give its password at the accounts.",
    ),
    "operator.mandate.networks": Text("Ağlar", "Networks"),
    "operator.mandate.networks_hint": Text(
        "Her satıra bir ağ, 203.0.113.10/32 gibi.", "One a line, such as 203.0.113.10/32."
    ),
    "operator.mandate.services": Text("Servisler", "Services"),
    "operator.mandate.services_hint": Text(
        "Hiçbiri işaretlenmezse anlaşmanın bütün servisleri.",
        "All services of the agreement if none is ticked.",
    ),
    "operator.mandate.every_service": Text(
        "anlaşmanın bütün servisleri", "all services of the agreement"
    ),
    "operator.mandate.give": Text("Vekâleti ver", "Give the mandate"),
    "operator.mandate.given": Text(
        "Vekâlet verildi. Hesabın parolası yoksa kurum hesaplarından verin.",
        "The mandate is given. If its account has no password, give one at the accounts.",
    ),
    "operator.mandate.title": Text("Vekâlet {number}", "Mandate {number}"),
    "operator.mandate.number": Text("No", "Number"),
    "operator.mandate.days": Text("Günler", "Days"),
    "operator.mandate.ended_on": Text("Sona erdirildi", "Ended on"),
    "operator.mandate.holds": Text("geçerli", "holds"),
    "operator.mandate.later": Text("başlamadı", "has not begun"),
    "operator.mandate.over": Text("süresi doldu", "is over"),
    "operator.mandate.was_ended": Text("sona erdirildi", "was ended"),
    "operator.mandate.end": Text("Vekâleti sona erdir", "End the mandate"),
    "operator.mandate.end_lead": Text(
        "Bir sonraki çağrı reddedilir. Geri alınamaz; gerekirse yeni vekâlet verilir.",
        "The next call is refused. It cannot be undone; give a new mandate if needed.",
    ),
    "operator.mandate.ended": Text("Vekâlet sona erdirildi.", "The mandate is ended."),
    "operator.mandate.unknown": Text("Böyle bir vekâlet yok.", "There is no such mandate."),
    "operator.menu.systems": Text("Sistemler", "Systems"),
    "operator.systems": Text("Sistemler", "Systems"),
    "operator.systems.lead": Text(
        "Kurumların sorgulayan yazılımları. Bu bir kütüktür; hiçbir çağrı bu yüzden reddedilmez.",
        "The software that calls for institutions. It is a register; no call is refused for it.",
    ),
    "operator.system.new": Text("Sistem kaydet", "Register a system"),
    "operator.system.add": Text("Kaydet", "Register"),
    "operator.system.added": Text("Sistem kaydedildi.", "The system is registered."),
    "operator.system.vendor": Text("Üretici", "Vendor"),
    "operator.system.product": Text("Ürün", "Product"),
    "operator.system.change": Text("Sürümü ya da bitişi yaz", "Note a version or its end"),
    "operator.system.until_hint": Text(
        "Kullanımdan kalktığı gün; boş bırakılırsa değişmez.",
        "The last day of use; unchanged if left empty.",
    ),
    "operator.system.changed": Text("Sistem güncellendi.", "The system is changed."),
    "operator.system.unknown": Text("Böyle bir sistem yok.", "There is no such system."),
    "operator.people.import": Text("Tablodan ekle", "Add from a table"),
    "operator.import.lead": Text(
        "CSV tablosunu yapıştırın. Ya hepsi eklenir ya hiçbiri; yanlışlar satır numarasıyla "
        "söylenir.",
        "Paste a CSV table. All are added, or none; what is wrong is told with its line.",
    ),
    "operator.import.columns": Text(
        "İlk satır sütun adlarıdır. Gerekli: {needed}. İsteğe bağlı: {optional}. Roller boşlukla "
        "ayrılır.",
        "The first line names the columns. Needed: {needed}. Optional: {optional}. Blanks part "
        "the roles.",
    ),
    "operator.import.table": Text("Tablo (CSV)", "Table (CSV)"),
    "operator.import.missing": Text(
        "Tabloyu, en az bir kişiyle, yapıştırın.", "Paste the table, with one person at least."
    ),
    "operator.import.wrong": Text(
        "Tabloda {count} yanlış var; hiç kimse eklenmedi.",
        "There are {count} mistakes in the table; nobody was added.",
    ),
    "operator.import.cut": Text(
        "Yalnız ilkleri gösteriliyor; bunları düzeltip yeniden deneyin.",
        "Only the first are shown; mend these and try again.",
    ),
    "operator.import.add": Text("Hepsini ekle", "Add all"),
    "operator.import.done": Text("{count} kişi eklendi.", "{count} people are added."),
    "operator.wrong.institution": Text(
        "Bu kodla yürürlükte anlaşması olan kurum yok.",
        "No agreement in force is with an institution of this code.",
    ),
    "operator.wrong.institution_near": Text(
        "Bu kodla yürürlükte anlaşması olan kurum yok. {near} mi demek istediniz?",
        "No agreement in force is with an institution of this code. Did you mean {near}?",
    ),
    "operator.wrong.institution_missing": Text("Kurum kodunu yazın.", "Name an institution."),
    "operator.wrong.count": Text("Bir sayı yazın, örneğin 20.", "Give a number, such as 20."),
    "operator.wrong.day_missing": Text("Bir gün yazın.", "Give a day."),
}

TEXTS: Final[Mapping[str, Text]] = {**_SHARES, **_OFFICE}
