// The package "soap": the first port that suits, UsernameToken with its own WSSecurity.
'use strict';

const soap = require('soap');
const at = require('./situation');

const ask = async (client, number) => {
    const criteria = { KisiSorgulaTCKimlikNoSorguKriteri: [{ TCKimlikNo: number }] };
    const [answer] = await client.ListeleCokluAsync({ kriterListesi: criteria });
    return answer.ListeleCokluResult.SorguSonucu.KisiBilgisi[0];
};

const open = async (password) => {
    const options = at.door === 'direct-1.2' ? { forceSoap12Headers: true } : {};
    const client = await soap.createClientAsync(`${at.directAddress}?wsdl`, options);
    client.setSecurity(new soap.WSSecurity(at.username, password, { hasTimeStamp: false }));
    return client;
};

at.run(async () => {
    if (at.door === 'public') {
        const client = await soap.createClientAsync(`${at.publicAddress}?wsdl`);
        const person = { TCKimlikNo: at.number, Ad: at.givenName, Soyad: at.surname };
        for (const [name, year] of [['right', at.year], ['wrong', at.year + 1]]) {
            const [answer] = await client.TCKimlikNoDogrulaAsync({ ...person, DogumYili: year });
            at.tell(name, answer.TCKimlikNoDogrulaResult);
        }
        return;
    }
    const client = await open(at.password);
    at.tell('surname', (await ask(client, at.number)).TemelBilgisi.Soyad);
    at.tell('nobody', (await ask(client, at.nobody)).HataBilgisi.Kod);
    try {
        await ask(await open(at.wrongPassword), at.number);
    } catch (error) {
        const fault = error.root.Envelope.Body.Fault;
        const code = fault.faultcode ?? fault.Code.Subcode.Value;
        at.tell('refusal', String(code.$value ?? code).split(':').pop());
    }
});
