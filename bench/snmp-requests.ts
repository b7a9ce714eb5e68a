/** Requests of the SNMP benchmark, made before they are sent, and what an agent spends on them. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { localizeKey } from '../src/northbound/snmp/index.js';
import {
  int,
  pdu,
  type as pduType,
  RawClient,
  type V3,
  v2c,
  v3Message,
  varbind,
} from '../test/northbound/snmp/support/raw.js';
import { snmpPassword } from '../test/support/agent.js';
import { cpuMicroseconds } from './machine.js';
import { community, type Server } from './snmp-peers.js';

export interface Case {
  readonly name: string;
  readonly kind: number;
  /** Of one round. */
  readonly requests: number;
  /** Of one answer; for GETBULK its max-repetitions. */
  readonly varbinds: number;
  /** v3 authPriv as admin in place of v2c. */
  readonly secured: boolean;
  /** The name in request number `at`; undefined where the server has no such object. */
  object(server: Server, at: number): string | undefined;
  /** SET: the value in request number `at`. */
  value?(at: number): number;
}

export const window = 16;
const datagrams = 4096;

/** The requests of a case, in turn; undefined where the server has no such objects. */
export async function requestsOf(server: Server, one: Case, seed: number): Promise<Buffer[] | undefined> {
  if (one.object(server, 0) === undefined) return undefined;
  const wrap = one.secured ? await securedBy(server) : (body: Buffer) => v2c(body, community);
  return Array.from({ length: Math.min(datagrams, one.requests) }, (_, at) => {
    const value = one.value === undefined ? undefined : int(one.value(seed + at));
    const binding = varbind(one.object(server, at)!, value);
    const repetitions = one.kind === pduType.getBulk ? one.varbinds : 0;
    return wrap(pdu(one.kind, seed + at, [binding], 0, repetitions), seed + at);
  });
}

/** Discovery and time, then messages as admin. */
async function securedBy(server: Server): Promise<(body: Buffer, msgId: number) => Buffer> {
  const client = new RawClient(server.port);
  try {
    const { engineId, boots, time } = await client.request(v3Message({}, pdu(pduType.get, 1, [])));
    const key = keyFor(engineId);
    const flags = 7;
    const options: V3 = { engineId, boots, time, flags, user: 'admin', authKey: key, privKey: key };
    return (body, msgId) => v3Message({ ...options, msgId }, body);
  } finally {
    client.close();
  }
}

const keys = new Map<string, Buffer>();

function keyFor(engineId: Buffer): Buffer {
  const name = engineId.toString('hex');
  const key = keys.get(name) ?? localizeKey('sha256', snmpPassword, engineId);
  keys.set(name, key);
  return key;
}

/** Throws where the answer to one of the first requests is no answer, or has other than so many varbinds. */
export async function check(server: Server, one: Case, requests: readonly Buffer[]): Promise<void> {
  const client = new RawClient(server.port);
  try {
    for (const request of requests.slice(0, 3)) {
      const answer = await client.request(request, keys.get([...keys.keys()].at(-1) ?? ''));
      const found = answer.varbinds.length;
      if (answer.type === pduType.response && answer.status === 0 && found === one.varbinds) continue;
      throw new Error(
        `${server.name} answers ${one.name} with status ${String(answer.status)}, ${String(found)} varbinds`,
      );
    }
  } finally {
    client.close();
  }
}

export interface Load {
  /** Microseconds of the agent for each request. */
  readonly cost: number;
  readonly seconds: number;
}

/** Sends the requests in turn until `count` are answered. Throws where a hundredth is lost: the figure is void then. */
export async function load(
  client: string,
  server: Server,
  requests: readonly Buffer[],
  count: number,
  inFlight = window,
): Promise<Load> {
  const before = cpuMicroseconds(server.pid);
  const begun = performance.now();
  const child = spawn(client, [String(server.port), String(inFlight), String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const frames = requests.map((octets) =>
    Buffer.concat([Buffer.from([octets.length >> 8, octets.length & 0xff]), octets]),
  );
  child.stdin.end(Buffer.concat(frames));
  const [answered = 0, , lost = 0] = (await text(child.stdout)).trim().split(' ').map(Number);
  const seconds = (performance.now() - begun) / 1000;
  if (answered < count * 0.99) throw new Error(`${server.name} lost ${String(lost)} of ${String(count)} requests`);
  return { cost: (cpuMicroseconds(server.pid) - before) / answered, seconds };
}
