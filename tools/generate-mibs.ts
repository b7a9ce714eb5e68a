/** Writes mibs/*.mib from schema/; with `--check` it fails where one differs from what is there. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatMib, mibModuleName, mibModules } from '../src/northbound/snmp/tools.js';
import { loadSchema } from '../src/yang/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

process.exitCode = main(process.argv.includes('--check'));

function main(check: boolean): number {
  const { schema, errors } = loadSchema({ directories: [join(root, 'schema')] });
  for (const { file, line, message } of errors) console.error(`${file}:${String(line)}: ${message}`);
  if (errors.length > 0) return 1;
  const folder = join(root, 'mibs');
  const wanted = new Map(
    mibModules(schema).map((module) => [`${mibModuleName(module)}.mib`, formatMib(schema, module) ?? '']),
  );
  return check ? compare(folder, wanted) : write(folder, wanted);
}

function compare(folder: string, wanted: ReadonlyMap<string, string>): number {
  const names = new Set([...published(folder), ...wanted.keys()]);
  const stale = [...names].filter((name) => wanted.get(name) !== readOr(join(folder, name)));
  for (const name of stale) console.error(`mibs/${name} is not what the schema says; run npm run mib`);
  return stale.length === 0 ? 0 : 1;
}

function write(folder: string, wanted: ReadonlyMap<string, string>): number {
  mkdirSync(folder, { recursive: true });
  for (const name of published(folder)) if (!wanted.has(name)) rmSync(join(folder, name));
  for (const [name, text] of wanted) writeFileSync(join(folder, name), text);
  return 0;
}

function published(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.mib'));
}

function readOr(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
