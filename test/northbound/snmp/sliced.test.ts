/** Lists of state inside the rows of another: read a slice at a time, once for all who wait for them. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Session } from '../../../src/datastore/index.js';
import { mapSchema } from '../../../src/northbound/snmp/mapping.js';
import type { MibTable } from '../../../src/northbound/snmp/model.js';
import { Rows } from '../../../src/northbound/snmp/rows.js';
import { stepwise, Unready } from '../../../src/northbound/snmp/sliced.js';
import type { TableRows } from '../../../src/northbound/snmp/table-rows.js';
import { type Branch, DataTree, decodeJson, InstanceIdentifier, loadSchema } from '../../../src/yang/index.js';
import { repositoryRoot } from '../../support/places.js';

const { schema } = loadSchema({ directories: [join(repositoryRoot, 'schema')] });
const many = 400;

/** Certificates, every other one with two findings; to read those of one takes a quarter of a millisecond. */
class Device {
  tree = this.#tree(many);
  /** Reads of lists of state. */
  reads = 0;
  seconds = 0;
  readonly rows: Rows;
  readonly table: MibTable;

  constructor() {
    const mib = mapSchema(schema);
    const session = {
      tree: () => this.tree,
      get: (path: InstanceIdentifier) => {
        this.reads += 1;
        const until = performance.now() + 0.25;
        while (performance.now() < until);
        return this.tree.get(path);
      },
    };
    this.rows = new Rows(
      mib,
      session as unknown as Session,
      () => this.seconds,
      undefined,
      () => undefined,
    );
    const isFindings = ({ schema: node, segments, steps }: MibTable) =>
      node.name === 'finding' && segments === undefined && steps.length === 4;
    this.table = mib.tables.find(isFindings)!;
  }

  #tree(certificates: number): DataTree {
    const finding = [
      { severity: 'info', text: 'one' },
      { severity: 'info', text: 'two' },
    ];
    const certificate = Array.from({ length: certificates }, (_, index) => ({
      name: `c${String(index)}`,
      ...(index % 2 === 0 ? { state: { finding } } : {}),
    }));
    const json = { 'signet-https:https': { certificate } };
    return new DataTree(schema, decodeJson(schema, InstanceIdentifier.root, json) as Branch);
  }

  /** Another certificate, as a commit tells of it. */
  commit(certificates: number): void {
    this.tree = this.#tree(certificates);
    const certificate = this.table.steps.slice(0, 2);
    const name = [`c${String(certificates - 1)}`];
    const path = certificate.reduce(
      (at, step) => at.child(step, step.kind === 'list' ? name : undefined),
      InstanceIdentifier.root,
    );
    const difference = { path, kind: 'created', before: undefined, after: this.tree.get(path) };
    this.rows.update({ kind: 'commit', differences: [difference] } as unknown as Parameters<Rows['update']>[0]);
  }

  /** What is thrown. */
  unready(): Unready {
    try {
      this.rows.of(this.table);
    } catch (error) {
      if (error instanceof Unready) return error;
      throw error;
    }
    return assert.fail('it is ready');
  }

  /** The number of rows, as a request gets it that waits as often as it has to. */
  async count(): Promise<number> {
    const waited = new Set<object>();
    for (;;) {
      try {
        this.rows.waited = waited;
        return size(this.rows.of(this.table));
      } catch (error) {
        if (!(error instanceof Unready)) throw error;
        await error.ready;
        waited.add(error.source);
      } finally {
        this.rows.waited = new Set();
      }
    }
  }
}

function size({ index }: TableRows): number {
  return [...index].length;
}

describe('a list of state inside many rows', () => {
  let device: Device;
  before(() => {
    device = new Device();
  });

  test('is read a slice at a time, once for all who wait', async () => {
    let turns = 0;
    let isOver = false;
    const turn = () => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    const counts = await Promise.all([device.count(), device.count(), device.count()]);
    isOver = true;
    assert.deepEqual(counts, [many, many, many]);
    assert.equal(device.reads, many);
    assert.ok(turns > 5, `others ran ${String(turns)} times`);
  });

  test('is shown as it was while it is read anew, if somebody has asked not long ago', async () => {
    const before = device.reads;
    assert.equal(size(device.rows.of(device.table)), many);
    assert.equal(device.reads, before, 'fresh');
    device.seconds = device.rows.store(device.table).due;
    assert.equal(size(device.rows.of(device.table)), many);
    assert.notEqual(device.reads, before, 'old: being read');
    while (device.rows.store(device.table).reading !== undefined) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(device.reads, before + many);
    assert.equal(await device.count(), many);
    device.seconds += 3600;
    await device.unready().ready;
    assert.equal(device.reads, before + 2 * many);
  });

  test('is read anew behind a commit; who asked before it gets what was read for him', async () => {
    device.seconds += 3600;
    const former = device.unready();
    device.commit(many + 1);
    const asked = device.count();
    const { reads } = device;
    await former.ready;
    device.rows.waited = new Set([former.source]);
    assert.ok(size(device.rows.of(device.table)) >= many);
    device.rows.waited = new Set();
    assert.equal(await asked, many + 2);
    assert.ok(device.reads - reads > many, 'read from the beginning, behind the commit');
    assert.equal(size(device.rows.of(device.table)), many + 2);
  });
});

test('steps that are few are done at once; what goes wrong later is told to those who wait', async () => {
  const done: number[] = [];
  assert.equal(
    stepwise([1, 2].values(), (seconds) => void done.push(seconds)),
    undefined,
  );
  assert.equal(done.length, 1);
  function* failing(): Generator<void> {
    const until = performance.now() + 20;
    while (performance.now() < until) yield;
    throw new RangeError('no');
  }
  await assert.rejects(stepwise(failing(), () => assert.fail()) ?? Promise.resolve(), RangeError);
});
