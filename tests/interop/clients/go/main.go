// A Go client of the standard library alone: encoding/xml reads the public and the direct door's
// answers; at the routing door it has the shape of the Go programs in the field (wire B.2,
// number 2): pretty-printed templates, addressing headers that declare their prefix themselves,
// answers searched as text, and the host names compiled in.
package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func asked(name string) string {
	value, set := os.LookupEnv("INTEROP_" + name)
	if !set {
		log.Fatalf("INTEROP_%s is not set", name)
	}
	return value
}

func tell(name string, value any) {
	fmt.Printf("%s=%v\n", name, value)
}

func escaped(text string) string {
	var written bytes.Buffer
	if err := xml.EscapeText(&written, []byte(text)); err != nil {
		log.Fatal(err)
	}
	return written.String()
}

// The authority comes with SSL_CERT_FILE.  Compiled-in names lead to the gateway, as an entry in
// the hosts file would have it.
var client = &http.Client{
	Timeout: 30 * time.Second,
	Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ".ornek.example:443") {
				address = asked("CONNECT")
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	},
}

func post(address, media, body string, headers ...string) (int, string) {
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", media)
	for index := 0; index+1 < len(headers); index += 2 {
		request.Header.Set(headers[index], headers[index+1])
	}
	response, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

type envelope struct {
	Body struct {
		Same   *bool   `xml:"TCKimlikNoDogrulaResponse>TCKimlikNoDogrulaResult"`
		People []human `xml:"ListeleCokluResponse>ListeleCokluResult>SorguSonucu>KisiBilgisi"`
		Fault  struct {
			Code      string `xml:"faultcode"`
			NewerCode string `xml:"Code>Subcode>Value"`
		}
	}
}

type human struct {
	Note struct {
		Code string `xml:"Kod"`
	} `xml:"HataBilgisi"`
	Basics struct {
		Surname string `xml:"Soyad"`
	} `xml:"TemelBilgisi"`
}

func read(answer string) envelope {
	var found envelope
	if err := xml.Unmarshal([]byte(answer), &found); err != nil {
		log.Fatalf("%v: %s", err, answer)
	}
	return found
}

func local(name string) string {
	return name[strings.LastIndex(name, ":")+1:]
}

const soap11 = "http://schemas.xmlsoap.org/soap/envelope/"

func askPublic(year int) bool {
	// SOAPAction without quotes, as the oldest Go library sends it, and the WSDL's own address.
	_, answer := post(asked("BASE")+"/service/kpspublic.asmx?WSDL", `text/xml; charset="utf-8"`,
		`<soap:Envelope xmlns:soap="`+soap11+`"><soap:Body>`+
			`<TCKimlikNoDogrula xmlns="http://tckimlik.nvi.gov.tr/WS"><TCKimlikNo>`+
			asked("NUMBER")+`</TCKimlikNo><Ad>`+escaped(asked("GIVEN_NAME"))+`</Ad><Soyad>`+
			escaped(asked("SURNAME"))+`</Soyad><DogumYili>`+strconv.Itoa(year)+
			"</DogumYili></TCKimlikNoDogrula></soap:Body></soap:Envelope>\n",
		"SOAPAction", "http://tckimlik.nvi.gov.tr/WS/TCKimlikNoDogrula")
	same := read(answer).Body.Same
	if same == nil {
		log.Fatal(answer)
	}
	return *same
}

func askDirect(door, number, password string) envelope {
	soap, media := soap11, "text/xml; charset=utf-8"
	if door == "direct-1.2" {
		soap, media = soap12, "application/soap+xml; charset=utf-8"
	}
	_, answer := post(asked("BASE")+"/kps/KisiSorgulaTCKimlikNoServis/2011/01/01", media,
		`<e:Envelope xmlns:e="`+soap+`"><e:Header><o:Security xmlns:o="`+wsse+`"><o:UsernameToken>`+
			`<o:Username>`+asked("USERNAME")+`</o:Username><o:Password>`+password+
			`</o:Password></o:UsernameToken></o:Security></e:Header><e:Body><ListeleCoklu xmlns="`+
			kps+`/2011/01/01"><kriterListesi><KisiSorgulaTCKimlikNoSorguKriteri><TCKimlikNo>`+number+
			`</TCKimlikNo></KisiSorgulaTCKimlikNoSorguKriteri></kriterListesi></ListeleCoklu>`+
			`</e:Body></e:Envelope>`)
	return read(answer)
}

func main() {
	door := os.Args[1]
	switch door {
	case "public":
		year, err := strconv.Atoi(asked("YEAR"))
		if err != nil {
			log.Fatal(err)
		}
		tell("right", askPublic(year))
		tell("wrong", askPublic(year+1))
	case "routing":
		routing()
	default:
		tell("surname", askDirect(door, asked("NUMBER"), asked("PASSWORD")).Body.People[0].Basics.Surname)
		tell("nobody", askDirect(door, asked("NOBODY"), asked("PASSWORD")).Body.People[0].Note.Code)
		fault := askDirect(door, asked("NUMBER"), "wrong").Body.Fault
		tell("refusal", local(fault.Code+fault.NewerCode))
	}
}
