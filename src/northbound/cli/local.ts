/** Commands that need no agent, or look at it from outside: schema, mib, doctor. */
import { statSync } from 'node:fs';
import type { Argv } from 'yargs';
import { ConfigError } from '../../error.js';
import type { Perform } from './config.js';
import type { Call, Output } from './index.js';
import { formatTable, isStruct, paint } from './text.js';

export function localCommands(parser: Argv, perform: Perform): void {
  const directories = (each: Argv) =>
    each.positional('module', { type: 'string' }).option('schema', { type: 'string', array: true });
  parser
    .command('schema [module]', 'print a YANG module, or the names of all', directories, (given) =>
      perform(schema, given),
    )
    .command(
      'mib [module]',
      'print the SMIv2 module of a YANG module, or the names of all',
      (each) =>
        directories(each).option('map', { type: 'boolean', default: false, describe: 'a JSON line for each object' }),
      (given) => perform(mib, given),
    )
    .command(
      'doctor',
      'look at each listener from outside, and say what to do',
      (each) => each,
      (given) => perform(doctor, given),
    );
}

async function schema({ parts, arguments: given }: Call): Promise<Output> {
  const { modules } = parts.loadSchema(directoriesOf(given));
  if (typeof given.module !== 'string') {
    const names = [...modules.values()].map(({ name, revision }) => ({ name, revision }));
    return { value: names, text: names.map(({ name, revision }) => `${name}@${revision}\n`).join('') };
  }
  const module = modules.get(given.module);
  if (module === undefined)
    throw new ConfigError({ tag: 'data-missing', message: `there is no module ${given.module}` });
  return { value: module.text, text: module.text };
}

async function mib({ parts, arguments: given }: Call): Promise<Output> {
  const loaded = parts.loadSchema(directoriesOf(given));
  const printer = await parts.mib();
  if (given.map === true) {
    const entries = printer.map(loaded);
    return { value: entries, text: entries.map((each) => `${JSON.stringify(each)}\n`).join('') };
  }
  const names = printer.modules(loaded);
  if (typeof given.module !== 'string') return { value: names, text: names.map((name) => `${name}\n`).join('') };
  const text = printer.format(loaded, given.module);
  if (text === undefined) {
    throw new ConfigError({ tag: 'data-missing', message: `SNMP shows nothing of a module ${given.module}` });
  }
  return { value: text, text };
}

interface Check {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  readonly advice: string;
}

/** First version: the local socket, the HTTPS listener, what it presents, SNMP discovery, the state directory. */
async function doctor(call: Call): Promise<Output> {
  const checks: Check[] = [stateDirectory(call.state)];
  const attempt = async (what: string, advice: string, work: () => Promise<string>) => {
    try {
      checks.push({ what, ok: true, found: await work(), advice: '' });
    } catch (error) {
      checks.push({ what, ok: false, found: error instanceof Error ? error.message : String(error), advice });
    }
  };
  await attempt('agent', 'start it: npm start, or signet agent --state DIR', async () => {
    const methods = await call.client.call('system.listMethods');
    return `answers, ${Array.isArray(methods) ? methods.length : 0} methods`;
  });
  await attempt(
    'certificate',
    'look at it: signet certificate list; a new one: signet certificate restore-default',
    async () => {
      const state = await call.client.call('config.get', 'https.state');
      const name = isStruct(state) ? String(state.certificate ?? '') : '';
      if (name === '') throw new Error('the factory certificate stands in for that of the tree');
      const facts = await call.client.call('config.get', `https.certificate[${name}].state`);
      const { validity = 'absent', 'days-remaining': days = '' } = isStruct(facts) ? facts : {};
      const text = `${name}: ${String(validity)}, ${String(days)} days left`;
      if (validity !== 'valid') throw new Error(text);
      return text;
    },
  );
  await attempt('https', 'see the log of the agent: the port may be taken by another process', async () => https(call));
  await attempt('snmp', 'see the log of the agent; name another address with --snmp', async () => snmp());
  const rows = checks.map(({ what, ok, found, advice }) => [ok ? 'ok' : 'FAULT', what, found, advice]);
  const text = formatTable(['', 'WHAT', 'FOUND', 'WHAT TO DO'], rows, { colour: call.colour });
  const bad = checks.some(({ ok }) => !ok);
  return {
    value: checks,
    text: bad ? `${text}${paint('some things need a look', '31', call)}\n` : text,
    status: bad ? 1 : 0,
  };
}

function stateDirectory(state: string): Check {
  const what = 'state directory';
  try {
    const mode = statSync(state).mode & 0o777;
    const ok = (mode & 0o077) === 0;
    return {
      what,
      ok,
      found: `${state}, mode ${mode.toString(8)}`,
      advice: ok ? '' : `others can read it: chmod 700 ${state}`,
    };
  } catch {
    return { what, ok: false, found: `${state} is not there`, advice: 'name it with --state DIR' };
  }
}

/** A handshake as any client would make it, without trust: what is presented, and how long it took. */
async function https({ arguments: given }: Call): Promise<string> {
  const { connect } = await import('node:tls');
  const url = new URL(typeof given.url === 'string' ? given.url : 'https://127.0.0.1:8443');
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: url.hostname,
      port: Number(url.port || 443),
      rejectUnauthorized: false,
      timeout: 5000,
    });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no answer within 5 s')));
    socket.once('secureConnect', () => {
      const { subject } = socket.getPeerCertificate();
      const name = [subject.CN].flat().join(', ');
      resolve(`${url.host}: ${socket.getProtocol()}, ${name}, ${Math.round(performance.now() - begun)} ms`);
      socket.destroy();
    });
  });
}

/** SNMPv3 discovery by an independent manager: the engine answers a stranger with its engine ID. */
async function snmp(): Promise<string> {
  const { createSocket } = await import('node:dgram');
  // RFC 3414 4: an empty engine ID, no user, reportable; a get without variables.
  const probe = Buffer.from(
    '303a020103300f02020539020300ffe30401040201030410300e0400020100020100040004000400301204000400a00c020205390201000201003000',
    'hex',
  );
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => {
      socket.close();
      reject(new Error('127.0.0.1:1161: no answer to discovery within 2 s'));
    }, 2000);
    socket.once('message', (message) => {
      clearTimeout(timer);
      socket.close();
      resolve(`127.0.0.1:1161: answers discovery, ${message.length} octets`);
    });
    socket.once('error', reject);
    socket.send(probe, 1161, '127.0.0.1');
  });
}

function directoriesOf(given: Readonly<Record<string, unknown>>): readonly string[] {
  return Array.isArray(given.schema) ? given.schema.map(String) : [];
}
