"""The console's texts: frame, navigation, signing in, and why something was not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kps_soap.console.wording import Text

TEXTS: Final[Mapping[str, Text]] = {
    # The frame.
    "frame.product": Text("Kimlik Paylaşım Kapısı", "Identity Sharing Gateway"),
    "frame.skip": Text("İçeriğe geç", "Skip to content"),
    "frame.menu": Text("Sayfalar", "Pages"),
    "frame.language": Text("Dil", "Language"),
    "frame.synthetic": Text(
        "Bu kurulumdaki kişilerin tümü uydurmadır (SENTETİK).",
        "Every person in this installation is invented (SYNTHETIC).",
    ),
    "frame.sign_out": Text("Oturumu kapat", "Sign out"),
    "frame.signed_in_as": Text("Oturum açan", "Signed in as"),
    "frame.centre": Text("Merkez", "Centre"),
    "frame.recorded": Text(
        "Burada yapılan her sorgu ve işlem iz kaydına yazılır.",
        "Every query and act made here is recorded as evidence.",
    ),
    "frame.errors_title": Text("Formda düzeltilecekler var", "Some things need correcting"),
    "frame.required": Text("zorunlu", "required"),
    "frame.optional": Text("isteğe bağlı", "optional"),
    "frame.back": Text("Ana sayfaya dön", "Back to the front page"),
    "frame.yes": Text("evet", "yes"),
    "frame.no": Text("hayır", "no"),
    # Navigation.
    "menu.front": Text("Ana sayfa", "Front page"),
    "menu.sorgu": Text("Sorgu", "Queries"),
    "menu.query": Text("Sorgula", "Query"),
    "menu.receipt": Text("Alındı getir", "Fetch a receipt"),
    "menu.information": Text("Erişim bilgim", "My access"),
    "menu.history": Text("Sorgularım", "My queries"),
    "menu.institution_history": Text("Kurumun sorguları", "Our queries"),
    "menu.kurum": Text("Kurumum", "My institution"),
    "menu.isletme": Text("İşletme", "Operation"),
    "menu.own": Text("Hesabım", "My account"),
    "menu.password": Text("Parola değiştir", "Change password"),
    # Signing in.
    "sign_in.title": Text("Oturum aç", "Sign in"),
    "sign_in.lead": Text(
        "Kurum kullanıcıları ve işletmenler için.", "For users of institutions and operators."
    ),
    "sign_in.id": Text("Kullanıcı kimliği", "User id"),
    "sign_in.password": Text("Parola", "Password"),
    "sign_in.code": Text("Doğrulama kodu", "Verification code"),
    "sign_in.code_hint": Text(
        "Doğrulama uygulamanızdaki 6 rakam, her girişte. Kodu henüz kurmadıysanız boş bırakın.",
        "The 6 digits from your authenticator app, every time. Leave it empty only if you have "
        "not set it up yet.",
    ),
    "sign_in.button": Text("Oturum aç", "Sign in"),
    "sign_in.wrong": Text(
        "Bilgiler doğrulanamadı. Kullanıcı kimliği, parola ya da kod yanlış veya eksik olabilir; "
        "kod süresi geçmiş ya da kullanılmış olabilir. Üçünü de, uygulamanın gösterdiği yeni "
        "kodla birlikte yeniden yazın. Art arda beş yanlıştan sonra hesap 15 dakika kapanır.",
        "These could not be verified. The user id, the password or the code may be wrong or "
        "missing, or the code too old or used. Type all three again, with the new code that your "
        "app shows. After five wrong ones in a row the account is shut for 15 minutes.",
    ),
    "sign_in.id_missing": Text("Kullanıcı kimliğinizi yazın.", "Type your user id."),
    "sign_in.password_missing": Text("Parolanızı yazın.", "Type your password."),
    "sign_in.too_many": Text(
        "Bu adresten çok sayıda yanlış giriş yapıldı. {minutes} dakika sonra yeniden deneyin.",
        "Too many wrong sign-ins came from this address. Try again in {minutes} minutes.",
    ),
    "sign_in.help": Text(
        "Parolanızı unuttuysanız kurumunuzun idari kullanıcısına başvurun.",
        "If you have forgotten your password, ask your institution's administrator.",
    ),
    # The code of an authenticator app.
    "code.title": Text("Doğrulama kodunu kur", "Set up the verification code"),
    "code.lead": Text(
        "Hesabınız paroladan başka, telefonunuzdaki bir doğrulama uygulamasının ürettiği kodla "
        "korunur. Bunu bir kez kurarsınız.",
        "Beside the password, your account is protected by a code that an authenticator app on "
        "your phone makes. You set this up once.",
    ),
    "code.step_scan": Text(
        "Doğrulama uygulamanızla bu karekodu okutun.", "Scan this code with your authenticator app."
    ),
    "code.step_type": Text(
        "Okutamıyorsanız bu anahtarı uygulamaya elle yazın:",
        "If you cannot scan it, type this key into the app:",
    ),
    "code.step_confirm": Text(
        "Uygulamanın gösterdiği 6 rakamı aşağıya yazın.",
        "Type the 6 digits that the app shows below.",
    ),
    "code.picture": Text("Doğrulama uygulaması için karekod", "QR code for the authenticator app"),
    "code.button": Text("Kodu onayla", "Confirm the code"),
    # Passwords.
    "password.title": Text("Yeni parola belirle", "Choose a new password"),
    "password.lead_first": Text(
        "Size verilen parola bir kez kullanılır. Devam etmeden önce kendi parolanızı belirleyin.",
        "The password that you were given works once. Choose your own before you go on.",
    ),
    "password.lead_aged": Text(
        "Parolanız {days} günden eski. Devam etmeden önce yeni bir parola belirleyin; öbür "
        "oturumlarınız kapanır.",
        "Your password is older than {days} days. Choose another before you go on; your other "
        "sessions end.",
    ),
    "password.lead_own": Text(
        "Parola değişince açık olan bütün oturumlarınız kapanır; bu tarayıcıdaki açık kalır.",
        "A new password ends all your open sessions except the one in this browser.",
    ),
    "password.current": Text("Şimdiki parola", "Current password"),
    "password.new": Text("Yeni parola", "New password"),
    "password.new_hint": Text(
        "En az 14 karakter. Birkaç kelimelik bir cümle en kolayıdır. Son beş parolanız olamaz.",
        "At least 14 characters. A phrase of some words is easiest. None of your last five.",
    ),
    "password.again": Text("Yeni parola, yeniden", "New password, again"),
    "password.differs": Text(
        "İki yazılış aynı değil; yeni parolayı iki kez aynı yazın.",
        "The two are not the same; type the new password twice.",
    ),
    "password.current_wrong": Text(
        "Şimdiki parola ya da kod doğrulanamadı.",
        "The current password or the code could not be verified.",
    ),
    "password.button": Text("Parolayı değiştir", "Change the password"),
    # Notices.
    "notice.signed_out": Text("Oturumunuz kapatıldı.", "You are signed out."),
    "notice.sign_in_first": Text(
        "Önce oturum açın. Oturumunuz 15 dakika kullanılmazsa kendiliğinden kapanır.",
        "Sign in first. A session that is not used for 15 minutes ends by itself.",
    ),
    "notice.password_changed": Text("Parolanız değişti.", "Your password was changed."),
    "notice.code_set": Text(
        "Doğrulama kodunuz kuruldu. Bundan sonra her girişte istenir.",
        "Your verification code is set up. From now on it is asked for at every sign-in.",
    ),
    # Why something was not done.
    "refused.title": Text("Yapılamadı", "Not done"),
    "refused.right": Text(
        "Bu sayfa için yetkiniz yok. Gerekiyorsa kurumunuzun idari kullanıcısından isteyin.",
        "You have no right to this page. If you need it, ask your institution's administrator.",
    ),
    "refused.not_here": Text("Bu adreste sayfa yok.", "There is no page at this address."),
    "refused.method": Text(
        "Bu adres böyle kullanılmaz; sayfadaki formu kullanın.",
        "This address is not used like this; use the form on the page.",
    ),
    "refused.sent_before": Text(
        "Bu form daha önce gönderilmiş ve işlem bir kez yapılmıştı; ikinci kez yapılmadı. "
        "Sonucu görmek için sayfayı yeniden açın.",
        "This form was sent before and was acted on once; nothing was done a second time. "
        "Open the page again to see the result.",
    ),
    "refused.changed": Text(
        "Siz bakarken bir başkası bunu değiştirdi; hiçbir şey yapılmadı. Sayfayı yeniden açın, "
        "yeni durumu görün ve gerekiyorsa yeniden deneyin.",
        "Somebody else changed this while you were looking; nothing was done. Open the page "
        "again, see how it stands now, and try again if need be.",
    ),
    "refused.form": Text(
        "Form bu tarayıcıda açılmamış ya da süresi dolmuş. Sayfayı yeniden açıp formu doldurun.",
        "The form was not opened in this browser, or it is too old. Open the page again and "
        "fill it in.",
    ),
    "refused.origin": Text(
        "Form başka bir siteden gönderilmiş görünüyor; hiçbir şey yapılmadı.",
        "The form seems to have been sent from another site; nothing was done.",
    ),
    "refused.too_large": Text("Form çok büyük.", "The form is too large."),
    "refused.unavailable": Text(
        "Sistem şu anda kayıt yazamıyor ya da veri tabanına ulaşamıyor; hiçbir şey yapılmadı. "
        "Biraz sonra yeniden deneyin.",
        "The system cannot write records or reach its database now; nothing was done. "
        "Try again in a while.",
    ),
    "refused.unforeseen": Text(
        "Beklenmeyen bir hata oldu; işletmene bu numarayla başvurun: {number}",
        "Something unforeseen happened; tell the operator this number: {number}",
    ),
    # The front page.
    "front.title": Text("Hoş geldiniz, {name}", "Welcome, {name}"),
    "front.last": Text("Yapabilecekleriniz", "What you can do"),
    "front.nothing": Text(
        "Hesabınıza henüz bir yetki verilmemiş. Kurumunuzun idari kullanıcısına başvurun.",
        "Your account has no right yet. Ask your institution's administrator.",
    ),
    "front.agreement": Text("Anlaşma", "Agreement"),
    "front.valid_until": Text("Geçerlilik sonu", "Valid until"),
    "people.temporary": Text("Geçici kullanıcı", "Temporary user"),
    "people.temporary_hint": Text(
        "En çok 30 gün (bitiş tarihini yazın), yalnız doğrulama servisleri, günde 200 sorgu; süre "
        "bir kez uzatılır.",
        "30 days at most (give the last day), verification services only, 200 queries a day; "
        "renewed once.",
    ),
    "people.renewed": Text("evet, süresi uzatıldı", "yes, renewed"),
    "front.access_ends": Text(
        "Hesabınız {day} gününün sonunda kapanır. Kalacaksanız kurumunuzun idari kullanıcısına "
        "başvurun.",
        "Your access ends with {day}. If you are to stay, ask your institution's administrator.",
    ),
    "front.password_ends": Text(
        "Parolanızı {day} gününe kadar değiştirin; sonraki girişinizde zorunlu olacak.",
        "Change your password by {day}; after that you must at your next sign-in.",
    ),
    "front.institution": Text("Kurum", "Institution"),
    "front.unit": Text("Birim", "Unit"),
    "front.roles": Text("Roller", "Roles"),
    "role.MERKEZ": Text("işletmen", "operator"),
    "role.IDARI": Text("idari kullanıcı", "administrator"),
    "role.TEKNIK": Text("teknik kullanıcı", "technician"),
    "role.ALT_KULLANICI": Text("kullanıcı", "user"),
    "role.DENETCI": Text("denetçi", "auditor"),
    "role.SISTEM": Text("sistem", "system"),
    "role.CIHAZ": Text("cihaz", "device"),
    "front.inquirer": Text("Sorgulayan adı", "Named in queries as"),
}
