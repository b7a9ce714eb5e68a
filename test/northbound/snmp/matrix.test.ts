/** Every version and every pair of algorithms with each foreign manager that has it: all walk the same column. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ListData } from '../../../src/yang/index.js';
import { run } from '../../support/run.js';
import { requireTool } from '../../support/tools.js';
import { labOid as base, community, type Lab, type Protocols, passPhrase, startLab, tool, v3 } from './support/lab.js';

const column = `${base}.20.1.2`;
const auths = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;
const ciphers = ['des', 'aes128', 'aes192', 'aes192c', 'aes256', 'aes256c'] as const;

/** Users by what their keys are for: nothing, authentication, or both. */
const users: Readonly<Record<string, Protocols>> = Object.fromEntries<Protocols>([
  ['none', {}],
  ...auths.map((auth): [string, Protocols] => [auth, { auth }]),
  ...auths.flatMap((auth) => ciphers.map((priv): [string, Protocols] => [`${auth}-${priv}`, { auth, priv }])),
]);

const python = '/usr/bin/python3';

type Cells = Readonly<Record<string, string>>;

/** One walk; of a community where there is no user. */
interface Walk {
  readonly version: 'v1' | 'v2c' | 'v3';
  readonly user?: string;
}

const byCommunity: readonly Walk[] = [{ version: 'v1' }, { version: 'v2c' }];
const titleOf = ({ version, user = community }: Walk) => `${version} ${user}`;

const pysnmpMissing = await reasonToSkip('pysnmp', python, ['-c', 'import pysnmp']);
const modules = ['Net::SNMP', 'Crypt::DES', 'Crypt::Rijndael', 'Digest::HMAC', 'JSON::PP'].map((name) => `-M${name}`);
const perlMissing = await reasonToSkip("Perl's Net::SNMP with its modules for v3", 'perl', [...modules, '-e1']);

suite('versions and algorithms', () => {
  let lab: Lab;
  let expected: Cells;
  before(async () => {
    lab = await startLab({ users });
    const item = Array.from({ length: 60 }, (_, at) => ({ id: (at * 7919) % 4096, label: `item ${String(at)}` }));
    await lab.write('/signet-lab:lab/item', item);
    // what the tree itself has
    const items = lab.read('/signet-lab:lab/item');
    assert.ok(items instanceof ListData);
    const label = items.schema.byName.get('label')![0];
    assert.ok(label?.kind === 'leaf');
    const entries = Array.from(items, (entry) => [`${column}.${String(entry.keys()[0])}`, String(entry.leaf(label))]);
    expected = Object.fromEntries(entries) as Cells;
    assert.equal(entries.length, 60);
  });
  after(() => lab.close());

  suite('Net-SNMP', requireTool('snmpbulkwalk'), () => {
    const walk = async ({ version, user }: Walk): Promise<Cells> => {
      const options = user === undefined ? [`-${version}`, '-c', community] : v3(user, users[user]);
      const name = version === 'v1' ? 'snmpwalk' : 'snmpbulkwalk';
      const { stdout, stderr } = await tool(lab, name, [...options, '-OQ'], column);
      const lines = [...stdout.matchAll(/^\.([\d.]+) = "(.*)"$/gmu)].map(([, oid, value]) => [oid!, value!]);
      return lines.length === 0 ? { failure: stdout + stderr } : (Object.fromEntries(lines) as Cells);
    };
    for (const each of byCommunity)
      test(`${titleOf(each)}: the column`, async () => assert.deepEqual(await walk(each), expected));
    for (const user of Object.keys(users)) {
      test(`v3 ${user}: the column`, async () => assert.deepEqual(await walk({ version: 'v3', user }), expected));
    }
  });

  /** The answers of a program that takes port, column, pass phrase and walks, and prints what it saw of each. */
  const answersOf = async (program: readonly string[], walks: readonly Walk[]): Promise<Record<string, Cells>> => {
    const jobs = walks.map((each) => {
      const { auth, priv } = users[each.user ?? ''] ?? {};
      return {
        name: titleOf(each),
        version: each.version,
        user: each.user ?? community,
        auth: auth ?? '',
        priv: priv ?? '',
      };
    });
    const [name = '', ...args] = program;
    const operands = [String(lab.port), column, passPhrase, JSON.stringify(jobs)];
    const options = { env: { PYTHONWARNINGS: 'ignore' }, timeoutMs: 120_000 };
    const { stdout, stderr } = await run(name, [...args, ...operands], options);
    assert.match(stdout, /^\{/u, stderr);
    return JSON.parse(stdout) as Record<string, Cells>;
  };

  suite('pysnmp', { skip: pysnmpMissing }, () => {
    test('every one of them', async () => {
      const walks: Walk[] = [...byCommunity];
      for (const user of Object.keys(users)) walks.push({ version: 'v3', user });
      const answers = await answersOf([python, '-c', pysnmp], walks);
      assert.deepEqual(answers, Object.fromEntries(walks.map((each) => [titleOf(each), expected])));
    });
  });

  suite("Perl's Net::SNMP", { skip: perlMissing }, () => {
    test('what it has: MD5 and SHA-1 with none, DES and AES-128', async () => {
      const has = ({ auth = 'md5', priv = 'des' }: Protocols) =>
        ['md5', 'sha1'].includes(auth) && ['des', 'aes128'].includes(priv);
      const own = Object.keys(users).filter((user) => has(users[user]!));
      const walks = [...byCommunity, ...own.map((user): Walk => ({ version: 'v3', user }))];
      assert.equal(walks.length, 2 + 1 + 2 + 4);
      const answers = await answersOf(['perl', '-e', perl], walks);
      assert.deepEqual(answers, Object.fromEntries(walks.map((each) => [titleOf(each), expected])));
    });
  });
});

/** What a program does that ends with 0 only where it has all it needs. */
async function reasonToSkip(name: string, program: string, args: readonly string[]): Promise<string | false> {
  const isThere = await run(program, args).then(
    ({ status }) => status === 0,
    () => false,
  );
  if (isThere) return false;
  if (process.env['CI'] === 'true') throw new Error(`${name} is not installed, and CI=true forbids skipping`);
  console.log(`skipped: ${name} is not installed`);
  return `${name} is not installed`;
}

const pysnmp = `
import sys, json
from pysnmp.hlapi import *
port, column, phrase, jobs = int(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
auths = {'': usmNoAuthProtocol, 'md5': usmHMACMD5AuthProtocol, 'sha1': usmHMACSHAAuthProtocol, 'sha224': usmHMAC128SHA224AuthProtocol,
         'sha256': usmHMAC192SHA256AuthProtocol, 'sha384': usmHMAC256SHA384AuthProtocol, 'sha512': usmHMAC384SHA512AuthProtocol}
ciphers = {'': usmNoPrivProtocol, 'des': usmDESPrivProtocol, 'aes128': usmAesCfb128Protocol, 'aes192': usmAesBlumenthalCfb192Protocol,
           'aes192c': usmAesCfb192Protocol, 'aes256': usmAesBlumenthalCfb256Protocol, 'aes256c': usmAesCfb256Protocol}
answers = {}
for job in jobs:
    engine = SnmpEngine()
    if job['version'] == 'v3':
        who = UsmUserData(job['user'], phrase if job['auth'] else None, phrase if job['priv'] else None,
                          authProtocol=auths[job['auth']], privProtocol=ciphers[job['priv']])
    else:
        who = CommunityData(job['user'], mpModel=0 if job['version'] == 'v1' else 1)
    at = (engine, who, UdpTransportTarget(('127.0.0.1', port), timeout=5, retries=1), ContextData())
    name = ObjectType(ObjectIdentity(column))
    walk = nextCmd(*at, name, lexicographicMode=False) if job['version'] == 'v1' else bulkCmd(*at, 0, 25, name, lexicographicMode=False)
    cells = {}
    for failure, status, index, binds in walk:
        if failure or status:
            cells = {'failure': str(failure or status)}
            break
        for oid, value in binds:
            cells[str(oid)] = str(value)
    answers[job['name']] = cells
print(json.dumps(answers))
`;

const perl = `
use Net::SNMP; use JSON::PP;
my ($port, $column, $phrase, $jobs) = @ARGV;
my %answers;
for my $job (@{decode_json($jobs)}) {
  my @who = $job->{version} eq 'v3' ? (-username => $job->{user}) : (-community => $job->{user});
  push @who, (-authprotocol => substr($job->{auth}, 0, 3), -authpassword => $phrase) if $job->{auth};
  push @who, (-privprotocol => substr($job->{priv}, 0, 3), -privpassword => $phrase) if $job->{priv};
  my ($session, $error) = Net::SNMP->session(-hostname => '127.0.0.1', -port => $port, -version => "snmp$job->{version}",
    -timeout => 5, -retries => 1, @who);
  my $cells = $session ? $session->get_table(-baseoid => $column) : undef;
  $answers{$job->{name}} = $cells // { failure => $session ? $session->error : $error };
}
print encode_json(\\%answers);
`;
