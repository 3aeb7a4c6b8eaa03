"""The texts of the pages about people: who may work here, and what waits for a second pair of eyes.

Problems that the rules of people find bring their own sentences.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

TEXTS: Final[Mapping[str, Text]] = {
    "operator.menu.people": Text("Kişiler", "People"),
    "operator.menu.own_people": Text("Kurumun kişileri", "People of the institution"),
    "operator.menu.approvals": Text("Onay bekleyenler", "Waiting for approval"),
    "operator.people": Text("Kişiler", "People"),
    "operator.people.words": Text("Ad, kullanıcı kimliği ya da birim", "Name, user id or unit"),
    "operator.people.more": Text("Sonrakiler", "More"),
    "operator.people.new": Text("Kişi ekle", "Add a person"),
    "operator.people.add": Text("Ekle", "Add"),
    "operator.people.added": Text(
        "Kişi eklendi. Oturum açması için bir kullanımlık parola verin.",
        "The person is added. Give a one-time password to let them sign in.",
    ),
    "operator.people.name": Text("Ad soyad", "Name"),
    "operator.people.id": Text("Kullanıcı kimliği", "User id"),
    "operator.people.id_hint": Text(
        "3-64 karakter: a-z, 0-9, nokta, alt çizgi, tire, @. Sonradan değişmez.",
        "3 to 64 characters: a-z, 0-9, dot, underscore, hyphen, @. It never changes.",
    ),
    "operator.people.institution_hint": Text(
        "Merkezde çalışan biri için boş bırakın.", "Leave it empty for somebody of the centre."
    ),
    "operator.people.unit": Text("Birim", "Unit"),
    "operator.people.roles": Text("Roller", "Roles"),
    "operator.people.valid_from": Text("İlk gün", "First day"),
    "operator.people.valid_from_hint": Text("Boş bırakılırsa bugün.", "Today if left empty."),
    "operator.people.valid_until_hint": Text(
        "Boş bırakılırsa süresiz.", "Without an end if left empty."
    ),
    "operator.people.valid_until": Text("Son gün", "Last day"),
    "operator.people.deputy_for": Text("Kime vekâlet ediyor", "Stands in for"),
    "operator.people.deputy_hint": Text("O kişinin kullanıcı kimliği.", "That person's user id."),
    "operator.people.deputy_until": Text("Vekâletin son günü", "Last day of standing in"),
    "operator.people.deputy_until_hint": Text(
        "Vekâlet varsa zorunlu.", "Required where somebody stands in."
    ),
    "operator.people.edit": Text("Bilgileri düzenle", "Edit"),
    "operator.people.edit_title": Text("Düzenle: {name}", "Edit: {name}"),
    "operator.people.save": Text("Kaydet", "Save"),
    "operator.people.changed": Text("Bilgiler kaydedildi.", "The data are saved."),
    "operator.person_unknown": Text("Böyle bir kişi yok.", "There is no such person."),
    "operator.people.out_of_days": Text("süresi dışında", "outside the days"),
    "operator.people.itself": Text(
        "Kimse kendi kaydını ve yetkisini değiştiremez.",
        "Nobody changes their own record and rights.",
    ),
    "operator.people.password_state": Text("Parola", "Password"),
    "operator.people.password_none": Text("yok", "none"),
    "operator.people.password_once": Text("bir kullanımlık", "one-time"),
    "operator.people.password_own": Text("kendi parolası", "own password"),
    "operator.people.codes": Text("Doğrulama kodu kurulu", "Verification code set up"),
    "operator.people.narrowings": Text("Yetki daraltmaları", "Narrowings"),
    "operator.people.acts": Text("İşlemler", "Acts"),
    "operator.people.on": Text("Ayrılık günü", "Day of leaving"),
    "operator.people.on_back": Text("Son gün", "Last day"),
    "operator.people.password": Text("Bir kullanımlık parola ver", "Give a one-time password"),
    "operator.people.password_lead": Text(
        "Açık oturumlar biter; ilk girişte değiştirilir.",
        "Open sessions end; it is changed at the first sign-in.",
    ),
    "operator.people.password_and_code": Text(
        "Parola ver, doğrulama kodunu sıfırla", "Give a password, reset the code"
    ),
    "operator.people.password_and_code_lead": Text(
        "Doğrulama uygulamasını yitiren kişi için.",
        "For somebody who has lost the authenticator.",
    ),
    "operator.people.password_title": Text(
        "Bir kullanımlık parola: {name}", "One-time password: {name}"
    ),
    "operator.people.password_once_lead": Text(
        "Bu parola bir daha gösterilmez. Kişiye güvenli bir yoldan iletin; ilk girişte değiştirir.",
        "This password is not shown again. Hand it over in a safe way; it is changed at the first "
        "sign-in.",
    ),
    "operator.people.back": Text("Kişiye dön", "Back to the person"),
    "operator.people.block_lead": Text(
        "Bir sonraki çağrıda ve sayfada geçerlidir.", "In effect on the next call and page."
    ),
    "operator.people.block_done": Text("Kişi bloke edildi.", "The person is blocked."),
    "operator.people.unblock_done": Text("Kişi yeniden açık.", "The person is open again."),
    "operator.people.leave": Text("Ayrıldı olarak işaretle", "Mark as having left"),
    "operator.people.leave_lead": Text(
        "Gün verilmezse hemen: oturumları biter, parolası silinir.",
        "At once without a day: sessions end and the password goes.",
    ),
    "operator.people.leave_done": Text("Ayrılık kaydedildi.", "The leaving is noted."),
    "operator.people.reactivate": Text("Yeniden başlat", "Take back"),
    "operator.people.reactivate_lead": Text(
        "Bugünden başlar; parolası ve doğrulama kodu olmaz.",
        "From today on, without password and code.",
    ),
    "operator.people.reactivate_done": Text("Kişi yeniden başlatıldı.", "The person is back."),
    "operator.people.state.ACIK": Text("açık", "open"),
    "operator.people.state.BLOKE": Text("bloke", "blocked"),
    "operator.people.state.AYRILDI": Text("ayrıldı", "has left"),
    "operator.role.MERKEZ": Text("Merkez işletmeni", "Operator of the centre"),
    "operator.role.IDARI": Text("İdari kullanıcı", "Administrator"),
    "operator.role.TEKNIK": Text("Teknik kullanıcı", "Technician"),
    "operator.role.ALT_KULLANICI": Text("Sorgu kullanıcısı", "User who queries"),
    "operator.role.DENETCI": Text("Denetçi", "Auditor"),
    "operator.role.SISTEM": Text("Sistem (oturum açmaz)", "System (no sign-in)"),
    "operator.role.CIHAZ": Text("Cihaz (oturum açmaz)", "Device (no sign-in)"),
    "operator.approvals": Text("Onay bekleyenler", "Waiting for approval"),
    "operator.approvals.lead": Text(
        "İsteyen ya da ilgili kişi onaylayamaz. On dört gün içinde karar verilmeyen istek düşer.",
        "Who asked, or whom it concerns, cannot approve. What nobody decides lapses after fourteen "
        "days.",
    ),
    "operator.approvals.none": Text("Bekleyen istek yok.", "Nothing waits."),
    "operator.approval.kind.OZEL_NITELIKLI": Text(
        "Özel nitelikli alanlar", "Fields of a special category"
    ),
    "operator.approval.kind.MERKEZ_BLOKE_KALDIRMA": Text(
        "Merkez blokesinin kaldırılması", "Lifting a block of the centre"
    ),
    "operator.approval.asked": Text(
        "{by}, {at}. Gerekçe: {reason}", "{by}, {at}. Reason: {reason}"
    ),
    "operator.approval.another": Text(
        "Bu isteği başka biri onaylamalı; siz yalnızca geri çekebilirsiniz.",
        "Somebody else must approve this; you can only take it back.",
    ),
    "operator.approval.approve": Text("Onayla", "Approve"),
    "operator.approval.refuse": Text("Reddet", "Refuse"),
    "operator.approval.approve_done": Text("İstek onaylandı.", "The request is approved."),
    "operator.approval.refuse_done": Text("İstek reddedildi.", "The request is refused."),
}
