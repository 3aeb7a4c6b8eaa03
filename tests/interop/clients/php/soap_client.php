<?php
// PHP's own SoapClient, driven by the served WSDLs; the UsernameToken is a raw header.
declare(strict_types=1);

require __DIR__ . '/situation.php';

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

function client(string $wsdl, int $version): SoapClient
{
    $trusted = stream_context_create(['ssl' => ['cafile' => asked('CA'), 'verify_peer' => true]]);
    return new SoapClient($wsdl, [
        'cache_wsdl' => WSDL_CACHE_NONE,
        'soap_version' => $version,
        'stream_context' => $trusted,
        'exceptions' => true,
    ]);
}

function direct(string $password): SoapClient
{
    $version = DOOR === 'direct-1.2' ? SOAP_1_2 : SOAP_1_1;
    $address = asked('BASE') . '/kps/KisiSorgulaTCKimlikNoServis/2011/01/01';
    $client = client("$address?wsdl", $version);
    $name = htmlspecialchars(asked('USERNAME'), ENT_XML1);
    $token = '<o:Security xmlns:o="' . WSSE . '"><o:UsernameToken>'
        . "<o:Username>$name</o:Username><o:Password>$password</o:Password>"
        . '</o:UsernameToken></o:Security>';
    $client->__setSoapHeaders(new SoapHeader(WSSE, 'Security', new SoapVar($token, XSD_ANYXML)));
    return $client;
}

function ask(SoapClient $client, string $number): object
{
    $criteria = ['KisiSorgulaTCKimlikNoSorguKriteri' => [['TCKimlikNo' => (int) $number]]];
    $answer = $client->ListeleCoklu(['kriterListesi' => $criteria]);
    return $answer->ListeleCokluResult->SorguSonucu->KisiBilgisi;
}

if (DOOR === 'public') {
    $client = client(asked('BASE') . '/Service/KPSPublic.asmx?WSDL', SOAP_1_1);
    foreach (['right' => 0, 'wrong' => 1] as $name => $later) {
        // PHP matches operation names without regard to case; some programs rely on it.
        $answer = $client->TcKimlikNoDogrula([
            'TCKimlikNo' => (int) asked('NUMBER'),
            'Ad' => asked('GIVEN_NAME'),
            'Soyad' => asked('SURNAME'),
            'DogumYili' => (int) asked('YEAR') + $later,
        ]);
        tell($name, $answer->TCKimlikNoDogrulaResult);
    }
    exit(0);
}

$client = direct(asked('PASSWORD'));
tell('surname', ask($client, asked('NUMBER'))->TemelBilgisi->Soyad);
tell('nobody', ask($client, asked('NOBODY'))->HataBilgisi->Kod);
try {
    ask(direct(WRONG_PASSWORD), asked('NUMBER'));
} catch (SoapFault $fault) {
    tell('refusal', local($fault->faultcode));
}
