package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"log"
	"regexp"
	"time"
)

const (
	sts    = "https://kimlikdogrulama.ornek.example/Services/Issuer.svc/IWSTrust13"
	router = "https://kpsv2.ornek.example/Services/RoutingService.svc"

	soap12    = "http://www.w3.org/2003/05/soap-envelope"
	wsa       = "http://www.w3.org/2005/08/addressing"
	oasis     = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
	wsse      = oasis + "wssecurity-secext-1.0.xsd"
	wsu       = oasis + "wssecurity-utility-1.0.xsd"
	trust     = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	saml      = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1"
	signature = "http://www.w3.org/2000/09/xmldsig#"
	exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	kps       = "http://kps.nvi.gov.tr"
	combined  = kps + "/2023/02/01"
)

func moments() (string, string) {
	now := time.Now().UTC()
	const layout = "2006-01-02T15:04:05Z"
	return now.Format(layout), now.Add(5 * time.Minute).Format(layout)
}

func uuid() string {
	value := make([]byte, 16)
	if _, err := rand.Read(value); err != nil {
		log.Fatal(err)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", value[:4], value[4:6], value[6:8], value[8:10], value[10:])
}

func tokenRequest(password string) string {
	created, expires := moments()
	return `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="` + soap12 + `" xmlns:a="` + wsa + `" xmlns:wst="` + trust + `" xmlns:wsse="` + wsse + `" xmlns:wsu="` + wsu + `" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">
    <s:Header>
        <a:MessageID>urn:uuid:` + uuid() + `</a:MessageID>
        <a:To>` + sts + `</a:To>
        <a:Action>` + trust + `/RST/Issue</a:Action>
        <wsse:Security s:mustUnderstand="1">
            <wsu:Timestamp wsu:Id="_0">
                <wsu:Created>` + created + `</wsu:Created>
                <wsu:Expires>` + expires + `</wsu:Expires>
            </wsu:Timestamp>
            <wsse:UsernameToken wsu:Id="Me">
                <wsse:Username>` + asked("USERNAME") + `</wsse:Username>
                <wsse:Password Type="` + oasis + `username-token-profile-1.0#PasswordText">` + password + `</wsse:Password>
            </wsse:UsernameToken>
        </wsse:Security>
    </s:Header>
    <s:Body>
        <wst:RequestSecurityToken>
            <wst:TokenType>` + saml + `.1#SAMLV1.1</wst:TokenType>
            <wst:RequestType>` + trust + `/Issue</wst:RequestType>
            <wsp:AppliesTo>
                <a:EndpointReference>
                    <a:Address>` + router + `</a:Address>
                </a:EndpointReference>
            </wsp:AppliesTo>
            <wst:KeyType>` + trust + `/SymmetricKey</wst:KeyType>
        </wst:RequestSecurityToken>
    </s:Body>
</s:Envelope>`
}

type token struct {
	xml, name string
	key       []byte
}

// The text between the last tag that ends in name and its end tag, whatever the prefix.
func last(answer, name string) string {
	found := regexp.MustCompile(`<(?:\w+:)?`+name+`(?:\s[^>]*[^/>])?>([\s\S]*?)</(?:\w+:)?`+name+`>`).
		FindAllStringSubmatch(answer, -1)
	if len(found) == 0 {
		log.Fatalf("no %s in %s", name, answer)
	}
	return found[len(found)-1][1]
}

func readToken(status int, answer string) token {
	if status != 200 {
		log.Fatalf("sts http %d: %s", status, answer)
	}
	key, err := base64.StdEncoding.DecodeString(last(answer, "BinarySecret"))
	if err != nil {
		log.Fatal(err)
	}
	return token{last(answer, "RequestedSecurityToken"), last(answer, "KeyIdentifier"), key}
}

func ask(with token, action, payload string, spoil bool) string {
	created, expires := moments()
	space := "\n                "
	inside := space + "<wsu:Created>" + created + "</wsu:Created>" +
		space + "<wsu:Expires>" + expires + "</wsu:Expires>\n            "
	canonical := `<wsu:Timestamp xmlns:wsu="` + wsu + `" wsu:Id="_0">` + inside + "</wsu:Timestamp>"
	digest := sha1.Sum([]byte(canonical))
	signedInfo := `
            <CanonicalizationMethod Algorithm="` + exclusive + `"></CanonicalizationMethod>
            <SignatureMethod Algorithm="` + signature + `hmac-sha1"></SignatureMethod>
            <Reference URI="#_0">
            <Transforms>
            <Transform Algorithm="` + exclusive + `"></Transform>
            </Transforms>
            <DigestMethod Algorithm="` + signature + `sha1"></DigestMethod>
            <DigestValue>` + base64.StdEncoding.EncodeToString(digest[:]) + `</DigestValue>
            </Reference>
            </SignedInfo>`
	key := append([]byte{}, with.key...)
	if spoil {
		key[0] ^= 1
	}
	mac := hmac.New(sha1.New, key)
	mac.Write([]byte(`<SignedInfo xmlns="` + signature + `">` + signedInfo))
	value := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	_, answer := post(router, "application/soap+xml; charset=utf-8", `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="`+soap12+`">
    <s:Header>
        <a:To xmlns:a="`+wsa+`">`+router+`</a:To>
        <a:Action xmlns:a="`+wsa+`">`+action+`</a:Action>
        <wsse:Security xmlns:wsse="`+wsse+`" xmlns:wsu="`+wsu+`">
            <wsu:Timestamp wsu:Id="_0">`+inside+`</wsu:Timestamp>
            `+with.xml+`
            <Signature xmlns="`+signature+`">
            <SignedInfo>`+signedInfo+`
            <SignatureValue>`+value+`</SignatureValue>
            <KeyInfo>
            <wsse:SecurityTokenReference>
            <wsse:KeyIdentifier ValueType="`+saml+`.0#SAMLAssertionID">`+with.name+`</wsse:KeyIdentifier>
            </wsse:SecurityTokenReference>
            </KeyInfo>
            </Signature>
        </wsse:Security>
    </s:Header>
    <s:Body>`+payload+`</s:Body>
</s:Envelope>`)
	return answer
}

func criteria(number string) string {
	return `<Sorgula xmlns="` + combined + `" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
        <kriterListesi>
            <BilesikKutukSorgulaKimlikNoSorguKriteri>
                <DogumAy>` + asked("MONTH") + `</DogumAy>
                <DogumGun>` + asked("DAY") + `</DogumGun>
                <DogumYil>` + asked("YEAR") + `</DogumYil>
                <KimlikNo>` + number + `</KimlikNo>
            </BilesikKutukSorgulaKimlikNoSorguKriteri>
        </kriterListesi>
    </Sorgula>`
}

// The code of the note that is the last member of all the named elements, each in the one before.
func code(answer string, path ...string) string {
	for _, name := range path {
		answer = last(answer, name)
	}
	return last(answer, "Kod")
}

func subcode(answer string) string {
	return local(last(last(answer, "Subcode"), "Value"))
}

func routing() {
	with := readToken(post(sts, "application/soap+xml; charset=utf-8", tokenRequest(asked("PASSWORD"))))
	action := combined + "/BilesikKutukSorgulaKimlikNoServis/Sorgula"
	person := ask(with, action, criteria(asked("NUMBER")), false)
	citizen := last(person, "TCVatandasiKisiKutukleri")
	tell("surname", last(last(citizen, "TemelBilgisi"), "Soyad"))
	tell("section", code(citizen, "TCKKFotografBilgisi", "HataBilgisi"))
	nobody := ask(with, action, criteria(asked("NOBODY")), false)
	tell("nobody", code(nobody, "BilesikKutukBilgileri", "HataBilgisi"))
	listing := `<Sayfala xmlns="` + kps + `/2011/01/01"><kriter><Ilce>1</Ilce></kriter></Sayfala>`
	refused := ask(with, kps+"/2011/01/01/KisiListeleServis/Sayfala", listing, false)
	tell("service", code(refused, "SayfalaResult", "HataBilgisi"))
	tell("unknown_action", subcode(ask(with, action+"Yok", criteria(asked("NUMBER")), false)))
	tell("tampered", subcode(ask(with, action, criteria(asked("NUMBER")), true)))
	_, answer := post(sts, "application/soap+xml; charset=utf-8", tokenRequest("wrong"))
	tell("refusal", subcode(answer))
}
