/** RFC 8340: tree diagrams are those that yanglint draws, line for line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSchema, type Schema } from '../../src/yang/index.js';
import { treeDiagram } from '../../src/yang/tools.js';
import { publishedModules, repositoryRoot } from '../support/published-modules.js';
import { requireTool } from '../support/tools.js';

const published = publishedModules();
const yanglint = requireTool('yanglint');

/** What yanglint 2.1 draws in another order or leaves out: such modules are compared without order, or not. */
const exceptions: Readonly<Record<string, { readonly reason: string; readonly unordered: boolean }>> = {
  'ietf-snmp': { reason: 'yanglint draws cases that submodules add in another order', unordered: true },
  'ietf-subscribed-notifications': { reason: 'yanglint draws augments in another order', unordered: true },
  'ietf-yang-instance-data': { reason: 'yanglint draws the containers of a structure first', unordered: true },
  'ietf-netconf-nmda': {
    reason: 'yanglint leaves out the case around a leaf that augments a choice',
    unordered: false,
  },
};

for (const { title, directories, skip, least } of [
  { title: 'published modules', directories: [published.directory], skip: published.skip, least: 50 },
  { title: 'modules of the agent', directories: [join(repositoryRoot(), 'schema')], skip: false as const, least: 10 },
]) {
  test(`RFC 8340 2: diagrams of the ${title} are those of yanglint`, { skip: skip || yanglint.skip }, (t) => {
    const directory = directories[0]!;
    let compared = 0;
    for (const file of readdirSync(directory)) {
      const heading = /^\s*module\s+"?([\w.-]+)/mu.exec(readFileSync(join(directory, file), 'utf8'));
      if (heading === null) continue;
      const name = heading[1]!;
      const run = spawnSync('yanglint', ['-f', 'tree', '-p', directory, join(directory, file)], { encoding: 'utf8' });
      const exception = exceptions[name];
      let reason = exception?.unordered === false ? exception.reason : undefined;
      if (run.status !== 0) reason = `yanglint ends with ${run.signal ?? 'an error'}`;
      // Uses of groupings in augments of other modules' nodes are not expanded there.
      if (run.stdout.includes('---u ')) reason = 'yanglint leaves uses as they are';
      if (reason !== undefined) {
        t.diagnostic(`${name}: not compared, ${reason}`);
        continue;
      }
      const schema = load(directory, name);
      const ours = lines(treeDiagram(schema, schema.modules.get(name)!));
      const theirs = lines(run.stdout);
      if (exception === undefined) assert.deepEqual(ours, theirs, name);
      else assert.deepEqual(withoutOrder(ours), withoutOrder(theirs), name);
      compared++;
    }
    assert.ok(compared >= least, `only ${String(compared)} modules were compared`);
  });
}

/** As yanglint does it: all features of the modules that it implements, none of the others. */
function load(directory: string, name: string): Schema {
  const { schema } = loadSchema({ directories: [directory], implement: [name] });
  const imported = [...schema.modules.values()].filter((module) => !module.implemented);
  const features = Object.fromEntries(imported.map((module) => [module.name, 'none' as const]));
  return loadSchema({ directories: [directory], implement: [name], features }).schema;
}

/**
 * Lines to compare: without the width of the column of names, without the question mark that yanglint puts behind some cases,
 * and without the flags of notifications and structures (RFC 8340 2.6 has `ro` and none, yanglint draws `--` for both).
 */
function lines(diagram: string): string[] {
  const all = diagram.split('\n').filter((line) => line !== '');
  return all.map((line) =>
    line
      .replace(/^([ |]*[+xo]--:\(\S+\))\?/u, '$1')
      .replace(/^([ |]*[+xo]--)(?:ro|--)? (?=\S)/u, '$1ro ')
      .replace(/(\S) {2,}(?=\S)/gu, '$1 '),
  );
}

function withoutOrder(all: readonly string[]): string[] {
  return all.map((line) => line.replace(/^[ |]+/u, '')).toSorted();
}
