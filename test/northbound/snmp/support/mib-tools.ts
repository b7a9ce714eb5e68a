/** The IETF's MIB modules, and what judges ours by them. */
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../support/run.js';
import { requireTool } from '../../../support/tools.js';

/** The folder with them, which Debian ships in erlang-snmp only. */
export const ietfMibs: string | undefined = find();

const noModules = ietfMibs === undefined ? 'erlang-snmp is not installed' : false;

/** A reason to skip where the modules or the tool are missing. */
export const skipOf = (tool: string) => ({ skip: noModules === false ? requireTool(tool).skip : noModules });

/** What smilint at level 6 says of modules that may import each other; '' where it has nothing to say. */
export async function lint(directory: string, mibs: ReadonlyMap<string, string>): Promise<string> {
  for (const [name, text] of mibs) await writeFile(join(directory, `${name}.mib`), text);
  let said = '';
  for (const name of mibs.keys()) {
    const file = join(directory, `${name}.mib`);
    const env = { SMIPATH: `${ietfMibs!}:${directory}` };
    const { stdout, stderr } = await run('smilint', ['-l', '6', '-s', '-m', file], { env });
    said += stdout + stderr;
  }
  return said;
}

/** The OIDs of objects by their names (`MODULE::object`), as snmptranslate has them. */
export async function translate(directory: string, operands: readonly string[]): Promise<string[]> {
  const module = [...new Set(operands.map((operand) => operand.split('::')[0]!))].join(':');
  const path = `${ietfMibs!}:${directory}`;
  const { stdout } = await run('snmptranslate', ['-M', path, '-m', module, '-On', ...operands]);
  return stdout.split(/\s+/u).filter(Boolean);
}

/** What a tool says of anything but Debian's SNMP-COMMUNITY-MIB, which names an object that is none. */
export function complaints(stderr: string): string {
  return stderr.replace(/^Undefined OBJECT-GROUP \(snmpCommunitySecurityLevel\).*\n/mu, '');
}

function find(): string | undefined {
  const parent = '/usr/lib/erlang/lib';
  try {
    const folder = readdirSync(parent).find((name) => name.startsWith('snmp-'));
    if (folder !== undefined) return join(parent, folder, 'mibs');
  } catch {
    // told below
  }
  if (process.env['CI'] === 'true') throw new Error('erlang-snmp is not installed, and CI=true forbids skipping');
  console.log('skipped: erlang-snmp (MIB modules of the IETF) is not installed');
  return undefined;
}
