import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { formatMib } from '../../../src/northbound/snmp/tools.js';
import { run } from '../../support/run.js';
import { type Lab, startLab, v3 } from './support/lab.js';
import { ietfMibs, skipOf } from './support/mib-tools.js';

suite('values as a station shows and sets them that has our MIB', skipOf('snmpget'), () => {
  let lab: Lab;
  let directory: string;
  const tool = (name: string, options: readonly string[], ...operands: readonly string[]) => {
    const files = ['-M', `${directory}:${ietfMibs!}`, '-m', 'SIGNET-LAB-MIB', '-r', '0'];
    return run(name, [...options, ...v3('admin'), ...files, `127.0.0.1:${String(lab.port)}`, ...operands]);
  };
  const get = async (object: string) => (await tool('snmpget', ['-OQv'], `SIGNET-LAB-MIB::${object}`)).stdout.trim();
  const set = async (object: string, type: string, value: string) => {
    const { status, stderr } = await tool('snmpset', [], `SIGNET-LAB-MIB::${object}`, type, value);
    assert.equal(status, 0, stderr);
  };

  before(async () => {
    lab = await startLab();
    directory = await mkdtemp(join(tmpdir(), 'signet-mibs-'));
    const text = formatMib(lab.schema, lab.schema.modules.get('signet-lab')!)!;
    await writeFile(join(directory, 'SIGNET-LAB-MIB.mib'), text);
  });
  after(async () => {
    await lab.close();
    await rm(directory, { recursive: true });
  });

  test('BITS: set by the names of the bits, shown by them', async () => {
    await set('signetLabFlags.0', 'b', '0 9');
    assert.equal(lab.read('/signet-lab:lab/flags'), 'one nine');
    const { stdout } = await tool('snmpget', ['-Ov'], 'SIGNET-LAB-MIB::signetLabFlags.0');
    assert.match(stdout, /^BITS: 80 40 (?:one\(0\) nine\(9\)|0 9)\s*$/u);
  });

  test('TruthValue and enumerations: by their labels', async () => {
    await set('signetLabEnabled.0', 'i', 'false');
    await set('signetLabKind.0', 'i', 'betaTwo');
    assert.equal(lab.read('/signet-lab:lab/enabled'), false);
    assert.equal(lab.read('/signet-lab:lab/kind'), 'beta-two');
    assert.deepEqual([await get('signetLabEnabled.0'), await get('signetLabKind.0')], ['false', 'betaTwo']);
  });

  test('DateAndTime: by its DISPLAY-HINT', async () => {
    await set('signetLabMoment.0', 'x', '07ea0b1c0d1e0f032b0130');
    assert.equal(await get('signetLabMoment.0'), '2026-11-28,13:30:15.3,+1:48');
  });

  test('the types of the columns are those of the textual conventions', async () => {
    const described = async (object: string) => {
      const files = ['-M', `${directory}:${ietfMibs!}`, '-m', 'SIGNET-LAB-MIB', '-Td'];
      return (await run('snmptranslate', [...files, `SIGNET-LAB-MIB::${object}`])).stdout;
    };
    assert.match(await described('signetLabFlags'), /SYNTAX\s+BITS \{one\(0\), nine\(9\)\}/u);
    assert.match(await described('signetLabEnabled'), /TEXTUAL CONVENTION TruthValue/u);
    assert.match(await described('signetLabMoment'), /TEXTUAL CONVENTION DateAndTime/u);
  });
});
