/** The documents of XML-RPC (xmlrpc.com/spec): calls and responses, read by xml2js behind {@link guard}, written by hand. */
import type { Parser } from 'xml2js';
import { atOnce, type Steps } from '../../yang/index.js';
import { guard, hasForbiddenCharacter, malformed } from './guard.js';
import { rpcLimits } from './limits.js';
import {
  isStruct,
  type RpcCall,
  RpcDateTime,
  RpcDouble,
  type RpcFault,
  type RpcStruct,
  type RpcValue,
} from './values.js';

/** Reads a call. Throws ConfigError `malformed-message` or `too-big`, and nothing else, whatever the octets are. */
export async function decodeCall(octets: Uint8Array, charset?: string): Promise<RpcCall> {
  const call = only(await parse(octets, charset), 'methodCall');
  const { methodName, params } = members(call, ['methodName', 'params'], 'methodCall');
  const method = methodName === undefined ? undefined : textOf(single(methodName, 'methodName'), 'methodName');
  if (method === undefined) throw malformed('methodCall has no methodName');
  if (method.length > rpcLimits.methodName || !/^[\w.:/]+$/.test(method)) throw malformed('methodName is malformed');
  return { method, params: params === undefined ? [] : paramsOf(single(params, 'params')) };
}

/** Reads a response. Throws as {@link decodeCall}. */
export async function decodeResponse(
  octets: Uint8Array,
): Promise<{ readonly kind: 'value'; readonly value: RpcValue } | ({ readonly kind: 'fault' } & RpcFault)> {
  const response = members(only(await parse(octets), 'methodResponse'), ['params', 'fault'], 'methodResponse');
  if (response.fault === undefined) {
    const [value, ...more] = response.params === undefined ? [] : paramsOf(single(response.params, 'params'));
    if (value === undefined || more.length > 0) throw malformed('methodResponse has not exactly one param');
    return { kind: 'value', value };
  }
  const { value } = members(single(response.fault, 'fault'), ['value'], 'fault');
  const fault = value === undefined ? undefined : readValue(single(value, 'value'));
  const code = fault instanceof Map ? fault.get('faultCode') : undefined;
  const text = fault instanceof Map ? fault.get('faultString') : undefined;
  if (typeof code !== 'number' || typeof text !== 'string') throw malformed('fault is malformed');
  return { kind: 'fault', code, text };
}

/** Throws RangeError for what XML cannot carry: control characters, a number that is not finite or not of 32 bits. */
export function encodeResponse(value: RpcValue): string {
  return atOnce(responseText(value)).join('');
}

/** The text of {@link encodeResponse} in pieces; pauses between the items of arrays and the members of structs. */
export function* responseText(value: RpcValue): Steps<readonly string[]> {
  const writer = new Writer(`${head}<methodResponse><params><param>`);
  yield* writer.value(value);
  return writer.finish('</param></params></methodResponse>\n');
}

export function encodeFault(fault: RpcFault): string {
  const text = fault.text.replace(unwritable, '\ufffd');
  const value: RpcStruct = new Map<string, RpcValue>([
    ['faultCode', fault.code],
    ['faultString', text],
  ]);
  return `${head}<methodResponse><fault>${write(value)}</fault></methodResponse>\n`;
}

/** Throws as {@link encodeResponse}. */
export function encodeCall(call: RpcCall): string {
  const params = call.params.map((param) => `<param>${write(param)}</param>`).join('');
  return `${head}<methodCall><methodName>${escapeXml(call.method)}</methodName><params>${params}</params></methodCall>\n`;
}

async function parse(octets: Uint8Array, charset?: string): Promise<unknown> {
  const text = decodeText(octets, charset);
  guard(text);
  const parser = await newParser();
  let result: unknown;
  let failed = false;
  try {
    parser.parseString(text, (error: Error | null, parsed: unknown) => {
      failed ||= error !== null;
      result = parsed;
    });
  } catch {
    failed = true;
  }
  if (failed) throw malformed('the document is not well-formed XML');
  return result;
}

/** XML in UTF-8, or in what it declares itself to be: PHP's encoder declares ISO-8859-1. Line ends become `\n` (XML 2.11). */
function decodeText(octets: Uint8Array, charset: string | undefined): string {
  const declared = /^<\?xml[^>]{0,60}encoding\s*=\s*["']([\w.-]{1,40})["']/.exec(
    Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, 120)).toString('latin1'),
  )?.[1];
  const encoding = (charset ?? declared ?? 'utf-8').toLowerCase();
  const label = Object.hasOwn(encodings, encoding) ? encodings[encoding] : undefined;
  if (label === undefined) throw malformed('the encoding is neither UTF-8 nor ISO-8859-1');
  let text: string;
  if (label === 'latin1') text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  else {
    try {
      text = utf8.decode(octets);
    } catch {
      throw malformed('the document is not UTF-8');
    }
  }
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** Loaded at the first call: it would cost the start of the agent more than the first caller notices. */
async function newParser(): Promise<Parser> {
  const { default: xml2js } = await import('xml2js');
  // Names that no element can have, so that no element is mistaken for text or attributes.
  return new xml2js.Parser({ charkey: textKey, attrkey: '@', explicitArray: true, async: false });
}

function paramsOf(node: unknown): RpcValue[] {
  const { param } = members(node, ['param'], 'params');
  return (param ?? []).map((one) => {
    const { value } = members(one, ['value'], 'param');
    if (value === undefined) throw malformed('param has no value');
    return readValue(single(value, 'value'));
  });
}

function readValue(node: unknown): RpcValue {
  // A value without a type is a string.
  if (typeof node === 'string') return textOf(node, 'value');
  const types = members(node, typeNames, 'value');
  const [name, ...more] = Object.keys(types);
  const reader = name === undefined || !Object.hasOwn(readers, name) ? undefined : readers[name];
  if (name === undefined || reader === undefined || more.length > 0) throw malformed('value has not exactly one type');
  return reader(single(types[name] ?? [], name), name);
}

function structOf(node: unknown): RpcStruct {
  const struct = new Map<string, RpcValue>();
  for (const one of members(node, ['member'], 'struct').member ?? []) {
    const { name, value } = members(one, ['name', 'value'], 'member');
    if (name === undefined || value === undefined) throw malformed('member has not a name and a value');
    const key = textOf(single(name, 'name'), 'name');
    if (struct.has(key)) throw malformed('a struct has two members of one name');
    struct.set(key, readValue(single(value, 'value')));
  }
  return struct;
}

function arrayOf(node: unknown): RpcValue[] {
  const { data } = members(node, ['data'], 'array');
  if (data === undefined) throw malformed('array has no data');
  return (members(single(data, 'data'), ['value'], 'data').value ?? []).map(readValue);
}

/**
 * The child elements of a parsed element, each an array; only `allowed` ones. xml2js puts elements into plain objects, so
 * what is inherited is never looked at.
 */
function members(node: unknown, allowed: readonly string[], element: string): Record<string, readonly unknown[]> {
  if (typeof node === 'string') {
    if (node.trim() === '') return {};
    throw malformed(`${element} has text where it has elements`);
  }
  if (typeof node !== 'object' || node === null || Array.isArray(node)) throw malformed(`${element} is malformed`);
  const found: Record<string, readonly unknown[]> = Object.create(null) as Record<string, readonly unknown[]>;
  for (const name of Object.keys(node)) {
    const children: unknown = (node as Record<string, unknown>)[name];
    if (name === textKey) throw malformed(`${element} has text beside elements`);
    if (!allowed.includes(name)) throw malformed(`${element} has an element ${name}, which XML-RPC does not have`);
    if (!Array.isArray(children)) throw malformed(`${element} is malformed`);
    found[name] = children as readonly unknown[];
  }
  return found;
}

function only(document: unknown, root: string): unknown {
  const isObject = typeof document === 'object' && document !== null;
  if (!isObject || !Object.hasOwn(document, root)) throw malformed(`the root element is not ${root}`);
  return (document as Record<string, unknown>)[root];
}

function single(nodes: readonly unknown[], element: string): unknown {
  if (nodes.length !== 1) throw malformed(`${element} occurs more than once`);
  return nodes[0];
}

function textOf(node: unknown, element: string): string {
  if (typeof node !== 'string') throw malformed(`${element} has elements where it has text`);
  if (hasForbiddenCharacter(node)) throw malformed(`${element} has a character that XML does not allow`);
  return node;
}

function scalar(form: RegExp, make: (text: string) => RpcValue): (node: unknown, name: string) => RpcValue {
  return (node, name) => {
    const text = textOf(node, name);
    if (!form.test(text)) throw malformed(`a value is no ${name}`);
    return make(text);
  };
}

const readInt = scalar(/^[+-]?\d{1,10}$/, (text) => {
  const value = Number(text);
  if (value !== (value | 0)) throw malformed('an int has more than 32 bits');
  return value === 0 ? 0 : value;
});

const readers: Readonly<Record<string, (node: unknown, name: string) => RpcValue>> = {
  int: readInt,
  i4: readInt,
  boolean: scalar(/^[01]$/, (text) => text === '1'),
  string: textOf,
  double: scalar(/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/, (text) => {
    if (text.length > 400 || !Number.isFinite(Number(text))) throw malformed('a double is out of range');
    return new RpcDouble(Number(text));
  }),
  'dateTime.iso8601': scalar(/^\d{4}-?\d{2}-?\d{2}T\d{2}:\d{2}:\d{2}$/, (text) => new RpcDateTime(text)),
  base64: (node) => {
    const text = textOf(node, 'base64').replace(/[ \t\r\n]+/g, '');
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw malformed('a value is no base64');
    return Buffer.from(text, 'base64');
  },
  struct: structOf,
  array: arrayOf,
};
const typeNames = Object.keys(readers);

function write(value: RpcValue): string {
  if (typeof value === 'string') return `<value><string>${escapeXml(value)}</string></value>`;
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (typeof value === 'number') {
    if (value !== (value | 0)) throw new RangeError('not an int of 32 bits');
    return `<value><int>${value | 0}</int></value>`;
  }
  if (value instanceof RpcDouble) {
    if (!Number.isFinite(value.value)) throw new RangeError('not a finite number');
    return `<value><double>${Object.is(value.value, -0) ? '-0' : value.value}</double></value>`;
  }
  if (value instanceof RpcDateTime) return `<value><dateTime.iso8601>${value.text}</dateTime.iso8601></value>`;
  if (Buffer.isBuffer(value)) return `<value><base64>${value.toString('base64')}</base64></value>`;
  const writer = new Writer('');
  atOnce(writer.value(value));
  return writer.finish('').join('');
}

/** Structs and arrays, whose text may be long. */
class Writer {
  readonly #pieces: string[] = [];
  #text: string;

  constructor(begin: string) {
    this.#text = begin;
  }

  *value(value: RpcValue): Steps<void> {
    if (isStruct(value)) {
      this.#text += '<value><struct>';
      for (const [name, member] of value) {
        this.#text += `<member><name>${escapeXml(name)}</name>`;
        yield* this.#inner(member);
        this.#text += '</member>';
      }
      this.#text += '</struct></value>';
    } else if (Array.isArray(value)) {
      this.#text += '<value><array><data>';
      for (const item of value as readonly RpcValue[]) yield* this.#inner(item);
      this.#text += '</data></array></value>';
    } else this.#text += write(value);
  }

  finish(end: string): readonly string[] {
    return [...this.#pieces, this.#text + end];
  }

  *#inner(value: RpcValue): Steps<void> {
    if (!isStruct(value) && !Array.isArray(value)) this.#text += write(value);
    else {
      yield* this.value(value);
      yield;
    }
    if (this.#text.length < pieceLength) return;
    this.#pieces.push(this.#text);
    this.#text = '';
  }
}

/** Characters. */
const pieceLength = 65_536;

/** A carriage return would be read as a line feed, so it goes as a reference (XML 2.11). */
function escapeXml(text: string): string {
  if (!special.test(text)) return text;
  if (hasForbiddenCharacter(text)) throw new RangeError('a character that XML cannot carry');
  return text.replace(/[&<>\r]/g, (character) => references[character] ?? character);
}

const textKey = '#';
const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
const utf8 = new TextDecoder('utf-8', { fatal: true });
const encodings: Readonly<Record<string, 'utf-8' | 'latin1'>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
};
const references: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const special = /[&<>\0-\x1f\ud800-\udfff\ufffe\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const unwritable = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu;
