// "soap" or "strong-soap" on every WSDL that is named: survey.js PACKAGE URL...
'use strict';

const { promisify } = require('node:util');

const [name, ...addresses] = process.argv.slice(2);
const library = require(name);
const createClient = promisify((library.soap ?? library).createClient);

(async () => {
    for (const address of addresses) {
        const description = (await createClient(address, {})).describe();
        const ports = Object.values(description).flatMap((service) => Object.values(service));
        const found = Math.min(...ports.map((port) => Object.keys(port).length));
        console.log(`${found} ${address}`);
    }
})().catch((error) => {
    console.error(error);
    process.exit(1);
});
