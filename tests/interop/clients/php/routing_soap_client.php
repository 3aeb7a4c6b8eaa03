<?php
// A SoapClient that speaks to the routing door (wire B.2, number 1).  Only the WSDL's address is
// known: the token service's address comes from the policy in it, the router's from soap12:address.
// The token is not forwarded but written anew from issuer, serial number and two cipher values.
declare(strict_types=1);

require __DIR__ . '/situation.php';

const NAMES = [
    's' => 'http://www.w3.org/2003/05/soap-envelope',
    'a' => 'http://www.w3.org/2005/08/addressing',
    'u' => 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd',
    'o' => 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
    'trust' => 'http://docs.oasis-open.org/ws-sx/ws-trust/200512',
    'wsp' => 'http://schemas.xmlsoap.org/ws/2004/09/policy',
    'sp' => 'http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702',
    'wsdl' => 'http://schemas.xmlsoap.org/wsdl/',
    'soap12' => 'http://schemas.xmlsoap.org/wsdl/soap12/',
    'wsu' => 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd',
    'xenc' => 'http://www.w3.org/2001/04/xmlenc#',
    'd' => 'http://www.w3.org/2000/09/xmldsig#',
];
const PASSWORD_TEXT = 'http://docs.oasis-open.org/wss/2004/01/'
    . 'oasis-200401-wss-username-token-profile-1.0#PasswordText';

function paths(DOMDocument $document): DOMXPath
{
    $paths = new DOMXPath($document);
    foreach (NAMES as $prefix => $namespace) {
        $paths->registerNamespace($prefix, $namespace);
    }
    return $paths;
}

function parsed(string $xml): DOMDocument
{
    $document = new DOMDocument();
    $document->loadXML($xml);
    return $document;
}

/** A template without the white space that makes it readable. */
function compacted(string $xml): string
{
    return preg_replace('/>\s+</', '><', $xml);
}

function guid(): string
{
    return implode('-', array_map('bin2hex', array_map('random_bytes', [4, 2, 2, 2, 6])));
}

/** Created and Expires, ten minutes apart. */
function moments(): array
{
    return [gmdate('Y-m-d\TH:i:s\Z'), gmdate('Y-m-d\TH:i:s\Z', time() + 600)];
}

class KpsClient extends SoapClient
{
    private string $sts;

    public function __construct(
        private string $wsdlAddress,
        private string $username,
        private string $password,
        private bool $spoilt = false
    ) {
        $trusted = stream_context_create(['ssl' => ['cafile' => asked('CA')]]);
        parent::__construct($wsdlAddress, [
            'cache_wsdl' => WSDL_CACHE_NONE,
            'soap_version' => SOAP_1_2,
            'stream_context' => $trusted,
        ]);
        $wsdl = paths(parsed(file_get_contents($wsdlAddress, false, $trusted)));
        $this->sts = $wsdl->query(
            '//wsdl:definitions/wsp:Policy/wsp:ExactlyOne/wsp:All/sp:EndorsingSupportingTokens'
            . '/wsp:Policy/sp:IssuedToken/sp:Issuer/a:Address'
        )->item(0)->nodeValue;
        $this->__setLocation($wsdl->query('//soap12:address/@location')->item(0)->nodeValue);
    }

    public function __doRequest(
        string $request,
        string $location,
        string $action,
        int $version,
        bool $oneWay = false
    ): ?string {
        $token = $this->token($location);
        $message = $this->message($request, $location, $action, $token);
        return parent::__doRequest($message, $location, $action, $version, $oneWay);
    }

    /** What is needed of a token: every value by its absolute path, as the first of its kind. */
    private function token(string $appliesTo): array
    {
        [$created, $expires] = moments();
        $n = NAMES;
        $passwordText = PASSWORD_TEXT;
        $guid = guid();
        $request = compacted(<<<XML
            <s:Envelope xmlns:s="{$n['s']}" xmlns:a="{$n['a']}" xmlns:u="{$n['u']}">
              <s:Header>
                <a:Action s:mustUnderstand="1">{$n['trust']}/RST/Issue</a:Action>
                <a:MessageID>urn:uuid:$guid</a:MessageID>
                <a:ReplyTo><a:Address>{$n['a']}/anonymous</a:Address></a:ReplyTo>
                <a:To s:mustUnderstand="1">{$this->sts}</a:To>
                <o:Security s:mustUnderstand="1" xmlns:o="{$n['o']}">
                  <u:Timestamp u:Id="_1">
                    <u:Created>$created</u:Created>
                    <u:Expires>$expires</u:Expires>
                  </u:Timestamp>
                  <o:UsernameToken u:Id="_2">
                    <o:Username>{$this->username}</o:Username>
                    <o:Password Type="$passwordText">{$this->password}</o:Password>
                  </o:UsernameToken>
                </o:Security>
              </s:Header>
              <s:Body>
                <trust:RequestSecurityToken xmlns:trust="{$n['trust']}">
                  <wsp:AppliesTo xmlns:wsp="{$n['wsp']}">
                    <a:EndpointReference><a:Address>$appliesTo</a:Address></a:EndpointReference>
                  </wsp:AppliesTo>
                  <trust:RequestType>{$n['trust']}/Issue</trust:RequestType>
                </trust:RequestSecurityToken>
              </s:Body>
            </s:Envelope>
            XML);
        $answer = paths(parsed($this->post("<?xml version=\"1.0\"?>\n$request\n")));
        $fault = $answer->query('/s:Envelope/s:Body/s:Fault/s:Code/s:Subcode/s:Value')->item(0);
        if ($fault !== null) {
            throw new SoapFault(local($fault->nodeValue), 'the token service refused');
        }
        $start = '/s:Envelope/s:Body/trust:RequestSecurityTokenResponseCollection'
            . '/trust:RequestSecurityTokenResponse';
        $data = "$start/trust:RequestedSecurityToken/xenc:EncryptedData";
        $key = "$data/d:KeyInfo/xenc:EncryptedKey";
        $serial = "$key/d:KeyInfo/o:SecurityTokenReference/d:X509Data/d:X509IssuerSerial";
        $value = static fn (string $path): string => $answer->query($path)->item(0)->nodeValue;
        return [
            'size' => $value("$start/trust:KeySize"),
            'created' => $value("$start/trust:Lifetime/wsu:Created"),
            'expires' => $value("$start/trust:Lifetime/wsu:Expires"),
            'endpoint' => $value("$start/wsp:AppliesTo/a:EndpointReference/a:Address"),
            'issuer' => $value("$serial/d:X509IssuerName"),
            'serial' => $value("$serial/d:X509SerialNumber"),
            'wrapped' => $value("$key/xenc:CipherData/xenc:CipherValue"),
            'data' => $value("$data/xenc:CipherData/xenc:CipherValue"),
            'secret' => $value("$start/trust:RequestedProofToken/trust:BinarySecret"),
            'id' => $value(
                "$start/trust:RequestedUnattachedReference/o:SecurityTokenReference/o:KeyIdentifier"
            ),
        ];
    }

    /** The signed message around the Body that SoapClient made, whose prefixes stay. */
    private function message(string $request, string $to, string $action, array $token): string
    {
        [$created, $expires] = moments();
        $n = NAMES;
        $exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
        $saml = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1';
        $wss11 = 'http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd';
        $guid = guid();
        // What is hashed is written in the form that exclusive canonicalisation gives it.
        $inside = "<u:Created>$created</u:Created><u:Expires>$expires</u:Expires></u:Timestamp>";
        $stamp = "<u:Timestamp xmlns:u=\"{$n['u']}\" u:Id=\"_0\">$inside";
        $digest = base64_encode(sha1($stamp, true));
        $signedInfo = compacted(<<<XML
            <SignedInfo xmlns="{$n['d']}">
              <CanonicalizationMethod Algorithm="$exclusive"></CanonicalizationMethod>
              <SignatureMethod Algorithm="{$n['d']}hmac-sha1"></SignatureMethod>
              <Reference URI="#_0">
                <Transforms>
                  <Transform Algorithm="$exclusive"></Transform>
                </Transforms>
                <DigestMethod Algorithm="{$n['d']}sha1"></DigestMethod>
                <DigestValue>$digest</DigestValue>
              </Reference>
            </SignedInfo>
            XML);
        $key = $this->spoilt ? 'another key' : base64_decode($token['secret'], true);
        $mac = base64_encode(hash_hmac('sha1', $signedInfo, $key, true));
        $envelope = parsed(compacted(<<<XML
            <s:Envelope xmlns:s="{$n['s']}" xmlns:a="{$n['a']}" xmlns:u="{$n['u']}">
              <s:Header>
                <a:Action s:mustUnderstand="1">$action</a:Action>
                <a:MessageID>urn:uuid:$guid</a:MessageID>
                <a:ReplyTo><a:Address>{$n['a']}/anonymous</a:Address></a:ReplyTo>
                <a:To s:mustUnderstand="1">$to</a:To>
                <o:Security s:mustUnderstand="1" xmlns:o="{$n['o']}">
                  <u:Timestamp u:Id="_0">$inside
                  <xenc:EncryptedData Type="{$n['xenc']}Element" xmlns:xenc="{$n['xenc']}">
                    <xenc:EncryptionMethod Algorithm="{$n['xenc']}aes256-cbc"/>
                    <KeyInfo xmlns="{$n['d']}">
                      <e:EncryptedKey xmlns:e="{$n['xenc']}">
                        <e:EncryptionMethod Algorithm="{$n['xenc']}rsa-oaep-mgf1p">
                          <DigestMethod Algorithm="{$n['d']}sha1"/>
                        </e:EncryptionMethod>
                        <KeyInfo>
                          <o:SecurityTokenReference>
                            <X509Data>
                              <X509IssuerSerial>
                                <X509IssuerName>{$token['issuer']}</X509IssuerName>
                                <X509SerialNumber>{$token['serial']}</X509SerialNumber>
                              </X509IssuerSerial>
                            </X509Data>
                          </o:SecurityTokenReference>
                        </KeyInfo>
                        <e:CipherData>
                          <e:CipherValue>{$token['wrapped']}</e:CipherValue>
                        </e:CipherData>
                      </e:EncryptedKey>
                    </KeyInfo>
                    <xenc:CipherData>
                      <xenc:CipherValue>{$token['data']}</xenc:CipherValue>
                    </xenc:CipherData>
                  </xenc:EncryptedData>
                  <Signature xmlns="{$n['d']}">
                    $signedInfo
                    <SignatureValue>$mac</SignatureValue>
                    <KeyInfo>
                      <o:SecurityTokenReference k:TokenType="$saml.1#SAMLV1.1" xmlns:k="$wss11">
                        <o:KeyIdentifier ValueType="$saml.0#SAMLAssertionID">{$token['id']}</o:KeyIdentifier>
                      </o:SecurityTokenReference>
                    </KeyInfo>
                  </Signature>
                </o:Security>
              </s:Header>
            </s:Envelope>
            XML));
        $body = paths(parsed($request))->query('/s:Envelope/s:Body')->item(0);
        $envelope->documentElement->appendChild($envelope->importNode($body, true));
        return $envelope->saveXML();
    }

    /** To the token service, with a Host header that names no port. */
    private function post(string $message): string
    {
        $curl = curl_init($this->sts);
        curl_setopt_array($curl, [
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => $message,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CAINFO => asked('CA'),
            CURLOPT_HTTPHEADER => [
                'Content-Type: application/soap+xml; charset=utf-8',
                'Host: ' . parse_url($this->sts, PHP_URL_HOST),
            ],
        ]);
        $answer = curl_exec($curl);
        if ($answer === false) {
            throw new RuntimeException(curl_error($curl));
        }
        return $answer;
    }
}

function open(string $service, ?string $password = null, bool $spoilt = false): KpsClient
{
    $wsdl = asked('BASE') . "/Services/Wsdl.ashx?Service=$service";
    return new KpsClient($wsdl, asked('USERNAME'), $password ?? asked('PASSWORD'), $spoilt);
}

function person(KpsClient $client, string $number): object
{
    $answer = $client->Sorgula(['kriterListesi' => [
        'BilesikKutukSorgulaKimlikNoSorguKriteri' => [[
            'DogumAy' => asked('MONTH'),
            'DogumGun' => asked('DAY'),
            'DogumYil' => asked('YEAR'),
            'KimlikNo' => $number,
        ]],
    ]]);
    return $answer->SorgulaResult->SorguSonucu->BilesikKutukBilgileri;
}

/** The code of the fault that a call ends with. */
function refusal(callable $call): string
{
    try {
        $call();
    } catch (SoapFault $fault) {
        return local($fault->faultcode);
    }
    return 'none';
}

const COMBINED = 'BilesikKutukSorgulaKimlikNoServis&Version=2023/02/01';
$client = open(COMBINED);
$found = person($client, asked('NUMBER'))->TCVatandasiKisiKutukleri;
tell('surname', $found->KisiBilgisi->TemelBilgisi->Soyad);
tell('section', $found->TCKKFotografBilgisi->HataBilgisi->Kod);
tell('nobody', person($client, asked('NOBODY'))->HataBilgisi->Kod);
$listed = open('KisiListeleServis')->Sayfala(['kriter' => ['Ilce' => 1]]);
tell('service', $listed->SayfalaResult->HataBilgisi->Kod);
// SoapClient shows the outer code of a SOAP 1.2 fault only.
tell('tampered', refusal(static fn () => person(open(COMBINED, null, true), asked('NUMBER'))));
tell('refusal', refusal(static fn () => person(open(COMBINED, WRONG_PASSWORD), asked('NUMBER'))));
