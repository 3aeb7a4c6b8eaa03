// The bare Node clients of the field (wire B.2, number 2, pretty-printed), with the host names
// compiled in: only name resolution leads here.  Requests are chunked, answers are read with
// regular expressions: the last KeyIdentifier, the inner XML of RequestedSecurityToken.
'use strict';

const crypto = require('node:crypto');
const https = require('node:https');
const tls = require('node:tls');
const at = require('./situation');

const STS = 'https://kimlikdogrulama.ornek.example/Services/Issuer.svc/IWSTrust13';
const ROUTER = 'https://kpsv2.ornek.example/Services/RoutingService.svc';
const KPS = 'http://kps.nvi.gov.tr';
const COMBINED = `${KPS}/2024/04/01`;
const OASIS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
const WSU = `${OASIS}wssecurity-utility-1.0.xsd`;
const TRUST = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512';
const SAML = 'http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1';
const SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

// What an entry in the hosts file (and the port that a NAT changes) would do.
const [host, port] = at.connect.split(':');
const agent = new https.Agent({ keepAlive: false });
agent.createConnection = (options) => tls.connect({ ...options, host, port: Number(port) });

const post = (address, body) => new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/soap+xml; charset=utf-8' };
    const request = https.request(address, { method: 'POST', headers, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => { text += part; });
        response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject);
    // Written before it is ended, and without a length: Transfer-Encoding is chunked.
    request.write(body);
    request.end();
});

const moments = () => {
    const plain = (milliseconds) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
    return [plain(Date.now()), plain(Date.now() + 300000)];
};

const envelope = (to, action, security, body) => `<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:wst="${TRUST}" xmlns:wsse="${OASIS}wssecurity-secext-1.0.xsd" xmlns:wsu="${WSU}" xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">
  <s:Header>
    <a:MessageID>urn:uuid:${crypto.randomUUID()}</a:MessageID>
    <a:To>${to}</a:To>
    <a:Action>${action}</a:Action>
    <wsse:Security s:mustUnderstand="1">
${security}
    </wsse:Security>
  </s:Header>
  <s:Body>
${body}
  </s:Body>
</s:Envelope>`;

const tokenRequest = (password) => {
    const [created, expires] = moments();
    return envelope(STS, `${TRUST}/RST/Issue`, `      <wsu:Timestamp wsu:Id="_0">
        <wsu:Created>${created}</wsu:Created>
        <wsu:Expires>${expires}</wsu:Expires>
      </wsu:Timestamp>
      <wsse:UsernameToken wsu:Id="Me">
        <wsse:Username>${at.username}</wsse:Username>
        <wsse:Password Type="${OASIS}username-token-profile-1.0#PasswordText">${password}</wsse:Password>
      </wsse:UsernameToken>`, `    <wst:RequestSecurityToken>
      <wst:TokenType>${SAML}.1#SAMLV1.1</wst:TokenType>
      <wst:RequestType>${TRUST}/Issue</wst:RequestType>
      <wsp:AppliesTo>
        <a:EndpointReference><a:Address>${ROUTER}</a:Address></a:EndpointReference>
      </wsp:AppliesTo>
      <wst:KeyType>${TRUST}/SymmetricKey</wst:KeyType>
    </wst:RequestSecurityToken>`);
};

const readToken = ({ status, text }) => {
    if (status >= 400) throw new Error(`sts http ${status}: ${text}`);
    const inner = (name) => new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*[^/>])?>([\\s\\S]*?)</(?:\\w+:)?${name}>`, 'g');
    const names = [...text.matchAll(inner('KeyIdentifier'))];
    return {
        xml: inner('RequestedSecurityToken').exec(text)[1],
        key: Buffer.from(inner('BinarySecret').exec(text)[1], 'base64'),
        name: names.at(-1)[1],
    };
};

const query = async (token, action, payload, spoil = false) => {
    const [created, expires] = moments();
    const space = '\n        ';
    const inside = `${space}<wsu:Created>${created}</wsu:Created>${space}<wsu:Expires>${expires}</wsu:Expires>\n      `;
    const canonical = `<wsu:Timestamp xmlns:wsu="${WSU}" wsu:Id="_0">${inside}</wsu:Timestamp>`;
    const digest = crypto.createHash('sha1').update(canonical).digest('base64');
    const signedInfo = `<SignedInfo xmlns="${SIGNATURE}">
            <CanonicalizationMethod Algorithm="${EXCLUSIVE}"></CanonicalizationMethod>
            <SignatureMethod Algorithm="${SIGNATURE}hmac-sha1"></SignatureMethod>
            <Reference URI="#_0">
            <Transforms><Transform Algorithm="${EXCLUSIVE}"></Transform></Transforms>
            <DigestMethod Algorithm="${SIGNATURE}sha1"></DigestMethod>
            <DigestValue>${digest}</DigestValue>
            </Reference>
            </SignedInfo>`;
    const key = spoil ? crypto.randomBytes(32) : token.key;
    const value = crypto.createHmac('sha1', key).update(signedInfo).digest('base64');
    const answer = await post(ROUTER, envelope(ROUTER, action, `      <wsu:Timestamp wsu:Id="_0">${inside}</wsu:Timestamp>
      ${token.xml}
      <Signature xmlns="${SIGNATURE}">
        ${signedInfo.replace(` xmlns="${SIGNATURE}"`, '')}
        <SignatureValue>${value}</SignatureValue>
        <KeyInfo>
          <wsse:SecurityTokenReference>
            <wsse:KeyIdentifier ValueType="${SAML}.0#SAMLAssertionID">${token.name}</wsse:KeyIdentifier>
          </wsse:SecurityTokenReference>
        </KeyInfo>
      </Signature>`, payload));
    return answer.text;
};

const criteria = (number) => `    <Sorgula xmlns="${COMBINED}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
      <kriterListesi>
        <BilesikKutukSorgulaKimlikNoSorguKriteri>
          <DogumAy>${at.month}</DogumAy>
          <DogumGun>${at.day}</DogumGun>
          <DogumYil>${at.year}</DogumYil>
          <KimlikNo>${number}</KimlikNo>
        </BilesikKutukSorgulaKimlikNoSorguKriteri>
      </kriterListesi>
    </Sorgula>`;

const fault = (text) => {
    const value = /<s:Subcode><s:Value[^>]*>\w+:(\w+)</.exec(text);
    return value ? value[1] : text;
};

const code = (text, path) => {
    const parts = path.split('/').map((name) => `<(?:\\w+:)?${name}(?:\\s[^>]*[^/>])?>`);
    const found = new RegExp(`${parts.join('[\\s\\S]*?')}[\\s\\S]*?<(?:\\w+:)?Kod>(\\d+)<`).exec(text);
    return found ? found[1] : text;
};

at.run(async () => {
    const token = readToken(await post(STS, tokenRequest(at.password)));
    const action = `${COMBINED}/BilesikKutukSorgulaKimlikNoServis/Sorgula`;
    const person = await query(token, action, criteria(at.number));
    at.tell('surname', /<TemelBilgisi>[\s\S]*?<Soyad>([^<]*)</.exec(person)?.[1] ?? person);
    at.tell('section', code(person, 'TCKKFotografBilgisi/HataBilgisi'));
    at.tell('nobody', code(await query(token, action, criteria(at.nobody)), 'BilesikKutukBilgileri/HataBilgisi'));
    const listing = `<Sayfala xmlns="${KPS}/2011/01/01"><kriter><Ilce>1</Ilce></kriter></Sayfala>`;
    const refused = await query(token, `${KPS}/2011/01/01/KisiListeleServis/Sayfala`, listing);
    at.tell('service', code(refused, 'SayfalaResult/HataBilgisi'));
    at.tell('unknown_action', fault(await query(token, `${action}Yok`, criteria(at.number))));
    at.tell('tampered', fault(await query(token, action, criteria(at.number), true)));
    at.tell('refusal', fault((await post(STS, tokenRequest(at.wrongPassword))).text));
});
