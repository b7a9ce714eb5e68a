/** NIST's Public Key Interoperability Test Suite, as the Debian package python3-cryptography-vectors brings it. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Certificate,
  type PolicyInputs,
  type RevocationList,
  readCertificate,
  readRevocationList,
  validatePath,
  X509Error,
} from '../../src/x509/index.js';

const vectors = findVectors();

test(
  'PKITS: path validation, policies, name constraints and revocation (RFC 5280 section 6) as the suite expects them',
  vectors.skip === false ? {} : vectors,
  (context) => {
    const suite = readSuite(vectors.skip === false ? vectors.directory : '');
    const wrong: string[] = [];
    let count = 0;
    for (const [name, leaf] of suite.leaves) {
      for (const [policies, expected] of cases[name] ?? [[{}, name.startsWith('Valid')] as const]) {
        count++;
        const codes = judge(suite, leaf, policies);
        const verdict = codes.filter((code) => !isStricter(name, code)).length === 0;
        if (verdict !== expected) wrong.push(`${name} ${JSON.stringify(policies)}: ${codes.join(', ') || 'accepted'}`);
      }
    }
    context.diagnostic(`${count} cases; unreadable: ${suite.unreadable.join(', ')}`);
    assert.deepEqual(wrong, []);
    assert.ok(count > 230, `${count} cases`);
    assert.deepEqual(suite.unreadable, unreadable);
  },
);

/** Keys of which a part stands in the issuer's certificate (DSA) are not read, and neither are signatures cut to bits. */
const unreadable = [
  'BadCRLSignatureCACRL.crl',
  'BadSignedCACert.crt',
  'DSAParametersInheritedCACert.crt',
  'InvalidDSASignatureTest6EE.crt',
  'ValidDSAParameterInheritanceTest5EE.crt',
];

/** What we refuse and the suite accepts: authorities as end entities, and DSA. */
function isStricter(name: string, code: string): boolean {
  if (code === 'weak-key' || code === 'weak-hash') return name.includes('DSA');
  return code === 'ca-as-leaf';
}

interface Suite {
  readonly leaves: ReadonlyMap<string, Certificate>;
  readonly authorities: readonly Certificate[];
  readonly anchor: Certificate;
  readonly lists: readonly RevocationList[];
  readonly unreadable: readonly string[];
}

function judge(suite: Suite, leaf: Certificate, policies: PolicyInputs): readonly string[] {
  const { findings } = validatePath({
    leaf,
    intermediates: suite.authorities,
    anchors: [suite.anchor],
    now: new Date('2020-01-01T00:00:00Z'),
    clockTrusted: true,
    purpose: 'client',
    revocationLists: suite.lists,
    revocationRequired: true,
    policies,
  });
  return findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}

function readSuite(directory: string): Suite {
  const refused: string[] = [];
  const all = <T>(folder: string, read: (der: Buffer) => T): ReadonlyMap<string, T> => {
    const found = new Map<string, T>();
    for (const file of readdirSync(join(directory, folder)).sort()) {
      try {
        found.set(file.replace(/\.\w+$/, ''), read(readFileSync(join(directory, folder, file))));
      } catch (error) {
        assert.ok(error instanceof X509Error, `${file}: ${String(error)}`);
        refused.push(file);
      }
    }
    return found;
  };
  const certificates = all('certs', readCertificate);
  const entries = [...certificates];
  return {
    leaves: new Map(entries.filter(([name]) => name.endsWith('EE'))),
    authorities: entries.filter(([name]) => !/EE$|^TrustAnchor/.test(name)).map(([, certificate]) => certificate),
    anchor: certificates.get('TrustAnchorRootCertificate')!,
    lists: [...all('crls', readRevocationList).values()],
    unreadable: refused.sort(),
  };
}

function findVectors(): { skip: string } | { skip: false; directory: string } {
  const listed = spawnSync('dpkg-query', ['-L', 'python3-cryptography-vectors'], { encoding: 'utf8' });
  const directory = (listed.stdout ?? '').split('\n').find((line) => line.endsWith('/PKITS_data'));
  if (directory !== undefined && existsSync(directory)) return { skip: false, directory };
  const reason = 'the test vectors of python3-cryptography-vectors are not installed';
  if (process.env.CI === 'true') throw new Error(`${reason}, and CI=true forbids skipping`);
  console.log(`skipped: ${reason}`);
  return { skip: reason };
}

const policy = (number: number): string => `2.16.840.1.101.3.2.1.48.${number}`;
const one: PolicyInputs = { acceptable: [policy(1)] };
const two: PolicyInputs = { acceptable: [policy(2)] };
const six: PolicyInputs = { acceptable: [policy(6)] };
const explicitPolicy = true;

/** The tests of PKITS 4.8 to 4.12 that have inputs of their own, or whose names do not tell what is expected. */
const cases: Readonly<Record<string, readonly (readonly [PolicyInputs, boolean])[]>> = {
  ValidCertificatePathTest1EE: [
    [{}, true],
    [{ explicitPolicy }, true],
    [{ explicitPolicy, ...one }, true],
    [{ explicitPolicy, ...two }, false],
    [{ explicitPolicy, acceptable: [policy(1), policy(2)] }, true],
  ],
  AllCertificatesNoPoliciesTest2EE: [
    [{}, true],
    [{ explicitPolicy }, false],
  ],
  DifferentPoliciesTest3EE: [
    [{}, true],
    [{ explicitPolicy }, false],
    [{ explicitPolicy, acceptable: [policy(1), policy(2)] }, false],
  ],
  DifferentPoliciesTest4EE: [[{}, false]],
  DifferentPoliciesTest5EE: [[{}, false]],
  OverlappingPoliciesTest6EE: [
    [{}, true],
    [one, true],
    [two, false],
  ],
  DifferentPoliciesTest7EE: [[{}, false]],
  DifferentPoliciesTest8EE: [[{}, false]],
  DifferentPoliciesTest9EE: [[{}, false]],
  AllCertificatesSamePoliciesTest10EE: [
    [{}, true],
    [one, true],
    [two, true],
  ],
  AllCertificatesanyPolicyTest11EE: [
    [{}, true],
    [one, true],
  ],
  DifferentPoliciesTest12EE: [[{}, false]],
  AllCertificatesSamePoliciesTest13EE: [
    [one, true],
    [two, true],
    [{ acceptable: [policy(3)] }, true],
  ],
  AnyPolicyTest14EE: [
    [one, true],
    [two, false],
  ],
  UserNoticeQualifierTest15EE: [[{}, true]],
  UserNoticeQualifierTest16EE: [[{}, true]],
  UserNoticeQualifierTest17EE: [[{}, true]],
  UserNoticeQualifierTest18EE: [
    [one, true],
    [two, true],
  ],
  UserNoticeQualifierTest19EE: [[{}, true]],
  CPSPointerQualifierTest20EE: [[{ explicitPolicy, ...one }, true]],
  ValidPolicyMappingTest1EE: [
    [one, true],
    [two, false],
    [{ inhibitMapping: true }, false],
  ],
  InvalidPolicyMappingTest2EE: [
    [{}, false],
    [{ inhibitMapping: true }, false],
  ],
  ValidPolicyMappingTest3EE: [
    [one, false],
    [two, true],
  ],
  ValidPolicyMappingTest5EE: [
    [one, true],
    [six, false],
  ],
  ValidPolicyMappingTest6EE: [
    [one, true],
    [six, false],
  ],
  ValidPolicyMappingTest12EE: [
    [one, true],
    [two, true],
  ],
  inhibitAnyPolicyTest3EE: [
    [{}, true],
    [{ inhibitAnyPolicy: true }, false],
  ],
};
