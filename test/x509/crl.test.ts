import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import {
  type Certificate,
  certificatePem,
  checkRevocation,
  type RevocationList,
  readContent,
  readRevocationList,
  validatePath,
} from '../../src/x509/index.js';
import { requireTool } from '../support/tools.js';
import { openssl, ordinaryChain, run, save, type TestChain, temporaryDirectory } from './support.js';

const directory = temporaryDirectory();
const now = new Date();
const hours = (count: number): Date => new Date(now.getTime() + count * 3_600_000);
let chain: TestChain;
before(async () => {
  chain = await ordinaryChain();
});

test('a list that openssl made: issuer, dates, serial numbers and reasons', requireTool('openssl'), async () => {
  const { leaf } = chain;
  const list = await listByOpenssl([{ certificate: leaf, reason: 'keyCompromise' }]);
  assert.deepEqual([...list.revoked.keys()], [leaf.serialNumber]);
  assert.equal(list.revoked.get(leaf.serialNumber)?.reason, 'keyCompromise');
  assert.equal(list.signature.name, 'ecdsa-with-SHA256');
  assert.equal(list.nextUpdate!.getTime() - list.thisUpdate.getTime(), 86_400_000);
  assert.deepEqual(list.unknownCritical, []);
});

test('revoked, not revoked, no list, an outdated list, a list under another key', requireTool('openssl'), async () => {
  const { leaf, intermediate, root } = chain;
  const path = [leaf, intermediate];
  const revoked = await listByOpenssl([{ certificate: leaf, reason: 'superseded' }]);
  const clean = await listByOpenssl([]);
  const judge = (lists: readonly RevocationList[], when: Date, required: boolean, clockTrusted = true) =>
    checkRevocation({ path, lists, now: when, clockTrusted, required }).map(
      ({ severity, code }) => `${severity} ${code}`,
    );
  assert.deepEqual(judge([clean], hours(1), true), []);
  assert.deepEqual(judge([revoked], hours(1), false), ['error revoked']);
  assert.deepEqual(judge([revoked], hours(48), false), ['error revoked']);
  assert.deepEqual(judge([clean], hours(48), true), ['error revocation-list-expired']);
  assert.deepEqual(judge([clean], hours(48), false), ['warning revocation-list-expired']);
  assert.deepEqual(judge([clean], hours(48), true, false), []);
  assert.deepEqual(judge([], hours(1), true), ['error revocation-unknown']);
  assert.deepEqual(judge([], hours(1), false), ['info revocation-unknown']);
  const forged = { ...clean, signatureOctets: Buffer.from(clean.signatureOctets).fill(1, 10, 20) };
  assert.deepEqual(judge([forged], hours(1), true), ['error revocation-list-unusable']);
  assert.deepEqual(judge([forged, clean], hours(1), true), []);
  const strange = { ...clean, unknownCritical: ['issuingDistributionPoint'] };
  assert.deepEqual(judge([strange], hours(1), true), ['error revocation-list-unusable']);
  // The root's list is not there: whoever needs one for every certificate is told.
  const found = validatePath({
    leaf,
    intermediates: [intermediate],
    anchors: [root],
    revocationLists: [revoked],
    revocationRequired: true,
    now: hours(1),
    clockTrusted: true,
  });
  assert.deepEqual(
    found.findings.filter(({ code }) => code.startsWith('revo')).map(({ code, position }) => [code, position]),
    [
      ['revoked', 0],
      ['revocation-unknown', 1],
    ],
  );
});

test('a list beside a certificate in PEM', requireTool('openssl'), async () => {
  const list = await listByOpenssl([]);
  const pem = readFileSync(join(directory, 'list.pem'), 'utf8');
  const content = await readContent(pem + certificatePem(chain.leaf));
  assert.deepEqual(
    content.revocationLists.map(({ der }) => der),
    [list.der],
  );
});

test(
  'a list for users alone says nothing of an authority, and one for authorities nothing of a user (RFC 5280 5.2.5)',
  requireTool('openssl'),
  async () => {
    const { leaf, intermediate } = chain;
    const idp = (flag: string): string => `[ext]\nissuingDistributionPoint=critical,@idp\n[idp]\n${flag}=TRUE\n`;
    const users = await listByOpenssl([{ certificate: leaf, reason: 'superseded' }], idp('onlyuser'));
    const authorities = await listByOpenssl([{ certificate: leaf, reason: 'superseded' }], idp('onlyCA'));
    assert.deepEqual(users.unknownCritical, []);
    const judge = (lists: readonly RevocationList[]) =>
      checkRevocation({ path: [leaf, intermediate], lists, now: hours(1), clockTrusted: true, required: true }).map(
        ({ code }) => code,
      );
    assert.deepEqual(judge([users]), ['revoked']);
    assert.deepEqual(judge([authorities]), ['revocation-unknown']);
  },
);

test('a certificate is no revocation list', () => {
  assert.throws(() => readRevocationList(chain.leaf.der), { name: 'X509Error', code: 'malformed' });
});

async function listByOpenssl(
  revoked: readonly { readonly certificate: Certificate; readonly reason: string }[],
  extensions = '[ext]\nauthorityKeyIdentifier=keyid\n',
): Promise<RevocationList> {
  save(directory, 'ca.pem', certificatePem(chain.intermediate));
  save(directory, 'ca.key', chain.intermediateKey.export({ type: 'pkcs8', format: 'pem' }));
  save(directory, 'index.txt', '');
  save(directory, 'crlnumber', '01\n');
  const ca =
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ncrl_extensions=ext\n';
  save(directory, 'ca.cnf', ca + extensions);
  const options = ['ca', '-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key'];
  for (const { certificate, reason } of revoked) {
    save(directory, 'revoked.pem', certificatePem(certificate));
    const done = openssl(directory, ...options, '-revoke', 'revoked.pem', '-crl_reason', reason);
    assert.equal(done.status, 0, done.text);
  }
  const made = run(directory, 'openssl', [...options, '-gencrl', '-crlhours', '24', '-out', 'list.pem']);
  assert.equal(made.status, 0, made.text);
  const der = openssl(directory, 'crl', '-in', 'list.pem', '-outform', 'DER').octets;
  return readRevocationList(der);
}
