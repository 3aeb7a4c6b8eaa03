// Verifies signed answers with xml-crypto: verify.js CERTIFICATE FILE...
// A file is right if the signature is, and covers Timestamp, receipt and Body.
'use strict';

const fs = require('node:fs');
const { DOMParser } = require('@xmldom/xmldom');
const { SignedXml } = require('xml-crypto');

const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#';
const [certificate, ...files] = process.argv.slice(2);
const publicCert = fs.readFileSync(certificate, 'utf8');

const judge = (file) => {
    const text = fs.readFileSync(file, 'utf8');
    const document = new DOMParser().parseFromString(text, 'text/xml');
    const signature = document.getElementsByTagNameNS(SIGNATURE, 'Signature')[0];
    const signed = new SignedXml({ publicCert, idMode: 'wssecurity', getCertFromKeyInfo: () => null });
    signed.loadSignature(signature);
    try {
        if (!signed.checkSignature(text)) return 'refused';
    } catch (error) {
        if (process.env.INTEROP_DEBUG) console.error(error);
        return 'refused';
    }
    const parts = signed.getSignedReferences().map((part) => part.match(/^<(?:\w+:)?(\w+)/)[1]);
    return `verified:${parts.sort().join(',')}`;
};

for (const file of files) console.log(`${file}=${judge(file)}`);
