<?php
// SoapClient on every WSDL that is named: survey.php URL...
declare(strict_types=1);

$trusted = stream_context_create(['ssl' => ['cafile' => getenv('INTEROP_CA')]]);
foreach (array_slice($argv, 1) as $address) {
    $client = new SoapClient($address, [
        'cache_wsdl' => WSDL_CACHE_NONE,
        'stream_context' => $trusted,
    ]);
    echo count(array_unique($client->__getFunctions())), " $address\n";
}
