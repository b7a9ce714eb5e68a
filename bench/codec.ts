/**
 * The codecs: 10 MB of XML and of JSON to a validated tree and back, each in a process of its own, with the resident memory and the
 * longest time that another turn of the event loop had to wait.
 */
import { spawnSync } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import {
  type Branch,
  DataTree,
  decodeJsonText,
  decodeXmlText,
  InstanceIdentifier,
  jsonTextChunks,
  loadSchema,
  Validator,
  xmlTextChunks,
} from '../src/yang/index.js';
import { line } from './machine.js';

type Encoding = 'xml' | 'json';

interface Figures {
  readonly decode: number;
  readonly validate: number;
  readonly encode: number;
  /** Of the whole process, the document in it. */
  readonly resident: number;
  readonly longestDecode: number;
  readonly longestEncode: number;
}

export async function run(): Promise<void> {
  for (const encoding of ['xml', 'json'] as const) {
    const rounds = Array.from({ length: 5 }, () => measure(encoding));
    const all = (read: (figures: Figures) => number) => rounds.map(read);
    const name = `${octets} MB of ${encoding.toUpperCase()}`;
    print(
      line(
        `${name} to a validated tree`,
        all(({ decode, validate }) => decode + validate),
        'ms',
        '<= 1000',
      ),
    );
    print(
      line(
        '  longest wait of another turn',
        all(({ longestDecode }) => longestDecode),
        'ms',
        '<= 20',
      ),
    );
    print(
      line(
        '  resident at most',
        all(({ resident }) => resident),
        'MB',
        '<= 250',
      ),
    );
    print(
      line(
        '  and back to text, in chunks',
        all(({ encode }) => encode),
        'ms',
        '-',
      ),
    );
    print(
      line(
        '  longest wait of another turn',
        all(({ longestEncode }) => longestEncode),
        'ms',
        '<= 20',
      ),
    );
  }
  await Promise.resolve();
}

/** Megabytes of each document. */
const octets = 10;

/** The document comes through a pipe, as from a network: what building it cost is not paid by what is measured. */
function measure(encoding: Encoding): Figures {
  const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), encoding], {
    encoding: 'utf8',
    input: encoding === 'xml' ? xml() : json(),
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Figures;
}

async function alone(encoding: Encoding): Promise<Figures> {
  const { schema } = loadSchema({ files: [{ name: 'items.yang', text: module }] });
  const document = await buffer(process.stdin);
  const waits = watchTurns();
  const begun = performance.now();
  const { root } = InstanceIdentifier;
  const content =
    encoding === 'xml'
      ? await decodeXmlText(schema, root, document, { fragment: true })
      : await decodeJsonText(schema, root, document);
  const decoded = performance.now();
  const errors = await new Validator(schema).validateInSlices(new DataTree(schema, content as Branch));
  if (errors.length > 0) throw errors[0];
  const validated = performance.now();
  const longestDecode = waits.longest();
  const chunks = encoding === 'xml' ? xmlTextChunks : jsonTextChunks;
  for (const _ of chunks(schema, schema.root, content as Branch)) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  const encoded = performance.now();
  waits.stop();
  return {
    decode: decoded - begun,
    validate: validated - decoded,
    encode: encoded - validated,
    resident: process.resourceUsage().maxRSS / 1024,
    longestDecode,
    longestEncode: waits.longest(),
  };
}

/** The longest time between two turns of the event loop since it was last asked. */
function watchTurns(): { longest(): number; stop(): void } {
  let longest = 0;
  let last = performance.now();
  let isStopped = false;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isStopped) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    longest() {
      const result = longest;
      longest = 0;
      return result;
    },
    stop() {
      isStopped = true;
    },
  };
}

function xml(): string {
  const item = (index: number) =>
    `<item><name>item-${index}</name><value>${index}</value><descr>description of item ${index} text</descr></item>`;
  return `<items xmlns="urn:bench:items">${upTo(item)}</items>`;
}

function json(): string {
  const item = (index: number) =>
    JSON.stringify({
      name: `item-${index}`,
      value: index,
      descr: `description of item ${index} and some more of its text`,
    });
  return `{"bench-items:items":{"item":[${upTo(item, ',')}]}}`;
}

function upTo(item: (index: number) => string, between = ''): string {
  const items: string[] = [];
  for (let size = 0; size < octets * 1e6; ) {
    const text = item(items.length);
    items.push(text);
    size += text.length + between.length;
  }
  return items.join(between);
}

const module = `module bench-items {
  yang-version 1.1; namespace "urn:bench:items"; prefix i;
  container items { list item { key name; leaf name { type string; } leaf value { type uint32; } leaf descr { type string; } } }
}`;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const wanted = process.argv[2];
if (process.argv[1] === fileURLToPath(import.meta.url) && (wanted === 'xml' || wanted === 'json')) {
  process.stdout.write(JSON.stringify(await alone(wanted)));
}
