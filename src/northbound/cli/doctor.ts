/**
 * `signet doctor`: looks at the agent from outside, as a client of each interface would, and says what to do. The judge of SNMP
 * is an independent manager, the package net-snmp.
 */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PeerCertificate } from 'node:tls';
import { ConfigError } from '../../error.js';
import type { RpcStruct, RpcValue } from './client.js';
import { readText } from './files.js';
import type { Call, Output } from './index.js';
import { formatTable, isStruct, paint } from './text.js';
import { UsageError } from './usage.js';

interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do about it; '' where nothing is to be done. */
  readonly advice: string;
}

interface Listener {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly error: string | undefined;
}

/** Exit status 1 where something needs a look. */
export async function doctor(call: Call): Promise<Output> {
  const remote = call.arguments.url !== undefined;
  const checks: Check[] = remote ? [] : [stateDirectory(call.state)];
  const agent = await check('agent', 'start it: npm start, or signet agent --state DIR', () => version(call));
  checks.push(agent);
  if (agent.ok) checks.push(await check('certificate', certificateAdvice, () => certificate(call)));
  if (agent.ok) checks.push(await check('alarms', 'see what each says: signet get alarms', () => alarms(call)));
  for (const listener of agent.ok ? await listeners(call) : []) checks.push(await look(call, listener));
  const rows = checks.map(({ what, ok, found, advice }) => [ok ? 'ok' : 'FAULT', what, found, advice]);
  const text = formatTable(['', 'WHAT', 'FOUND', 'WHAT TO DO'], rows, call.style);
  const bad = checks.some(({ ok }) => !ok);
  return {
    value: checks,
    text: bad ? `${text}${paint('some things need a look', '31', call.style)}\n` : text,
    status: bad ? 1 : 0,
  };
}

async function check(what: string, advice: string, work: () => Promise<string>): Promise<Check> {
  try {
    return { what, ok: true, found: await work(), advice: '' };
  } catch (error) {
    return { what, ok: false, found: error instanceof Error ? error.message : String(error), advice };
  }
}

function stateDirectory(state: string): Check {
  const what = 'state directory';
  try {
    const mode = statSync(state).mode & 0o777;
    const ok = (mode & 0o077) === 0;
    const advice = ok ? '' : `others can read it: chmod 700 ${state}`;
    return { what, ok, found: `${state}, mode ${mode.toString(8)}`, advice };
  } catch {
    return { what, ok: false, found: `${state} is not there`, advice: 'name it with --state DIR' };
  }
}

/** What stands is told; what wants somebody at once, by its severity (RFC 8632), needs a look. Each alarm says itself what to do. */
async function alarms({ client }: Call): Promise<string> {
  const value = await client.call('config.get', 'alarms.summary.alarm-summary');
  const counts = (Array.isArray(value) ? (value as readonly RpcValue[]) : []).filter(isStruct);
  const stand = counts.filter((each) => Number(each['not-cleared']) > 0);
  if (stand.length === 0) return 'none';
  const found = stand.map((each) => `${String(each['not-cleared'])} ${String(each.severity)}`).join(', ');
  if (stand.some(({ severity }) => urgent.has(String(severity)))) throw new Error(found);
  return `${found}: signet get alarms`;
}

const urgent: ReadonlySet<string> = new Set(['critical', 'major']);

async function version({ client }: Call): Promise<string> {
  const agent = await client.call('config.get', 'agent');
  const { version: name = '', started = '' } = isStruct(agent) ? agent : {};
  return `version ${String(name)}, up since ${String(started)}`;
}

async function certificate({ client }: Call): Promise<string> {
  const state = await served(client);
  if (state === undefined) throw new Error('HTTPS presents nothing');
  const name = String(state.certificate ?? '');
  if (name === '') throw new Error('the factory certificate stands in for that of the tree');
  const facts = await client.call('config.get', `https.certificate[${name}].state`);
  const { validity = 'absent', 'days-remaining': days = '', finding } = isStruct(facts) ? facts : {};
  const text = `${name}: ${String(validity)}, ${String(days)} days left`;
  if (validity !== 'valid') throw new Error(text);
  const warnings = list(finding).filter(({ severity }) => severity !== 'info');
  return [text, ...warnings.map(({ text: warning }) => String(warning))].join('; ');
}

/** What HTTPS presents by the tree; undefined where it presents nothing. */
async function served(client: Call['client']): Promise<RpcStruct | undefined> {
  try {
    const state = await client.call('config.get', 'https.state');
    return isStruct(state) ? state : undefined;
  } catch (error) {
    if (error instanceof ConfigError && error.tag === 'data-missing') return undefined;
    throw error;
  }
}

async function listeners({ client }: Call): Promise<readonly Listener[]> {
  const agent = await client.call('config.get', 'agent');
  const entries = list(isStruct(agent) ? agent.listener : undefined);
  return entries.map(({ service, address, port, error }) => ({
    service: String(service),
    address: String(address),
    port: Number(port),
    error: error === undefined ? undefined : String(error),
  }));
}

function look(call: Call, listener: Listener): Promise<Check> {
  const { service, error } = listener;
  const host = hostOf(call, listener.address);
  const what = `${service} ${host.includes(':') ? `[${host}]` : host}:${listener.port}`;
  const work = async () => {
    if (error !== undefined) throw new Error(error);
    return service === 'https' ? await https(call, host, listener.port) : await snmp(call, host, listener.port);
  };
  return check(what, error === undefined ? adviceOf(service, call) : 'free the address, or name another one', work);
}

/** A wildcard is reached by the name that the user reached the agent by. */
function hostOf({ arguments: given }: Call, address: string): string {
  if (address !== '0.0.0.0' && address !== '::') return address;
  return typeof given.url === 'string' ? new URL(given.url).hostname.replace(/^\[|\]$/g, '') : '127.0.0.1';
}

/** A handshake as any client would make it, and whether what is presented is what the tree says. */
async function https({ client }: Call, host: string, port: number): Promise<string> {
  const begun = performance.now();
  const { protocol, peer } = await handshake(host, port);
  const took = Math.round(performance.now() - begun);
  const expected = String((await served(client))?.['fingerprint-sha256'] ?? '');
  const seen = peer.fingerprint256.replaceAll(':', '').toLowerCase();
  if (seen !== expected) throw new Error(`presents ${seen}, and not ${expected} as the tree says`);
  return `${protocol}, ${[peer.subject.CN].flat().join(', ')}, ${took} ms`;
}

async function handshake(host: string, port: number): Promise<{ protocol: string; peer: PeerCertificate }> {
  const { connect } = await import('node:tls');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: patience });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no answer within 5 s')));
    socket.once('secureConnect', () => {
      resolve({ protocol: socket.getProtocol() ?? '', peer: socket.getPeerCertificate() });
      socket.destroy();
    });
  });
}

/** sysUpTime with the user's keys; without a user an engine that refuses a stranger by name has shown that it is one. */
async function snmp({ arguments: given }: Call, host: string, port: number): Promise<string> {
  const manager = createRequire(import.meta.url)('net-snmp') as SnmpManager;
  const session = manager.createV3Session(host, snmpUser(given, manager), {
    port,
    timeout: 2000,
    retries: 1,
    transport: host.includes(':') ? 'udp6' : 'udp4',
  });
  const known = given['snmp-user'] !== undefined;
  return new Promise<string>((resolve, reject) => {
    session.on('error', reject);
    session.get([sysUpTime], (error, variables) => {
      if (error === null) resolve(`up for ${Math.floor(Number(variables?.[0]?.value ?? 0) / 100)} s`);
      else if (!known && error.message === 'Unknown User Name') resolve('answers discovery, refuses a stranger');
      else reject(new Error(error.message));
    });
  }).finally(() => session.close());
}

function snmpUser(given: Call['arguments'], manager: SnmpManager): SnmpUser {
  const name = given['snmp-user'];
  if (typeof name !== 'string') return { name: 'doctor', level: manager.SecurityLevel.noAuthNoPriv };
  const file = given['snmp-password-file'];
  if (typeof file !== 'string') {
    throw new UsageError('--snmp-user needs --snmp-password-file');
  }
  const phrase = readText(file).replace(/\r?\n$/, '');
  return {
    name,
    level: manager.SecurityLevel.authPriv,
    authProtocol: manager.AuthProtocols.sha256,
    authKey: phrase,
    privProtocol: manager.PrivProtocols.aes,
    privKey: phrase,
  };
}

function list(value: RpcValue | undefined): readonly RpcStruct[] {
  return (Array.isArray(value) ? (value as readonly RpcValue[]) : []).filter(isStruct);
}

function adviceOf(service: string, { arguments: given }: Call): string {
  const user = given['snmp-user'];
  if (service === 'https') return 'see the log of the agent; a new certificate: signet certificate restore-default';
  if (typeof user === 'string') return `new pass phrases: signet passwd ${user} --snmp`;
  return 'see the log of the agent; is a packet filter in the way?';
}

/** The part of the package's manager side that is used; its published types do not have it all. */
interface SnmpManager {
  readonly SecurityLevel: { readonly noAuthNoPriv: number; readonly authPriv: number };
  readonly AuthProtocols: { readonly sha256: string };
  readonly PrivProtocols: { readonly aes: string };
  createV3Session(host: string, user: SnmpUser, options: object): SnmpSession;
}

interface SnmpUser {
  readonly name: string;
  readonly level: number;
  readonly authProtocol?: string;
  readonly authKey?: string;
  readonly privProtocol?: string;
  readonly privKey?: string;
}

interface SnmpSession {
  get(
    oids: readonly string[],
    done: (error: Error | null, variables?: readonly { readonly value: unknown }[]) => void,
  ): void;
  on(event: 'error', listener: (error: Error) => void): void;
  close(): void;
}

const certificateAdvice = 'look at it: signet certificate list; a new one: signet certificate restore-default';
const sysUpTime = '1.3.6.1.2.1.1.3.0';
/** Milliseconds. */
const patience = 5000;
