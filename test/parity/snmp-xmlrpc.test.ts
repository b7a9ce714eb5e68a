/** One scenario by SNMP on one agent and by XML-RPC on another: the trees come out the same. Net-SNMP and Python are the clients. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import {
  type Authority,
  makeAuthority,
  rpcCalls,
  run,
  snmpArguments,
  standardMibs,
  succeed,
} from '../interop/support.js';
import { makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';

const missing = ['openssl', 'python3', 'snmpset', 'snmptable'].map((tool) => requireTool(tool).skip).find(Boolean);
const skip =
  missing ?? (standardMibs() === undefined ? 'the standard MIB modules (erlang-snmp) are not installed' : false);

type Edit = Readonly<{ path: string; operation?: string; value?: unknown }>;

interface Step {
  readonly name: string;
  /** SETs, one after the other: object (without the module), type and value as snmpset takes them. */
  readonly snmp: readonly (readonly (readonly [object: string, type: string, value: string])[])[];
  /** What one config.apply takes. */
  readonly xmlrpc: readonly Edit[];
}

describe('SNMP and XML-RPC make the same tree', { skip }, () => {
  const places: Awaited<ReturnType<typeof makeState>>[] = [];
  let bySnmp: RunningAgent;
  let byXmlRpc: RunningAgent;
  let authority: Authority;

  before(async () => {
    for (let agent = 0; agent < 2; agent += 1) places.push(await makeState());
    authority = await makeAuthority(places[0]!.directory);
    [bySnmp, byXmlRpc] = await Promise.all([startAgent(places[0]!), startAgent(places[1]!)]);
  });
  after(async () => {
    for (const agent of [bySnmp, byXmlRpc]) assert.equal(await agent?.stop(), 0);
    for (const place of places) await place.remove();
  });

  const set = async (values: readonly (readonly [string, string, string])[]) => {
    const operands = values.flatMap(([object, type, value]) => [`SIGNET-HTTPS-MIB::signetHttps${object}`, type, value]);
    const { status, stdout, stderr } = await run('snmpset', [...snmpArguments(bySnmp), ...operands]);
    assert.equal(status, 0, `${operands.join(' ')}: ${stdout}${stderr}`);
  };
  const apply = async (edits: readonly Edit[]) => {
    const [answer] = await rpcCalls(byXmlRpc, [['config.apply', [edits]]]);
    assert.equal(answer?.fault, undefined);
  };
  const configuration = async (agent: RunningAgent) => {
    const [answer] = await rpcCalls(agent, [['config.get', ['https', 'intended']]]);
    assert.equal(answer?.fault, undefined);
    return answer?.value;
  };

  test('rows, columns, nested rows, leaf-lists in order, long values, removal', async () => {
    const anchor = Buffer.from(
      (await readFile(authority.rootFile, 'utf8')).replace(/-----[^-]+-----|\s/gu, ''),
      'base64',
    );
    const segments = Array.from({ length: Math.ceil(anchor.length / 1000) }, (_, at) => {
      const octets = anchor.subarray(at * 1000, at * 1000 + 1000).toString('hex');
      return [[`TrustAnchorCertificateSegmentOctets."root".1.${String(at + 1)}`, 'x', octets]] as const;
    });
    const steps: readonly Step[] = [
      {
        name: 'an entry with columns',
        snmp: [
          [
            ["CertificateRowStatus.'web'", 'i', 'createAndGo'],
            ["CertificateCommonName.'web'", 's', 'web.example.net'],
            ["CertificateOrganization.'web'", 's', 'Exämple'],
            ["CertificateValidityDays.'web'", 'u', '365'],
            ["CertificateAutoRenew.'web'", 'i', 'false'],
          ],
        ],
        xmlrpc: [
          {
            path: 'https.certificate[web]',
            value: {
              name: 'web',
              subject: { 'common-name': 'web.example.net', organization: 'Exämple' },
              'validity-days': 365,
              'auto-renew': false,
            },
          },
        ],
      },
      {
        name: 'a nested entry whose keys fit no OID, and another entry',
        snmp: [
          [
            ['CertificateSubjectAlternativeNameRowStatus."web".1', 'i', 'createAndGo'],
            ['CertificateSubjectAlternativeNameType."web".1', 'i', 'dns'],
            ['CertificateSubjectAlternativeNameValue."web".1', 's', 'web.example.net'],
          ],
          [["CertificateRowStatus.'other'", 'i', 'createAndWait']],
          [["CertificateCommonName.'other'", 's', 'other.example.net']],
          [["CertificateRowStatus.'other'", 'i', 'active']],
        ],
        xmlrpc: [
          { path: 'https.certificate[web].subject-alternative-name[dns][web.example.net]', value: {} },
          { path: 'https.certificate[other].subject.common-name', value: 'other.example.net' },
        ],
      },
      {
        name: 'a column is changed, one is unset, an entry goes',
        snmp: [
          [
            ["CertificateLocality.'web'", 's', 'Springfield'],
            ["CertificateUnset.'web'", 'u', '8'],
            ["CertificateRowStatus.'other'", 'i', 'destroy'],
          ],
        ],
        xmlrpc: [
          { path: 'https.certificate[web].subject.locality', value: 'Springfield' },
          { path: 'https.certificate[web].subject.organization', operation: 'delete' },
          { path: 'https.certificate[other]', operation: 'delete' },
        ],
      },
      {
        name: 'a leaf-list in the order of the user',
        snmp: [
          [
            ['GroupsRowStatus.1', 'i', 'createAndGo'],
            ['GroupsValue.1', 'i', 'x25519'],
          ],
          [
            ['GroupsRowStatus.2', 'i', 'createAndGo'],
            ['GroupsValue.2', 'i', 'secp384r1'],
          ],
          [['GroupsAfter.2', 'u', '0']],
        ],
        xmlrpc: [{ path: 'https.hello-params.groups', value: ['secp384r1', 'x25519'] }],
      },
      {
        name: 'a value of more than 255 octets',
        snmp: [
          ...segments,
          [
            ["TrustAnchorRowStatus.'root'", 'i', 'createAndGo'],
            ['TrustAnchorCertificateRowStatus."root".1', 'i', 'createAndGo'],
            ['TrustAnchorCertificateValueDigest."root".1', 'x', createHash('sha256').update(anchor).digest('hex')],
          ],
        ],
        xmlrpc: [
          {
            path: 'https.trust-anchor[root]',
            value: { name: 'root', certificate: [anchor.toString('base64')] },
          },
        ],
      },
    ];
    for (const { name, snmp, xmlrpc } of steps) {
      for (const values of snmp) await set(values);
      await apply(xmlrpc);
      assert.deepEqual(await configuration(bySnmp), await configuration(byXmlRpc), name);
    }
  });

  test('snmptable lays a table out by its MIB, and bulk walks of it equal others', async () => {
    const table = 'SIGNET-HTTPS-MIB::signetHttpsCertificateTable';
    const laidOut = await succeed('snmptable', ['-Ci', '-Cf', '|', ...snmpArguments(bySnmp), table]);
    const [, , head = '', ...rows] = laidOut.trimEnd().split('\n');
    const names = head.split('|');
    const web = rows.map((row) => row.split('|')).find((row) => row[0] === "'web'");
    const cell = (column: string) => web?.[names.indexOf(`signetHttpsCertificate${column}`)];
    assert.deepEqual(
      [cell('CommonName'), cell('Locality'), cell('RowStatus')],
      ['web.example.net', 'Springfield', 'active'],
    );
    const walk = (tool: string) => succeed(tool, ['-On', ...snmpArguments(bySnmp), table]);
    assert.equal(await walk('snmpbulkwalk'), await walk('snmpwalk'));
  });
});
