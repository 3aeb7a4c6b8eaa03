<?php
// The oldest hand-written shape (wire B.2, number 3), with the host names compiled in: Security
// first, neither MessageID nor ReplyTo nor mustUnderstand, no Type on the password, white space
// inside the signed Timestamp.  DOM canonicalises what is signed.
declare(strict_types=1);

require __DIR__ . '/situation.php';

const STS = 'https://kimlikdogrulama.ornek.example/services/issuer.svc/iwstrust13';
const ROUTER = 'https://kpsv2.ornek.example/Services/RoutingService.svc';
const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const WSA = 'http://www.w3.org/2005/08/addressing';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const OASIS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
const WSU = OASIS . 'wssecurity-utility-1.0.xsd';
const WSSE = OASIS . 'wssecurity-secext-1.0.xsd';
const TRUST = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512';
const SAML = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const COMBINED = 'http://kps.nvi.gov.tr/2024/04/01';
const FIRST = 'http://kps.nvi.gov.tr/2011/01/01';

function envelope(string $to, string $action, string $security, string $body): string
{
    return '<s:Envelope xmlns:s="' . SOAP . '" xmlns:wsa="' . WSA . '" xmlns:dsig="' . DSIG
        . '" xmlns:wsu="' . WSU . '" xmlns:wsse="' . WSSE . '" xmlns:wst="' . TRUST
        . '" xmlns:b="' . FIRST . '"><s:Header><wsse:Security>' . $security
        . "</wsse:Security><wsa:To>$to</wsa:To><wsa:Action>$action</wsa:Action></s:Header>"
        . "<s:Body>$body</s:Body></s:Envelope>";
}

function stamp(): string
{
    $created = gmdate('Y-m-d\TH:i:s\Z');
    $expires = gmdate('Y-m-d\TH:i:s\Z', time() + 300);
    return '<wsu:Timestamp xmlns:wsu="' . WSU . '" wsu:Id="_0">' . "\n"
        . "  <wsu:Created>$created</wsu:Created>\n  <wsu:Expires>$expires</wsu:Expires>\n"
        . '</wsu:Timestamp>';
}

/** POST to a compiled-in name, which resolves to the gateway: [status, answer]. */
function post(string $address, string $message): array
{
    $curl = curl_init($address);
    curl_setopt_array($curl, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => $message,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CAINFO => asked('CA'),
        // As an entry in the hosts file would: the name stays, in TLS and in Host.
        CURLOPT_CONNECT_TO => ['::' . asked('CONNECT')],
        CURLOPT_HTTPHEADER => ['Content-Type: application/soap+xml; charset=utf-8'],
    ]);
    $answer = curl_exec($curl);
    if ($answer === false) {
        throw new RuntimeException(curl_error($curl));
    }
    return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $answer];
}

function token_request(string $password): string
{
    $name = asked('USERNAME');
    return envelope(
        STS,
        TRUST . '/RST/Issue',
        stamp() . "<wsse:UsernameToken><wsse:Username>$name</wsse:Username>"
            . "<wsse:Password>$password</wsse:Password></wsse:UsernameToken>",
        '<wst:RequestSecurityToken><wst:TokenType>' . SAML . '.1#SAMLV1.1</wst:TokenType>'
            . '<wst:RequestType>' . TRUST . '/Issue</wst:RequestType>'
            . '<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">'
            . '<wsa:EndpointReference><wsa:Address>' . ROUTER . '</wsa:Address>'
            . '</wsa:EndpointReference></wsp:AppliesTo><wst:KeyType>' . TRUST
            . '/SymmetricKey</wst:KeyType></wst:RequestSecurityToken>'
    );
}

/** The token (the first child, as it stands), its name and the proof key. */
function token(string $answer): array
{
    $document = new DOMDocument();
    $document->loadXML($answer);
    $paths = new DOMXPath($document);
    $paths->registerNamespace('t', TRUST);
    $paths->registerNamespace('o', WSSE);
    $secret = $paths->query('//t:RequestedProofToken/t:BinarySecret')->item(0);
    if ($secret === null) {
        throw new RuntimeException("no BinarySecret: $answer");
    }
    $child = $paths->query('//t:RequestedSecurityToken')->item(0)->firstChild;
    return [
        $document->saveXML($child),
        $paths->query('//t:RequestedAttachedReference//o:KeyIdentifier')->item(0)->nodeValue,
        base64_decode($secret->nodeValue, true),
    ];
}

function query(array $token, string $action, string $payload, bool $spoilt = false): string
{
    [$xml, $name, $key] = $token;
    $signature = '<dsig:Signature><dsig:SignedInfo>
        <dsig:CanonicalizationMethod Algorithm="' . EXCLUSIVE . '"/>
        <dsig:SignatureMethod Algorithm="' . DSIG . 'hmac-sha1"/>
        <dsig:Reference URI="#_0"><dsig:Transforms><dsig:Transform Algorithm="' . EXCLUSIVE . '"/>
        </dsig:Transforms><dsig:DigestMethod Algorithm="' . DSIG . 'sha1"/>
        <dsig:DigestValue/></dsig:Reference></dsig:SignedInfo><dsig:SignatureValue/><dsig:KeyInfo>
        <wsse:SecurityTokenReference><wsse:KeyIdentifier ValueType="' . SAML
        . '.0#SAMLAssertionID">' . $name . '</wsse:KeyIdentifier></wsse:SecurityTokenReference>
        </dsig:KeyInfo></dsig:Signature>';
    $document = new DOMDocument();
    $document->loadXML(envelope(ROUTER, $action, stamp() . $xml . $signature, $payload));
    $paths = new DOMXPath($document);
    $paths->registerNamespace('d', DSIG);
    $paths->registerNamespace('u', WSU);
    $canonical = $paths->query('//u:Timestamp')->item(0)->C14N(true, false);
    $digest = base64_encode(sha1($canonical, true));
    $paths->query('//d:Signature//d:DigestValue')->item(0)->nodeValue = $digest;
    $signed = $paths->query('//d:SignedInfo')->item(0)->C14N(true, false);
    $mac = hash_hmac('sha1', $signed, $spoilt ? random_bytes(32) : $key, true);
    $paths->query('//d:SignatureValue')->item(0)->nodeValue = base64_encode($mac);
    return post(ROUTER, $document->saveXML($document->documentElement))[1];
}

function criteria(string $number): string
{
    return '<Sorgula xmlns="' . COMBINED . '"><kriterListesi>
        <BilesikKutukSorgulaKimlikNoSorguKriteri>
          <DogumAy>' . asked('MONTH') . '</DogumAy>
          <DogumGun>' . asked('DAY') . '</DogumGun>
          <DogumYil>' . asked('YEAR') . '</DogumYil>
          <KimlikNo>' . $number . '</KimlikNo>
        </BilesikKutukSorgulaKimlikNoSorguKriteri></kriterListesi></Sorgula>';
}

/** Drops every colon and reads the answer by its prefixed names, as these programs do. */
function read(string $answer): SimpleXMLElement
{
    return simplexml_load_string(preg_replace('/(<\/?)(\w+):/', '$1$2', $answer));
}

function fault(string $answer): string
{
    return local((string) read($answer)->sBody->sFault->sCode->sSubcode->sValue);
}

[$status, $answer] = post(STS, token_request(asked('PASSWORD')));
if ($status !== 200) {
    throw new RuntimeException("sts http $status: $answer");
}
$token = token($answer);
$action = COMBINED . '/BilesikKutukSorgulaKimlikNoServis/Sorgula';
$record = read(query($token, $action, criteria(asked('NUMBER'))))
    ->sBody->SorgulaResponse->SorgulaResult->SorguSonucu->BilesikKutukBilgileri;
$citizen = $record->TCVatandasiKisiKutukleri;
tell('surname', $citizen->KisiBilgisi->TemelBilgisi->Soyad);
tell('section', $citizen->TCKKFotografBilgisi->HataBilgisi->cKod);
$record = read(query($token, $action, criteria(asked('NOBODY'))))
    ->sBody->SorgulaResponse->SorgulaResult->SorguSonucu->BilesikKutukBilgileri;
tell('nobody', $record->HataBilgisi->bKod);
$listing = '<Sayfala xmlns="' . FIRST . '"><kriter><Ilce>1</Ilce></kriter></Sayfala>';
$listed = read(query($token, FIRST . '/KisiListeleServis/Sayfala', $listing));
tell('service', $listed->sBody->SayfalaResponse->SayfalaResult->HataBilgisi->Kod);
tell('unknown_action', fault(query($token, $action . 'Yok', criteria(asked('NUMBER')))));
tell('tampered', fault(query($token, $action, criteria(asked('NUMBER')), true)));
tell('refusal', fault(post(STS, token_request(WRONG_PASSWORD))[1]));
