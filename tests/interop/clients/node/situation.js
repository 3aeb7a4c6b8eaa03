// What the test tells a client through its environment, and how the client tells what it saw:
// one name=value line for each finding.  The authority comes with NODE_EXTRA_CA_CERTS.
'use strict';

const asked = (name) => {
    const value = process.env[`INTEROP_${name}`];
    if (value === undefined) throw new Error(`INTEROP_${name} is not set`);
    return value;
};

const base = asked('BASE');
module.exports = {
    base,
    publicAddress: `${base}/Service/KPSPublic.asmx`,
    directAddress: `${base}/kps/KisiSorgulaTCKimlikNoServis/2011/01/01`,
    username: asked('USERNAME'),
    password: asked('PASSWORD'),
    wrongPassword: `wrong-${asked('PASSWORD')}`,
    number: Number(asked('NUMBER')),
    nobody: Number(asked('NOBODY')),
    givenName: asked('GIVEN_NAME'),
    surname: asked('SURNAME'),
    year: Number(asked('YEAR')),
    month: Number(asked('MONTH')),
    day: Number(asked('DAY')),
    connect: asked('CONNECT'),
    door: process.argv[2],
    tell: (name, value) => console.log(`${name}=${value}`),
    run: (main) => main().catch((error) => {
        console.error(error);
        process.exit(1);
    }),
};
