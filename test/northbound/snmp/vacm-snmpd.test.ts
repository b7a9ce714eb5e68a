import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../support/places.js';
import { run } from '../../support/run.js';
import { requireTool } from '../../support/tools.js';
import { startLab } from './support/lab.js';

const system = [1, 3, 6, 1, 2, 1, 1];
const views = 24;

interface Family {
  readonly subtree: readonly number[];
  readonly mask: readonly boolean[];
  readonly included: boolean;
}

test('24 random views over the system group show what Net-SNMP snmpd shows', requireTool('snmpd'), async (context) => {
  const directory = await temporaryDirectory(context);
  const sets = Array.from({ length: views }, (_, index) => familiesOf(7919 * (index + 1)));
  const lab = await startLab({ fromTree: true });
  const port = await freePort();
  const file = join(directory, 'snmpd.conf');
  await writeFile(file, snmpdConfig(port, sets));
  const env = { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: directory };
  const args = ['-f', '-Lo', '-C', '-c', file, '-p', join(directory, 'pid'), '-I', 'system_mib,vacm_conf,usmConf'];
  const daemon = spawn('snmpd', args, { env, stdio: 'ignore' });
  const exit = once(daemon, 'exit');
  try {
    await lab.write('/ietf-snmp:snmp', {
      community: sets.map((_, index) => ({ index: `c${String(index)}`, 'security-name': `s${String(index)}` })),
      vacm: {
        group: sets.map((_, index) => ({
          name: `g${String(index)}`,
          member: [{ 'security-name': `s${String(index)}`, 'security-model': ['v2c'] }],
          access: [
            {
              context: '',
              'security-model': 'v2c',
              'security-level': 'no-auth-no-priv',
              'read-view': `v${String(index)}`,
            },
          ],
        })),
        view: sets.map((families, index) => ({ name: `v${String(index)}`, ...asTexts(families) })),
      },
    });
    let shown = 0;
    for (const [index, families] of sets.entries()) {
      const theirs = await visible(port, index, 5);
      shown += theirs.length;
      assert.deepEqual(await visible(lab.port, index, 0), theirs, JSON.stringify(asTexts(families)));
    }
    assert.ok(shown > views && shown < 7 * views, String(shown));
  } finally {
    daemon.kill();
    await exit;
    await lab.close();
  }
});

/** Random families around the instances of the system group, from a seed. */
function familiesOf(seed: number): Family[] {
  let state = seed;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const families = new Map<string, Family>();
  for (let count = 2 + next(5); count > 0; count -= 1) {
    const name = [...system, 1 + next(7), 0];
    const length = 5 + next(5);
    const mask = name.slice(0, length).map((_, index) => index < 4 || next(4) > 0);
    const subtree = mask.map((is, index) => (is ? name[index]! : 0));
    families.set(subtree.join('.'), { subtree, mask, included: next(3) > 0 });
  }
  return [...families.values()];
}

function asTexts(families: readonly Family[]) {
  const of = (included: boolean) =>
    families
      .filter((family) => family.included === included)
      .map(({ subtree, mask }) => subtree.map((arc, index) => (mask[index] ? String(arc) : '*')).join('.'));
  return { include: of(true), exclude: of(false) };
}

function snmpdConfig(port: number, sets: readonly (readonly Family[])[]): string {
  const octets = (mask: readonly boolean[]) =>
    [0, 8].map((from) => {
      const bits = Array.from({ length: 8 }, (_, index) => mask[from + index] ?? true);
      return bits.reduce((octet, bit) => octet * 2 + (bit ? 1 : 0), 0).toString(16);
    });
  const lines = sets.flatMap((families, at) => {
    const n = String(at);
    return [
      `com2sec s${n} default c${n}`,
      `group g${n} v2c s${n}`,
      `access g${n} "" v2c noauth exact v${n} none none`,
      ...families.map(
        ({ subtree, mask, included }) =>
          `view v${n} ${included ? 'included' : 'excluded'} .${subtree.join('.')} ${octets(mask).join('.')}`,
      ),
    ];
  });
  return [`agentAddress udp:127.0.0.1:${String(port)}`, 'sysServices 72', ...lines, ''].join('\n');
}

async function visible(port: number, index: number, retries: number): Promise<string[]> {
  const names: string[] = [];
  for (let arc = 1; arc <= 7; arc += 1) names.push([...system, arc, 0].join('.'));
  const args = [
    '-v2c',
    '-c',
    `c${String(index)}`,
    '-On',
    '-t',
    '1',
    '-r',
    String(retries),
    `127.0.0.1:${String(port)}`,
  ];
  const { stdout, stderr, status } = await run('snmpget', [...args, ...names], { env: { MIBS: '' } });
  assert.equal(status, 0, stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !/No Such/u.test(line))
    .map((line) => line.split(' ')[0]!);
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
