/** SNMP messages octet by octet, independent of the agent's own codec, and a client that says what came back. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

export function seq(...parts: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

export function int(value: number | bigint, tag = 0x02): Buffer {
  let hex = BigInt.asUintN(72, BigInt(value)).toString(16).padStart(18, '0');
  const isNegative = BigInt(value) < 0n;
  while (hex.length > 2) {
    const next = Number.parseInt(hex.slice(2, 4), 16);
    if (isNegative ? hex.startsWith('ff') && next >= 0x80 : hex.startsWith('00') && next < 0x80) hex = hex.slice(2);
    else break;
  }
  return element(tag, Buffer.from(hex, 'hex'));
}

export function text(value: string | Buffer, tag = 0x04): Buffer {
  return element(tag, Buffer.from(value as string));
}

export const nothing = Buffer.from([5, 0]);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128));
    octets.push(...groups);
  }
  return element(0x06, Buffer.from(octets));
}

export function varbind(name: string, value: Buffer = nothing): Buffer {
  return seq(oid(name), value);
}

export const type = {
  get: 0xa0,
  getNext: 0xa1,
  response: 0xa2,
  set: 0xa3,
  getBulk: 0xa5,
  inform: 0xa6,
  trap: 0xa7,
  report: 0xa8,
};

export function pdu(kind: number, requestId: number, varbinds: readonly Buffer[], first = 0, second = 0): Buffer {
  return element(kind, Buffer.concat([int(requestId), int(first), int(second), seq(...varbinds)]));
}

export function v2c(body: Buffer, community = 'look'): Buffer {
  return seq(int(1), text(community), body);
}

export function v1(body: Buffer, community = 'look'): Buffer {
  return seq(int(0), text(community), body);
}

export interface V3 {
  readonly msgId?: number;
  readonly maxSize?: number;
  /** 1 authenticated, 2 encrypted, 4 reportable. */
  readonly flags?: number;
  readonly securityModel?: number;
  readonly engineId?: Buffer;
  readonly boots?: number;
  readonly time?: number;
  readonly user?: string;
  readonly authKey?: Buffer;
  readonly privKey?: Buffer;
  readonly contextEngineId?: Buffer;
  readonly contextName?: string;
}

/** A v3 message; with keys it is authenticated by SHA-256 and encrypted by AES-128 as `flags` say. */
export function v3Message(options: V3, body: Buffer): Buffer {
  const { flags = 4, engineId = Buffer.alloc(0), boots = 0, time = 0 } = options;
  const salt = Buffer.from('0102030405060708', 'hex');
  const scoped = seq(text(options.contextEngineId ?? engineId), text(options.contextName ?? ''), body);
  const isEncrypted = (flags & 2) !== 0;
  const data = isEncrypted ? text(cipher(options, salt, scoped, true)) : scoped;
  const digest = Buffer.alloc((flags & 1) === 0 ? 0 : 24);
  const build = (mac: Buffer) =>
    seq(
      int(3),
      seq(
        int(options.msgId ?? 1),
        int(options.maxSize ?? 65507),
        text(Buffer.from([flags])),
        int(options.securityModel ?? 3),
      ),
      text(
        seq(text(engineId), int(boots), int(time), text(options.user ?? ''), text(mac), text(isEncrypted ? salt : '')),
      ),
      data,
    );
  const message = build(digest);
  if (digest.length === 0 || options.authKey === undefined) return message;
  return build(createHmac('sha256', options.authKey).update(message).digest().subarray(0, 24));
}

function cipher({ privKey, boots = 0, time = 0 }: V3, salt: Buffer, octets: Buffer, encrypt: boolean): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(boots, 0);
  iv.writeUInt32BE(time, 4);
  iv.set(salt, 8);
  const key = (privKey ?? Buffer.alloc(16)).subarray(0, 16);
  return (encrypt ? createCipheriv('aes-128-cfb', key, iv) : createDecipheriv('aes-128-cfb', key, iv)).update(octets);
}

export interface Binding {
  readonly name: string;
  readonly tag: number;
  readonly value: Buffer;
  /** Of an integer type. */
  readonly number: bigint;
}

export interface Answer {
  readonly version: number;
  readonly type: number;
  readonly requestId: number;
  readonly status: number;
  readonly index: number;
  readonly varbinds: readonly Binding[];
  readonly octets: Buffer;
  /** v3 only. */
  readonly msgId: number;
  readonly flags: number;
  readonly engineId: Buffer;
  readonly boots: number;
  readonly time: number;
  readonly digest: Buffer;
}

interface Node {
  readonly tag: number;
  readonly value: Buffer;
}

export function parse(octets: Buffer, privKey?: Buffer): Answer {
  const message = children(nodes(octets)[0]!);
  const version = num(message[0]!);
  if (version !== 3) return { ...parsePdu(message[2]!), ...none, version, octets };
  const header = children(message[1]!);
  const security = children(nodes(message[2]!.value)[0]!);
  const [engineId, boots, time, , digest, salt] = security as [Node, Node, Node, Node, Node, Node];
  const keys = { boots: num(boots), time: num(time), ...(privKey === undefined ? {} : { privKey }) };
  const data = message[3]!;
  const scoped = data.tag === 0x04 ? nodes(cipher(keys, salt.value, data.value, false))[0]! : data;
  return {
    ...parsePdu(children(scoped)[2]!),
    version,
    octets,
    msgId: num(header[0]!),
    flags: header[2]!.value[0]!,
    engineId: engineId.value,
    boots: num(boots),
    time: num(time),
    digest: digest.value,
  };
}

const none = { msgId: 0, flags: 0, engineId: Buffer.alloc(0), boots: 0, time: 0, digest: Buffer.alloc(0) };

function parsePdu(node: Node) {
  const [requestId, status, index, list] = children(node) as [Node, Node, Node, Node];
  const varbinds = children(list).map((each) => {
    const [name, value] = children(each) as [Node, Node];
    const number =
      value.value.length === 0 ? 0n : BigInt.asIntN(8 * value.value.length, BigInt(`0x${value.value.toString('hex')}`));
    return { name: dotted(name.value), tag: value.tag, value: value.value, number };
  });
  return { type: node.tag, requestId: num(requestId), status: num(status), index: num(index), varbinds };
}

function num(node: Node): number {
  return node.value.readIntBE(0, node.value.length);
}

function children(node: Node): Node[] {
  return nodes(node.value);
}

function nodes(octets: Buffer): Node[] {
  const found: Node[] = [];
  for (let at = 0; at < octets.length; ) {
    const tag = octets[at]!;
    let length = octets[at + 1]!;
    at += 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      length = octets.readUIntBE(at, count);
      at += count;
    }
    found.push({ tag, value: octets.subarray(at, at + length) });
    at += length;
  }
  return found;
}

function dotted(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const first = arcs[0]!;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...arcs.slice(1)].join('.');
}

export class RawClient {
  readonly #socket: Socket = createSocket('udp4');
  readonly #port: number;
  #probes = 1_000_000;

  constructor(port: number) {
    this.#port = port;
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends octets and resolves to the next datagram that comes; rejects after five seconds. */
  async exchange(message: Buffer): Promise<Buffer> {
    const answer = once(this.#socket, 'message', { signal: AbortSignal.timeout(5000) }) as Promise<[Buffer]>;
    this.send(message);
    return (await answer)[0];
  }

  send(message: Buffer): void {
    this.#socket.send(message, this.#port, '127.0.0.1');
  }

  async request(message: Buffer, privKey?: Buffer): Promise<Answer> {
    return parse(await this.exchange(message), privKey);
  }

  /** An ordinary GET, which the agent must answer whatever came before. */
  async alive(): Promise<boolean> {
    const requestId = this.#probes++;
    const answer = await this.request(v2c(pdu(type.get, requestId, [varbind('1.3.6.1.2.1.1.5.0')])));
    return answer.requestId === requestId && answer.status === 0 && answer.varbinds[0]?.tag === 0x04;
  }

  /** True where the agent says nothing to a message: it answers the next one first. */
  async isSilent(message: Buffer): Promise<boolean> {
    this.send(message);
    return this.alive();
  }
}
