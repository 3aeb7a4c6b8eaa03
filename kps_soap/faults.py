"""Every way in which this gateway refuses, as one tree of exceptions.

A refusal carries a public sentence in Turkish and English that says what to do, the house
number of the outcome (domain.md §2.11), the layer of the wire it belongs to, and a private
detail for the evidence.  Sentences never contain a value, a path or a trace; a detail never
contains personal data.  This module writes no XML: each door turns a refusal into its own
family's words, in one place.

    Refusal
    ├── TransportRefused      nothing that could be called an envelope arrived
    │   ├── MethodRefused · MediaTypeRefused · TooLarge · TooSlow · PlainHttpRefused
    │   └── NotWellFormed · EncodingRefused · DoctypeRefused
    ├── EnvelopeRefused       a parsed message that breaks a rule of SOAP, or a limit
    │   ├── LimitExceeded · InstructionRefused · VersionMismatch · NotUnderstood
    │   └── BodyMissing · ShapeRefused · ActionRefused · ActionUnknown
    ├── SchemaRefused · VersionWithdrawn
    ├── SecurityRefused       one public sentence, whatever failed
    │   ├── SecurityMissing · StaleMessage · ProofRefused
    │   └── CredentialsRefused · TokenRefused
    ├── AgreementRefused      the whole call, by the agreement (result level)
    │   ├── ServiceNotGranted · PurposeNotGranted · CaseNumberMissing · InquirerNotAllowed
    │   ├── AgreementNotInForce · NetworkNotAllowed · AddressNotAllowed
    │   ├── TooManyCriteria · CriteriaEmpty · NothingFound
    │   └── QuotaFull · AccessStopped
    └── ServerRefused         nothing the caller did; worth trying again
        └── RegisterUnavailable · EvidenceUnavailable · Overloaded · InternalFailure
"""

from enum import Enum, IntEnum
from typing import ClassVar


class Layer(Enum):
    """Where on the wire a refusal shows."""

    TRANSPORT = "transport"
    FAULT = "fault"
    SECURITY = "security"
    RESULT = "result"
    SERVER = "server"


class Outcome(IntEnum):
    """What became of one criterion; never raised (domain.md §2.11, record layer)."""

    OK = 0
    BAD_NUMBER = 101
    MISSING = 102
    BAD_DATE = 104
    NOT_ON_ROSTER = 208
    NOT_FOUND = 301
    SEVERAL = 302
    CLOSED = 303


#: The published codes of ``HataBilgisi`` and their published sentences (wire C.8).
PUBLISHED_NOTES: dict[int, str] = {
    2: "Aradığınız kriterlere uygun kayıt bulunamadı.",
    8: "Yetkiniz yoktur.",
    10: "Sorgu kriteri boş geçilemez.",
}

#: Which published code a criterion's outcome shows on the wire (design §4, c).
PUBLISHED_CODE_OF_OUTCOME: dict[Outcome, int | None] = {
    Outcome.OK: None,
    Outcome.CLOSED: None,
    Outcome.BAD_NUMBER: 2,
    Outcome.BAD_DATE: 2,
    Outcome.NOT_ON_ROSTER: 2,
    Outcome.NOT_FOUND: 2,
    Outcome.SEVERAL: 2,
    Outcome.MISSING: 10,
}


class Refusal(Exception):
    """A planned "no".

    ``detail`` is private: it goes to the evidence and to nobody else.
    ``retry_after_s`` is set where trying again later can help; mostly it is ``wait_s``.
    """

    code: ClassVar[int] = 0
    layer: ClassVar[Layer] = Layer.FAULT
    http_status: ClassVar[int] = 500
    published_code: ClassVar[int] = 8
    sender: ClassVar[bool] = True
    wait_s: ClassVar[int | None] = None
    turkish: str = "İstek kabul edilmedi."
    english: str = "The request was refused."

    def __init__(self, detail: str = "", *, retry_after_s: int | None = None) -> None:
        super().__init__(type(self).__name__)
        self.detail = detail
        self.retry_after_s = self.wait_s if retry_after_s is None else retry_after_s

    @property
    def name(self) -> str:
        """The refusal's stable name, as evidence and counters show it."""
        return type(self).__name__


class TransportRefused(Refusal):
    layer = Layer.TRANSPORT
    http_status = 400


class MethodRefused(TransportRefused):
    http_status = 405
    turkish = "Bu adrese yalnızca POST ile SOAP iletisi gönderilir."
    english = "Send a SOAP message with POST to this address."


class MediaTypeRefused(TransportRefused):
    http_status = 415
    turkish = (
        "İçerik türü text/xml (SOAP 1.1) ya da application/soap+xml (SOAP 1.2), "
        "karakter kümesi utf-8 olmalıdır."
    )
    english = (
        "Send text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2) in utf-8, "
        "without content encoding."
    )


class TooLarge(TransportRefused):
    http_status = 413
    turkish = "İleti çok büyük; daha az kriterle birkaç istek gönderin."
    english = "The message is too large; send several requests with fewer criteria."


class TooSlow(TransportRefused):
    http_status = 408
    turkish = "İletinin tamamı süresi içinde gelmedi; yeniden gönderin."
    english = "The whole message did not arrive in time; send it again."


class PlainHttpRefused(TransportRefused):
    http_status = 403
    turkish = "Bu servis yalnızca https ile kullanılır."
    english = "Use https for this service."


class NotWellFormed(TransportRefused):
    turkish = "İleti düzgün biçimli XML değildir."
    english = "The message is not well-formed XML."


class EncodingRefused(TransportRefused):
    turkish = "İleti UTF-8 ile (ya da BOM'lu UTF-16 ile) kodlanmalıdır."
    english = "Encode the message in UTF-8 (or in UTF-16 with a byte order mark)."


class DoctypeRefused(TransportRefused):
    turkish = "SOAP iletisinde belge türü bildirimi (DOCTYPE) bulunamaz."
    english = "A SOAP message must not contain a document type declaration."


class EnvelopeRefused(Refusal):
    """A message that parsed, but breaks a rule of SOAP or one of the limits.

    ``unverified_root`` is the tree where one was made: the message may name an account (D6).
    """

    unverified_root: object = None


class LimitExceeded(EnvelopeRefused):
    turkish = "İleti, yapı sınırlarından birini aşıyor (derinlik, öğe ya da karakter sayısı)."
    english = "The message exceeds a structural limit (depth, elements or characters)."


class InstructionRefused(EnvelopeRefused):
    turkish = "SOAP iletisinde işleme yönergesi bulunamaz."
    english = "A SOAP message must not contain a processing instruction."


class VersionMismatch(EnvelopeRefused):
    """The envelope's namespace is neither SOAP 1.1 nor SOAP 1.2."""

    turkish = "Zarf ad alanı SOAP 1.1 ya da SOAP 1.2 olmalıdır."
    english = "The envelope namespace must be that of SOAP 1.1 or SOAP 1.2."

    def __init__(self, detail: str = "", *, unverified_namespace: str = "") -> None:
        super().__init__(detail)
        self.unverified_namespace = unverified_namespace


class NotUnderstood(EnvelopeRefused):
    """A header with mustUnderstand that this gateway does not know."""

    turkish = "mustUnderstand ile işaretli bir başlık tanınmıyor; başlığı çıkarın."
    english = "A header marked mustUnderstand is not understood; leave it out."

    def __init__(self, detail: str = "", *, unverified_header: tuple[str, str] = ("", "")) -> None:
        super().__init__(detail)
        self.unverified_header = unverified_header


class BodyMissing(EnvelopeRefused):
    turkish = "Zarfta Body öğesi ya da içinde istek öğesi yok."
    english = "The envelope has no Body element, or the Body holds no request element."


class ShapeRefused(EnvelopeRefused):
    turkish = "Zarf SOAP kurallarına uymuyor: bir Body ve içinde tek bir istek öğesi olmalıdır."
    english = "The envelope breaks SOAP's rules: send one Body with exactly one request element."


class ActionRefused(EnvelopeRefused):
    turkish = "SOAPAction (action) değeri bu servisin işlemiyle uyuşmuyor."
    english = "The SOAPAction (action) does not agree with this service's operation."


class ActionUnknown(EnvelopeRefused):
    """The message asks for an operation that no contract of this door has (wire B.6)."""

    turkish = "wsa:Action değeri bu kapıda sunulan bir işlem değil; WSDL'deki değeri gönderin."
    english = "The wsa:Action is no operation of this door; send the one in the WSDL."

    def __init__(self, detail: str = "", *, unverified_action: str = "") -> None:
        super().__init__(detail)
        self.unverified_action = unverified_action


class SchemaRefused(Refusal):
    turkish = "İstek, servisin XSD şemasına uymuyor; iletiyi WSDL'den üretin."
    english = "The request does not match the service's XSD; generate it from the WSDL."


class VersionWithdrawn(Refusal):
    """The contract's sunset date has passed; the sentence names the replacement (601)."""

    code = 601
    turkish = "Bu servis sürümü kaldırıldı."
    english = "This version of the service has been withdrawn."

    def __init__(self, detail: str = "", *, replacement: str = "") -> None:
        super().__init__(detail)
        if replacement:
            self.turkish = f"Bu servis sürümü kaldırıldı; yerine {replacement} sürümünü kullanın."
            self.english = f"This version of the service has been withdrawn; use {replacement}."


class SecurityRefused(Refusal):
    """Wrong, missing, stale or unknown security material.

    The public sentence is one and the same, so that nobody learns which check failed; the
    house detail goes to the evidence only (design §4, a).
    """

    layer = Layer.SECURITY
    subcode: ClassVar[str] = "InvalidSecurity"
    turkish = "İletinin güvenlik bilgileri doğrulanamadı."
    english = "An error occurred when verifying security for the message."


class SecurityMissing(SecurityRefused):
    """There is no usable wsse:Security header."""


class StaleMessage(SecurityRefused):
    """The Timestamp lies outside the window of the agreement's profile."""


class ProofRefused(SecurityRefused):
    """The endorsing signature does not prove possession of the token's key."""


class CredentialsRefused(SecurityRefused):
    """Unknown account, wrong password, or an account that is blocked."""

    subcode = "FailedAuthentication"
    turkish = "İletideki kimlik bilgileri doğrulanamadı."
    english = "At least one security token in the message could not be validated."


class TokenRefused(SecurityRefused):
    """Unknown, expired or revoked token, or one that was issued to somebody else."""

    subcode = "FailedAuthentication"
    turkish = CredentialsRefused.turkish
    english = CredentialsRefused.english


class AgreementRefused(Refusal):
    """The whole call is refused by the agreement; published contracts answer code 8."""

    layer = Layer.RESULT
    http_status = 200


class TooManyCriteria(AgreementRefused):
    code = 103
    turkish = "Kriter sayısı sınırı aşıldı; isteği bölerek gönderin."
    english = "Too many criteria in one call; split the request."


class ServiceNotGranted(AgreementRefused):
    code = 201
    turkish = "Bu servis için yetkiniz yoktur (5490 sayılı Kanun Md.45)."
    english = "Your agreement does not grant this service (Law 5490 Art. 45)."


class PurposeNotGranted(AgreementRefused):
    code = 202
    turkish = "Amaç kodu eksik ya da anlaşmanızda yok; SorguBaglami başlığıyla gönderin."
    english = "The purpose is missing or not in your agreement; send it in SorguBaglami."


class CaseNumberMissing(AgreementRefused):
    code = 203
    turkish = "İşlem (dosya) numarası eksik; SorguBaglami başlığıyla gönderin."
    english = "The case number is missing; send it in the SorguBaglami header."


class InquirerNotAllowed(AgreementRefused):
    code = 204
    turkish = "Sorgulayan eksik ya da tanımlı değil; Sorgulayan başlığını kontrol edin."
    english = "The inquirer is missing or not registered; check the Sorgulayan header."


class AgreementNotInForce(AgreementRefused):
    code = 205
    turkish = "Anlaşmanız yürürlükte değil; kurumunuzun yönetici kullanıcısına başvurun."
    english = "Your agreement is not in force; ask your institution's administrator."


class NetworkNotAllowed(AgreementRefused):
    code = 206
    turkish = "İsteğin geldiği IP adresi anlaşmanızda tanımlı değil."
    english = "The address that the request came from is not in your agreement."


class AddressNotAllowed(AgreementRefused):
    code = 207
    turkish = "Kurum türünüzle adres bilgisi paylaşılamaz (5490 sayılı Kanun Md.45/1)."
    english = "Addresses may not be shared with your kind of institution (Law 5490 Art. 45/1)."


class QuotaFull(AgreementRefused):
    code = 401
    turkish = "Sorgu kotanız doldu; daha sonra yeniden deneyin."
    english = "Your query quota is used up; try again later."


class AccessStopped(AgreementRefused):
    code = 402
    turkish = "Olağandışı kullanım nedeniyle erişim durduruldu; sistem işletmenine başvurun."
    english = "Access was stopped because of unusual use; contact the operator."


class CriteriaEmpty(AgreementRefused):
    """No criterion at all (wire C.8, code 10)."""

    code = 102
    published_code = 10
    turkish = PUBLISHED_NOTES[10]
    english = "The criteria must not be empty."


class NothingFound(AgreementRefused):
    """A dictionary holds nothing for the criterion (wire C.8, code 2)."""

    code = 301
    published_code = 2
    turkish = PUBLISHED_NOTES[2]
    english = "No record matches the criteria."


class ServerRefused(Refusal):
    """The gateway's own trouble: the same request may succeed later."""

    layer = Layer.SERVER
    sender = False
    wait_s = 5


class RegisterUnavailable(ServerRefused):
    code = 501
    turkish = "Kaynak sistem yanıt vermiyor; daha sonra yeniden deneyin."
    english = "The register does not answer; try again later."


class EvidenceUnavailable(ServerRefused):
    code = 502
    turkish = "İz kaydı yazılamadı; veri verilmedi, daha sonra yeniden deneyin."
    english = "The record of this query could not be written; no data was given, try again later."


class Overloaded(ServerRefused):
    http_status = 503
    wait_s = 1  # Places are free again within fractions of a second.
    turkish = "Servis şu anda çok yoğun; daha sonra yeniden deneyin."
    english = "The service is overloaded; try again later."


class InternalFailure(ServerRefused):
    turkish = "Beklenmeyen bir hata oluştu; istek numarasıyla işletmene başvurun."
    english = "An unexpected error occurred; contact the operator with the request number."
