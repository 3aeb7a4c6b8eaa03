// The package "strong-soap": a fork of "soap" with a reader and a writer of its own.
'use strict';

const { promisify } = require('node:util');
const { soap } = require('strong-soap');
const at = require('./situation');

const createClient = promisify(soap.createClient);

const ask = async (operation, question) => {
    const { result } = await new Promise((resolve, reject) => {
        operation(question, (error, result) => (error ? reject(error) : resolve({ result })));
    });
    return result;
};

const open = async (password) => {
    const client = await createClient(`${at.directAddress}?wsdl`, {});
    client.setSecurity(new soap.WSSecurity(at.username, password, { hasTimeStamp: false }));
    const port = at.door === 'direct-1.2' ? 'CustomBinding_' : 'BasicHttpBinding_';
    const name = 'KisiSorgulaTCKimlikNoServis';
    const operation = client[name][port + name].ListeleCoklu;
    return async (number) => {
        const criteria = { KisiSorgulaTCKimlikNoSorguKriteri: [{ TCKimlikNo: number }] };
        const answer = await ask(operation, { kriterListesi: criteria });
        const people = answer.ListeleCokluResult.SorguSonucu.KisiBilgisi;
        return Array.isArray(people) ? people[0] : people;
    };
};

at.run(async () => {
    if (at.door === 'public') {
        const client = await createClient(`${at.publicAddress}?wsdl`, {});
        const person = { TCKimlikNo: at.number, Ad: at.givenName, Soyad: at.surname };
        const operation = client.KPSPublic.KPSPublicSoap.TCKimlikNoDogrula;
        for (const [name, year] of [['right', at.year], ['wrong', at.year + 1]]) {
            const answer = await ask(operation, { ...person, DogumYili: year });
            at.tell(name, answer.TCKimlikNoDogrulaResult);
        }
        return;
    }
    const person = await open(at.password);
    at.tell('surname', (await person(at.number)).TemelBilgisi.Soyad);
    at.tell('nobody', (await person(at.nobody)).HataBilgisi.Kod);
    try {
        await (await open(at.wrongPassword))(at.number);
    } catch (error) {
        const fault = (error.root ?? error.cause?.root).Envelope.Body.Fault;
        const code = fault.faultcode ?? fault.Code.Subcode.Value;
        at.tell('refusal', String(code.$value ?? code).split(':').pop());
    }
});
