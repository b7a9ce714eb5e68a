/** RFC 7950: every node of every published module is where yanglint's tree diagram has it, and no other. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSchema, type Module, type Schema, type SchemaNode } from '../../src/yang/index.js';
import { publishedModules } from '../support/published-modules.js';
import { requireTool } from '../support/tools.js';

const published = publishedModules();
const yanglint = requireTool('yanglint');

/** Diagrams of yanglint 2.1 that leave out what is there. */
const incomplete: Readonly<Record<string, string>> = {
  'ietf-snmp': 'the augments of submodules are left out',
  'ietf-netconf-nmda': 'the choice below each input is drawn once too few',
};

test('RFC 7950: the nodes of the published modules are those that yanglint draws', {
  skip: published.skip || yanglint.skip,
}, (t) => {
  const { directory } = published;
  let compared = 0;
  for (const file of readdirSync(directory)) {
    if (!/^\s*module\s/mu.test(readFileSync(join(directory, file), 'utf8'))) continue;
    const name = file.slice(0, file.indexOf('@'));
    const run = spawnSync('yanglint', ['-f', 'tree', '-p', directory, join(directory, file)], { encoding: 'utf8' });
    const reason = run.status === 0 ? incomplete[name] : `yanglint ends with ${run.signal ?? 'an error'}`;
    // Uses of groupings in augments of other modules' nodes are not expanded there.
    if (reason !== undefined || run.stdout.includes('---u ')) {
      t.diagnostic(`${name}: not compared, ${reason ?? 'yanglint leaves uses as they are'}`);
      continue;
    }
    const schema = load(directory, name);
    assert.deepEqual(ourNodes(schema, schema.modules.get(name)!), drawnNodes(run.stdout), name);
    compared++;
  }
  assert.ok(compared >= 50, `only ${String(compared)} modules were compared`);
});

/** As yanglint does it: all features of the modules that it implements, none of the others. */
function load(directory: string, name: string): Schema {
  const { schema } = loadSchema({ directories: [directory], implement: [name] });
  const imported = [...schema.modules.values()].filter((module) => !module.implemented);
  const features = Object.fromEntries(imported.map((module) => [module.name, 'none' as const]));
  return loadSchema({ directories: [directory], implement: [name], features }).schema;
}

function drawnNodes(diagram: string): string[] {
  const names = diagram.split('\n').flatMap((line) => {
    const match = /^[ |]*[+xo]--(?:rw|ro|-x|-n|-w|--|mp|:)? ?([^ ]+)/u.exec(line);
    return match === null ? [] : [match[1]!.replace(/[()?*!]/gu, '').replace(/^.*:/u, '')];
  });
  return names.toSorted();
}

function ourNodes(schema: Schema, module: Module): string[] {
  const names: string[] = [];
  const add = (node: SchemaNode): void => {
    const parameters = node.kind === 'input' || node.kind === 'output';
    if (parameters && node.children.length === 0) return;
    names.push(node.name);
    for (const child of inside(node)) add(child);
  };
  for (const node of module.children) add(node);
  for (const augment of module.augments) for (const node of augment.nodes) add(node);
  for (const structure of schema.structures.values()) {
    if (structure.module !== module) continue;
    // Of yang-data the wrapper is drawn in the heading; RFC 8791 structures likewise.
    for (const node of inside(structure)) add(node);
  }
  return names.toSorted();
}

function inside(node: SchemaNode): readonly SchemaNode[] {
  switch (node.kind) {
    case 'choice':
      return node.cases;
    case 'case':
      return node.children;
    case 'rpc':
    case 'action':
      return [node.input, node.output];
    case 'container':
    case 'list':
    case 'input':
    case 'output':
    case 'notification':
      return [...node.children, ...node.actions, ...node.notifications];
    default:
      return [];
  }
}
