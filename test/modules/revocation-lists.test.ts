/** Revocation lists that would keep nobody out are told where they are configured, and refused where it is sure. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ListOptions, makeRevocationList } from '../x509/lists.js';
import { caExtensions, issue, testKey } from '../x509/support.js';
import { day, device, noon, refusalOf } from './support.js';

const clients = '/signet-https:https/client-authentication';
const crl = `${clients}/crl`;

/** A device that trusts one authority of clients, and a maker of lists in base64. */
async function withAuthority(context: TestContext) {
  const { it } = await device(context);
  const key = (await testKey('ec-p256', 'clients')).privateKey;
  const other = (await testKey('ec-p256', 'other')).privateKey;
  const dates = { notBefore: new Date(noon - day), notAfter: new Date(noon + 900 * day) };
  const make = (commonName: string) =>
    issue({ ...dates, subject: { commonName }, key, extensions: caExtensions(key, key) });
  const [issuer, stranger] = [await make('Clients'), await make('Stranger')];
  await it.apply([
    [
      'create',
      "/signet-https:https/trust-anchor[name='a']",
      { name: 'a', certificate: [issuer.der.toString('base64')] },
    ],
    ['merge', `${clients}/ca-certs`, ['a']],
  ]);
  const list = async (options: Partial<ListOptions> = {}): Promise<Buffer> => {
    const lifetime = { thisUpdate: new Date(noon - day), nextUpdate: new Date(noon + day) };
    return (await makeRevocationList({ issuer, key, ...lifetime, ...options })).der;
  };
  const set = async (...lists: readonly Buffer[]): Promise<readonly string[]> => {
    const { findings } = await it.apply([['replace', crl, lists.map((each) => each.toString('base64'))]]);
    return findings.filter(({ path }) => path === crl).map(({ severity, text }) => `${severity} ${text}`);
  };
  const raise = () => refusalOf(() => it.apply([['merge', '/signet-https:https/security-level', 'high']]));
  return { it, list, set, raise, other, stranger };
}

test('a list whose authority did not sign it is refused (RFC 5280 6.3.3 (g))', async (context) => {
  const { it, list, set } = await withAuthority(context);
  assert.deepEqual(await set(await list()), []);
  const forged = Buffer.from(await list({ number: 2 }));
  forged[forged.length - 1]! ^= 1;
  const refused = await refusalOf(async () => set(await list(), forged));
  assert.equal(
    refused,
    `invalid-value ${crl}: revocation list 2 is of CN=Clients, but its signature was not made by the key of this trust anchor`,
  );
  // The anchor that comes in later is looked at as well.
  await it.apply([['remove', `${clients}/ca-certs`]]);
  assert.match((await set(forged)).join(), /^warning .*which is not among the trust anchors of clients/);
  assert.match(
    await refusalOf(() => it.apply([['merge', `${clients}/ca-certs`, ['a']]])),
    /list 1 is of CN=Clients, but/,
  );
});

for (const [what, make, text] of [
  [
    'of the name of the authority but under another key',
    ({ list, other }) => list({ key: other }),
    /signed by another key than that of the trust anchor of this name/,
  ],
  [
    'with a critical extension that is not known (RFC 5280 5.2)',
    ({ list }) => list({ isStrange: true }),
    /must not be used: it has critical extensions that are not known: 1\.3\.6\.1\.4\.1\.32473\.99/,
  ],
  [
    'that is a delta without its complete list (RFC 5280 5.2.4)',
    ({ list }) => list({ number: 3, base: 2 }),
    /is a delta list: configure the complete list that it amends, number 2 or later/,
  ],
  ['of attribute certificates', ({ list }) => list({ scope: 'attributes' }), /speaks of attribute certificates only/],
] as readonly (readonly [string, (with_: Awaited<ReturnType<typeof withAuthority>>) => Promise<Buffer>, RegExp])[]) {
  test(`a list ${what} is a warning, and refused at level high`, async (context) => {
    const it = await withAuthority(context);
    const [finding, ...rest] = await it.set(await make(it));
    assert.deepEqual(rest, []);
    assert.match(finding ?? '', /^warning revocation list 1 /);
    assert.match(finding ?? '', text);
    assert.match(await it.raise(), text);
  });
}

test('a delta beside its complete list is used, and nothing is said of it', async (context) => {
  const { list, set } = await withAuthority(context);
  assert.deepEqual(await set(await list({ number: 2 }), await list({ number: 3, base: 2 })), []);
  assert.match((await set(await list({ number: 1 }), await list({ number: 3, base: 2 }))).join(), /list 2 is a delta/);
});

test('a list of an issuer that is not among the anchors is told at every level, as its signature cannot be judged', async (context) => {
  const { it, list, set, other, stranger } = await withAuthority(context);
  const foreign = await list({ issuer: stranger, key: other });
  const told = /^warning revocation list 1 is of CN=Stranger, which is not among the trust anchors of clients/;
  assert.match((await set(foreign)).join('|'), told);
  const { findings } = await it.apply([['merge', '/signet-https:https/security-level', 'high']]);
  assert.match(findings.map(({ severity, text }) => `${severity} ${text}`).join('|'), told);
});
