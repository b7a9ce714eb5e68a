import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { type Certificate, type ChainFinding, certificatePem, validatePath } from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { issue, openssl, readTampered, run, save, seededRandom, temporaryDirectory, testKey } from './support.js';
import {
  authoritySlots,
  authorityVariants,
  type Making,
  middleName,
  rootName,
  type Slots,
  serverSlots,
  serverVariants,
  type Variant,
} from './variants.js';

const directory = temporaryDirectory();
const now = new Date('2027-01-01T00:00:00Z');
const long = process.env.SIGNET_LONG === '1';
const pairs = long ? 5000 : 300;
const seed = 20_270_101;

interface Pair {
  readonly root: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly leaf: Certificate;
  readonly variants: readonly Variant[];
}

test(`${pairs} chains: the verdict is that of openssl's strict mode (RFC 5280 sections 4 and 6)`, {
  timeout: 600_000,
  ...requireTool('openssl'),
}, async (context) => {
  const random = seededRandom(seed);
  const explained = new Map<string, number>();
  const disagreements: string[] = [];
  let valid = 0;
  for (let round = 0; round < pairs; round++) {
    const pair = await makePair(random);
    const judged = byOpenssl(pair);
    const ours = errors(pair);
    if (judged.accepted) valid++;
    if (judged.accepted === (ours.length === 0)) continue;
    const why = judged.accepted ? reasonToRefuse(pair, ours) : reasonToAccept(pair);
    if (why !== undefined) explained.set(why, (explained.get(why) ?? 0) + 1);
    else disagreements.push(`${round}: ${describePair(pair)}\n  openssl: ${judged.text}\n  we: ${textOf(ours)}`);
  }
  for (const [why, count] of explained) context.diagnostic(`${count} chains are judged otherwise by openssl: ${why}`);
  context.diagnostic(`seed ${seed}: ${pairs} chains, ${valid} accepted by openssl`);
  assert.equal(
    disagreements.length,
    0,
    `${disagreements.length} disagreements\n${disagreements.slice(0, 20).join('\n')}`,
  );
  assert.ok(valid > pairs / 10 && valid < (pairs * 9) / 10, `${valid} of ${pairs} are valid`);
});

test('what we accept, certtool accepts: one chain for each variant of a server certificate and of its issuer', {
  timeout: 600_000,
  ...requireTool('certtool'),
}, async (context) => {
  const refused: string[] = [];
  let compared = 0;
  for (const [kind, list] of [
    ['authority', authorityVariants],
    ['server', serverVariants],
  ] as const) {
    for (const variant of list) {
      const chosen = kind === 'authority' ? [ordinary, variant, ordinary] : [ordinary, ordinary, variant];
      // certtool judges by the time of the machine.
      if (variant.dates !== undefined) continue;
      const pair = await makeChain(chosen, { notBefore: days(-100), notAfter: days(100) });
      if (errors(pair, days(0)).length > 0) continue;
      compared++;
      const judged = byCerttool(pair);
      if (!judged.accepted && certtoolDiffers[variant.name] === undefined)
        refused.push(`${describePair(pair)}\n  certtool: ${judged.text}`);
    }
  }
  context.diagnostic(`${compared} chains compared`);
  assert.deepEqual(refused, []);
  assert.ok(compared > 50, `${compared} compared`);
});

/** What GnuTLS refuses though the standards and OpenSSL do not. */
const certtoolDiffers: Readonly<Record<string, string>> = {
  'critical OCSP no-check': 'not known to GnuTLS',
  'critical netscapeCertType server': 'not known to GnuTLS',
  'critical addresses 192.0.2/24': 'not known to GnuTLS',
  'addresses out of order': 'not known to GnuTLS',
  'explicit policy after one, with anyPolicy': 'GnuTLS knows no policyConstraints in a server certificate',
  'issuer in capitals': 'GnuTLS compares names octet by octet, RFC 5280 7.1 does not',
  'issuer with blanks': 'GnuTLS compares names octet by octet, RFC 5280 7.1 does not',
  'permits an address of a wrong length': 'GnuTLS looks at constraints that concern no name of the chain',
  'excludes the directory O=Test': 'GnuTLS has no constraints of directory names',
  'permits a registered id': 'GnuTLS has no constraints of registered ids',
  'excludes another-name 1.2.3': 'GnuTLS has no constraints of other names',
  'excludes another-name 1.2.4': 'GnuTLS has no constraints of other names',
};

function days(count: number): Date {
  return new Date(Math.floor(Date.now() / 1000) * 1000 + count * 86_400_000);
}

/** user-initial-policy-set of RFC 5280 6.1.1 (c); without it openssl accepts no policy at all. */
const anyPolicy = '2.5.29.32.0';

const ordinary: Variant = { name: 'ordinary' };

/** Root, one or two intermediates and a server certificate, each ordinary or with one variant. */
async function makePair(random: (limit: number) => number): Promise<Pair> {
  const pick = (list: readonly Variant[], chance: number): Variant =>
    random(100) < chance ? list[random(list.length)]! : ordinary;
  const middles = Array.from({ length: 1 + random(2) }, () => pick(authorityVariants, 55));
  return makeChain([pick(authorityVariants, 12), ...middles, pick(serverVariants, 55)]);
}

/** By variants from the root down. */
async function makeChain(variants: readonly Variant[], dates: Variant['dates'] = {}): Promise<Pair> {
  const made: Certificate[] = [];
  let issuer: { readonly subject: NonNullable<Variant['subject']>; readonly key: KeyObject } | undefined;
  for (const [index, variant] of variants.entries()) {
    const isLeaf = index === variants.length - 1;
    const key = await keyFor(variant.key, isLeaf ? 'leaf' : `authority ${index}`);
    const own = index === 0 ? rootName : isLeaf ? leafName : index === 1 ? middleName : secondName;
    const subject = index === 0 ? own : (variant.subject ?? own);
    const making: Making = { key, issuerKey: issuer?.key ?? key, issuer: made.at(-1) };
    const slots: Slots = {
      ...(isLeaf ? serverSlots(making) : authoritySlots(making)),
      ...variant.slots?.(making),
    };
    const issuerName = index === 1 ? variant.issuerName : undefined;
    const certificate = await issue({
      subject,
      key,
      ...(issuer === undefined
        ? {}
        : { issuer: { ...issuer, ...(issuerName === undefined ? {} : { subject: issuerName }) } }),
      extensions: variant.version === 1 ? [] : Object.values(slots).flatMap((value) => value ?? []),
      ...dates,
      ...variant.dates,
      ...(variant.version === undefined ? {} : { version: variant.version }),
    });
    made.push(variant.tampered === true && index > 0 ? readTampered(certificate) : certificate);
    issuer = { subject, key };
  }
  const [root, ...rest] = made;
  return { root: root!, intermediates: rest.slice(0, -1), leaf: rest.at(-1)!, variants };
}

const leafName = { commonName: 'server.example' };

const secondName = { organization: 'Tést', commonName: 'Second' };

const keys = new Map<string, KeyObject>();

async function keyFor(kind: string | undefined, place: string): Promise<KeyObject> {
  const name = `${kind ?? 'ec-p256'} ${place}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const made = await makeKey(kind ?? 'ec-p256', place);
  keys.set(name, made);
  return made;
}

async function makeKey(kind: string, place: string): Promise<KeyObject> {
  switch (kind) {
    case 'explicit':
      return generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey;
    case 'secp256k1':
      return generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
    case 'rsa-1024':
      return generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    default:
      return (await testKey(kind as 'ec-p256', place)).privateKey;
  }
}

interface Verdict {
  readonly accepted: boolean;
  readonly text: string;
}

function byOpenssl({ root, intermediates, leaf }: Pair): Verdict {
  save(directory, 'root.pem', certificatePem(root));
  save(directory, 'middle.pem', intermediates.map(certificatePem).join(''));
  save(directory, 'leaf.pem', certificatePem(leaf));
  const rules = ['-x509_strict', '-purpose', 'sslserver', '-policy_check', '-policy', anyPolicy, '-auth_level', '2'];
  const options = [...rules, '-attime', String(now.getTime() / 1000)];
  const judged = openssl(
    directory,
    'verify',
    ...options,
    '-CAfile',
    'root.pem',
    '-untrusted',
    'middle.pem',
    'leaf.pem',
  );
  const text = judged.text.split('\n').find((line) => line.startsWith('error ')) ?? judged.text;
  return { accepted: judged.text.includes('leaf.pem: OK'), text };
}

function byCerttool({ root, intermediates, leaf }: Pair): Verdict {
  save(directory, 'root.pem', certificatePem(root));
  save(directory, 'chain.pem', [leaf, ...intermediates].map(certificatePem).join(''));
  const options = ['--verify', '--verify-purpose', '1.3.6.1.5.5.7.3.1'];
  const judged = run(directory, 'certtool', [...options, '--load-ca-certificate', 'root.pem', '--infile', 'chain.pem']);
  const last = judged.text
    .split('\n')
    .filter((line) => /verification output/i.test(line))
    .at(-1);
  return { accepted: judged.status === 0, text: last ?? judged.text };
}

function errors({ root, intermediates, leaf }: Pair, when = now): readonly ChainFinding[] {
  const { findings } = validatePath({ leaf, intermediates, anchors: [root], now: when, clockTrusted: true });
  return findings.filter(({ severity }) => severity === 'error') as readonly ChainFinding[];
}

/** Why we may refuse what openssl accepts: every one of our errors is explained by a variant that is in the chain. */
function reasonToRefuse({ variants }: Pair, ours: readonly ChainFinding[]): string | undefined {
  const reasons = variants.flatMap(({ stricter }) => stricter ?? []);
  const isExplained = ours.every(({ code }) => reasons.some((reason) => reason.code === code));
  return isExplained ? reasons[0]?.why : undefined;
}

function reasonToAccept({ variants }: Pair): string | undefined {
  const last = variants.length - 1;
  return variants.find(({ laxer }, index) => laxer?.place === 'any' || (laxer?.place === 'server' && index === last))
    ?.laxer?.why;
}

function describePair({ variants }: Pair): string {
  return variants.map(({ name }) => name).join(' > ');
}

function textOf(findings: readonly ChainFinding[]): string {
  return findings.map(({ code, text, position }) => `${code} at ${position ?? '-'}: ${text}`).join('; ') || 'accepted';
}
