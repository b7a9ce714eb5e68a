/**
 * Decoding and encoding let others run: what is done between two turns of the event loop does not grow with the document. Counted
 * in calls and blocks that V8 saw executed, not in time; the clock goes on by a millisecond whenever it is looked at.
 */
import assert from 'node:assert/strict';
import { Session } from 'node:inspector';
import { mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type Branch,
  type Content,
  decodeContentText,
  decodeJsonText,
  decodeXmlText,
  encodeJson,
  InstanceIdentifier,
  jsonTextChunks,
  loadSchema,
  xmlTextChunks,
} from '../../src/yang/index.js';

const module = `module m {
  yang-version 1.1; namespace "urn:m"; prefix m;
  container top {
    list item { key name; leaf name { type string; } leaf value { type uint32; } }
    list pair { key "a b"; ordered-by user; leaf a { type uint32; } leaf b { type string; } }
    list row { config false; leaf a { type uint32; } }
    leaf-list number { type uint32; }
    leaf-list word { type string; ordered-by user; }
    anydata any;
  }
}`;
const { schema } = loadSchema({ files: [{ name: 'm.yang', text: module }] });
const { root } = InstanceIdentifier;

/** A permutation of 0 to `count` - 1 in which neighbours are far apart. */
const scattered = (index: number, count: number): number => (index * 7919) % count;

type Shape = (index: number, count: number) => { readonly member: string; readonly value: unknown };
const shapes: Readonly<Record<string, Shape>> = {
  'entries in order': (index) => ({ member: 'item', value: { name: String(index).padStart(8, '0'), value: index } }),
  'entries in no order': (index, count) => ({ member: 'item', value: { name: `n${String(scattered(index, count))}`, value: index } }), // biome-ignore format: one line
  'entries ordered by the user': (index, count) => ({ member: 'pair', value: { a: scattered(index, count), b: 'x' } }),
  'entries without keys': (index) => ({ member: 'row', value: { a: index } }),
  'values in order': (index) => ({ member: 'number', value: index }),
  'values in no order': (index, count) => ({ member: 'number', value: scattered(index, count) }),
  'values ordered by the user': (index, count) => ({ member: 'word', value: `w${String(scattered(index, count))}` }),
  'content of anydata': (index) => ({ member: 'any', value: { a: index, b: ['x', 'y'] } }),
};

function jsonDocument(shape: Shape, count: number): string {
  const all = Array.from({ length: count }, (_, index) => shape(index, count));
  const { member } = all[0]!;
  const values = all.map(({ value }) => value);
  return JSON.stringify({ 'm:top': { [member]: member === 'any' ? { 'm:z': values } : values } });
}

function xmlDocument(shape: Shape, count: number): string {
  const all = Array.from({ length: count }, (_, index) => shape(index, count));
  const inner = all.map(({ member, value }) => element(member === 'any' ? 'z' : member, value)).join('');
  return `<top xmlns="urn:m">${all[0]!.member === 'any' ? `<any>${inner}</any>` : inner}</top>`;
}

function element(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => element(name, each)).join('');
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([child, each]) => element(child, each)).join('') // biome-ignore format: one line
      : String(value);
  return `<${name}>${inner}</${name}>`;
}

/** The rest is easier, and only judged by the long run. */
const hard = ['entries in no order', 'entries ordered by the user', 'values in no order', 'content of anydata'];

for (const [name, shape] of Object.entries(shapes)) {
  if (process.env.SIGNET_LONG !== '1' && !hard.includes(name)) continue;
  test(`no step of decoding or encoding grows with the document: ${name}`, async (t) => {
    const largest = async (count: number): Promise<Readonly<Record<string, number>>> => {
      const json = Buffer.from(jsonDocument(shape, count));
      const xml = Buffer.from(xmlDocument(shape, count));
      let content: Content | undefined;
      let fromXml: Content | undefined;
      const steps: Record<string, number> = {
        'from JSON': await largestStep(async () => {
          content = await decodeJsonText(schema, root, json);
        }),
        'from a client': await largestStep(async () => {
          if (name === 'entries in no order') await decodeContentText(schema, root, json);
        }),
        'from XML': await largestStep(async () => {
          fromXml = await decodeXmlText(schema, root, xml, { fragment: true });
        }),
      };
      // What was judged is what was meant.
      assert.equal(Object.keys(encodeJson(schema, schema.root, content!) as object).length, 1);
      for (const [form, chunks] of [
        ['to JSON', jsonTextChunks],
        ['to XML', xmlTextChunks],
      ] as const) {
        // biome-ignore format: pairs
        // Of anydata the form that it did not come in is the harder one.
        const given = form === 'to JSON' ? fromXml : content;
        steps[form] = await largestStep(async () => {
          for (const _ of chunks(schema, schema.root, given as Branch)) await setImmediate();
        });
      }
      return steps;
    };
    const [small, large] = [await largest(1000), await largest(4000)];
    t.diagnostic(`largest steps: ${JSON.stringify(large)}`);
    for (const [form, units] of Object.entries(large)) {
      const allowed = 2 * Math.max(small[form]!, fewUnits);
      assert.ok(units < allowed, `${form}: ${String(small[form])} units grow to ${String(units)}`);
    }
  });
}

/** Below this a step is too short for its size to tell anything. */
const fewUnits = 15_000;

/** The most that is executed between two turns. */
async function largestStep(work: () => Promise<void>): Promise<number> {
  let clock = 0;
  const now = mock.method(performance, 'now', () => (clock += 1));
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  let largest = 0;
  let isDone = false;
  const watch = async (): Promise<void> => {
    while (!isDone) {
      await setImmediate();
      largest = Math.max(largest, executed(session));
    }
  };
  try {
    executed(session);
    const watching = watch();
    await work();
    isDone = true;
    await watching;
  } finally {
    session.disconnect();
    now.mock.restore();
  }
  return largest;
}

/** Calls and blocks of the engine and of what it stands on since the last time. */
function executed(session: Session): number {
  let units = 0;
  session.post('Profiler.takePreciseCoverage', (error, taken) => {
    assert.equal(error, null);
    for (const { url, functions } of taken.result) {
      if (!/\/src\/yang\/|\/saxes\/|\/sorted-btree\//u.test(url)) continue;
      for (const { ranges } of functions) for (const { count } of ranges) units += count;
    }
  });
  return units;
}

test('one text is taken in one step, so its length is bounded in both encodings', async () => {
  const longest = 'x'.repeat(2 * 1024 * 1024);
  const taken = (text: string) => ({
    xml: `<top xmlns="urn:m"><word>${text}</word></top>`,
    json: JSON.stringify({ 'm:top': { word: [text] } }),
  });
  const { xml, json } = taken(longest);
  for (const content of [await decodeXmlText(schema, root, xml), await decodeJsonText(schema, root, json)]) {
    assert.deepEqual(encodeJson(schema, schema.root, content), { 'm:top': { word: [longest] } });
  }
  const more = taken(`${longest}x`);
  await assert.rejects(decodeXmlText(schema, root, more.xml), { tag: 'too-big' });
  await assert.rejects(decodeJsonText(schema, root, more.json), { tag: 'too-big' });
});
