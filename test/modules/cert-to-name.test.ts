/** Rules that name users by their certificates: one that no certificate can meet is told where it is written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { device } from './support.js';

const octets = (count: number) => Array<string>(count).fill('aa').join(':');

const cases: readonly (readonly [fingerprint: string, fault: string | undefined])[] = [
  [`04:${octets(32)}`, undefined],
  [`02:${octets(20)}`, undefined],
  ['04:aa', 'should have 32 octets of sha256 after its number, and has 1'],
  [`04:${octets(30)}`, 'should have 32 octets of sha256 after its number, and has 30'],
  [`09:${octets(32)}`, 'begins with 09, which is the number of no hash; sha256 has 04'],
  [octets(32), 'lacks the number of its hash: for sha256 write 04: in front of it'],
  [octets(20), 'lacks the number of its hash: for sha1 write 02: in front of it'],
];

test('a rule whose fingerprint is that of no certificate is told once (RFC 7407, tls-fingerprint; RFC 5246 7.4.1.4.1)', async (context) => {
  const { it } = await device(context);
  const clients = '/signet-https:https/client-authentication';
  for (const [index, [fingerprint, fault]] of cases.entries()) {
    const id = index + 1;
    const path = `${clients}/cert-to-name[id='${id}']`;
    const rule = { id, fingerprint, 'map-type': 'ietf-x509-cert-to-name:common-name' };
    const { findings } = await it.apply([['create', path, rule]]);
    const text = `the fingerprint can be that of no certificate: it ${fault}`;
    const expected = fault === undefined ? [] : [{ severity: 'warning', path: `${path}/fingerprint`, text }];
    assert.deepEqual(findings, expected);
  }
  const last = `${clients}/cert-to-name[id='1']/map-type`;
  assert.deepEqual((await it.apply([['merge', last, 'ietf-x509-cert-to-name:san-any']])).findings, []);
});
