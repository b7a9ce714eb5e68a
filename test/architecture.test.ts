/** The table of rooms in ARCHITECTURE.md, enforced: who may import whom, through which door, and with which libraries. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { repositoryRoot } from './support/places.js';

interface Import {
  /** File below src/, with slashes. */
  readonly from: string;
  readonly line: number;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

interface Rule {
  /** Rooms whose index this room may import. */
  readonly ours: readonly string[];
  /** Rooms of which it may import types only. */
  readonly types?: readonly string[];
  /** Packages beside Node's own modules. */
  readonly packages?: readonly string[];
  /** Where given, the only modules of Node that the room may import. */
  readonly node?: readonly string[];
  /** Modules of Node that the room must not import. */
  readonly notNode?: readonly string[];
}

const root = join(repositoryRoot, 'src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .sort();
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));

describe('the rooms of ARCHITECTURE.md', () => {
  test('every file is in a room of the table', () => {
    report(files.filter((file) => rules()[roomOf(file)] === undefined).map((file) => `src/${file} is in no room`));
  });

  test('a room imports only the rooms that the table allows, and only through their index (commands also through their tools)', () => {
    report(imports.flatMap((entry) => judgeOurs(entry)));
  });

  test('a room uses only its own libraries', () => {
    report(imports.flatMap((entry) => judgeLibrary(entry)));
  });

  test('no two rooms need each other', () => {
    report(cycles(roomGraph()).map((cycle) => `a cycle: ${cycle.join(' -> ')}`));
  });

  test('no two files need each other but for their types', () => {
    report(cycles(fileGraph()).map((cycle) => `a cycle: ${cycle.join(' -> ')}`));
  });
});

describe('the judge of the rooms itself', () => {
  const judge = (from: string, source: string) =>
    importsOf(from, source).flatMap((entry) => [...judgeOurs(entry), ...judgeLibrary(entry)]);

  test('finds a forbidden room, a forbidden file behind a door, a value import of types and a foreign library', () => {
    assert.deepEqual(judge('yang/a.ts', "import { x } from '../datastore/index.js';"), [
      'src/yang/a.ts:1: yang must not import datastore',
    ]);
    assert.deepEqual(judge('northbound/snmp/a.ts', "import {\n  x,\n} from '../../yang/path.js';"), [
      'src/northbound/snmp/a.ts:1: past the index of yang: ../../yang/path.js',
    ]);
    assert.deepEqual(judge('northbound/snmp/a.ts', "import { x } from '../../yang/tools.js';"), [
      'src/northbound/snmp/a.ts:1: past the index of yang: ../../yang/tools.js',
    ]);
    assert.deepEqual(judge('modules/a.ts', "import { x } from '../datastore/index.js';"), [
      'src/modules/a.ts:1: modules may import types only from datastore',
    ]);
    assert.deepEqual(judge('datastore/a.ts', "const a = await import('yargs');"), [
      'src/datastore/a.ts:1: datastore must not use yargs',
    ]);
    assert.deepEqual(judge('modules/a/b.ts', "import { x } from '../c/d.js';"), [
      'src/modules/a/b.ts:1: module a must not import module c',
    ]);
  });

  test('accepts what the table allows', () => {
    assert.deepEqual(judge('northbound/cli/a.ts', "import type { X } from '../../datastore/index.js';"), []);
    assert.deepEqual(judge('modules/https/a.ts', "import { x } from '../read.js';\nimport { y } from './b.js';"), []);
    assert.deepEqual(judge('northbound/cli/a.ts', "import { x } from '../../yang/tools.js';"), []);
    assert.deepEqual(judge('northbound/xmlrpc/a.ts', "export { x } from '../http/index.js';"), []);
  });

  test('finds a cycle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    assert.deepEqual(cycles(graph), [['b', 'c', 'b']]);
  });
});

function report(findings: readonly string[]): void {
  assert.equal(findings.length, 0, `\n${findings.join('\n')}`);
}

/** Static and dynamic imports and re-exports; comments are blanked first so that their text is not mistaken for code. */
function importsOf(from: string, source: string): readonly Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
  const patterns = [
    /^(?:import|export)\s+(type\s)?(?:[\w*{][^;'"]*?\sfrom\s+)?'([^']+)'/gm,
    /\b(type\s)?import\(\s*'([^']+)'\s*\)/g,
  ];
  return patterns.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => ({
      from,
      line: code.slice(0, match.index).split('\n').length,
      specifier: match[2] ?? '',
      // `typeof import('x')` is a type, whatever it stands in.
      typeOnly: match[1] !== undefined || code.slice(0, match.index).trimEnd().endsWith('typeof'),
    })),
  );
}

function judgeOurs({ from, line, specifier, typeOnly }: Import): readonly string[] {
  if (!specifier.startsWith('.')) return [];
  const target = posix.join(posix.dirname(from), specifier);
  const room = roomOf(from);
  const other = roomOf(target);
  const where = `src/${from}:${line}`;
  if (room === other) return judgeFeatures(from, target, where);
  const rule = rules()[room];
  if (rule === undefined) return [];
  if (rule.types?.includes(other) === true && !typeOnly) {
    return [`${where}: ${room} may import types only from ${other}`];
  }
  if (!rule.ours.includes('*') && !rule.ours.includes(other) && rule.types?.includes(other) !== true) {
    return [`${where}: ${room} must not import ${other}`];
  }
  const doors = room === 'main' || room === 'northbound/cli' ? ['index', 'tools'] : ['index'];
  if (other !== 'error' && other !== 'main' && !doors.some((door) => target === `${other}/${door}.js`))
    return [`${where}: past the index of ${other}: ${specifier}`];
  return [];
}

/** Modules relate by leafref in the schema, never by import; what all of them share stands beside them in modules/. */
function judgeFeatures(from: string, target: string, where: string): readonly string[] {
  if (roomOf(from) !== 'modules' || from === 'modules/index.ts') return [];
  const feature = featureOf(from);
  const other = featureOf(target);
  if (feature === undefined || other === undefined || feature === other) return [];
  return [`${where}: module ${feature} must not import module ${other}`];
}

function judgeLibrary({ from, line, specifier }: Import): readonly string[] {
  if (specifier.startsWith('.')) return [];
  const room = roomOf(from);
  const rule = rules()[room];
  if (rule === undefined) return [];
  const where = `src/${from}:${line}`;
  if (specifier.startsWith('node:')) {
    const allowed = rule.node === undefined || rule.node.includes(specifier);
    if (allowed && rule.notNode?.includes(specifier) !== true) return [];
    return [`${where}: ${room} must not use ${specifier}`];
  }
  if (builtinModules.includes(specifier)) return [`${where}: write node:${specifier}`];
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  return rule.packages?.includes(name) === true ? [] : [`${where}: ${room} must not use ${name}`];
}

/** `yang`, `northbound/snmp`, `error`, `main`: the name that the table uses. */
function roomOf(file: string): string {
  const parts = file.replace(/\.(ts|js)$/, '').split('/');
  // What knows everything stands at the top: the entry point, and the wiring of the agent that it starts.
  if (parts.length === 1 && parts[0] !== 'error') return 'main';
  return parts[0] === 'northbound' ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

/** The feature that a file of modules/ belongs to; undefined for helpers that every feature may use. */
function featureOf(file: string): string | undefined {
  const name = file.split('/')[1]?.replace(/\.(ts|js)$/, '');
  return name === undefined || sharedByModules.includes(name) ? undefined : name;
}

function roomGraph(): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, string[]>();
  for (const { from, specifier } of imports) {
    const room = roomOf(from);
    const other = specifier.startsWith('.') ? roomOf(posix.join(posix.dirname(from), specifier)) : room;
    if (other !== room) graph.set(room, [...(graph.get(room) ?? []), other]);
  }
  return graph;
}

function fileGraph(): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, string[]>();
  for (const { from, specifier, typeOnly } of imports) {
    if (typeOnly || !specifier.startsWith('.')) continue;
    const target = posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
    graph.set(from, [...(graph.get(from) ?? []), target]);
  }
  return graph;
}

/** One cycle for each file that closes one on a walk in depth. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) {
      found.push([...path.slice(start), node]);
      return;
    }
    if (done.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}

function rules(): Readonly<Record<string, Rule>> {
  const northbound = ['datastore', 'yang', 'error'];
  return {
    error: { ours: [], node: [] },
    yang: { ours: ['error'], packages: ['ajv', 'saxes', 'sorted-btree'] },
    datastore: { ours: ['yang', 'error'], notNode: ['node:tls', 'node:http', 'node:https', 'node:dgram'] },
    x509: { ours: [], packages: ['node-forge'], notNode: ['node:fs', 'node:fs/promises', 'node:tls', 'node:http'] },
    southbound: { ours: ['error'] },
    modules: { ours: ['x509', 'yang', 'error'], types: ['datastore', 'southbound'] },
    'northbound/http': { ours: northbound },
    'northbound/xmlrpc': { ours: [...northbound, 'northbound/http'], packages: ['xml2js'] },
    'northbound/netconf': { ours: [...northbound, 'northbound/http'], packages: ['ssh2', 'saxes'] },
    'northbound/restconf': { ours: [...northbound, 'northbound/http'] },
    'northbound/web': { ours: [...northbound, 'northbound/http'] },
    'northbound/snmp': { ours: northbound },
    'northbound/cli': { ours: ['yang', 'error'], types: ['datastore'], packages: ['yargs', 'net-snmp', 'xml2js'] },
    main: { ours: ['*'], packages: ['yargs'] },
  };
}

const sharedByModules = ['alarm', 'durable-map', 'index', 'read'];
