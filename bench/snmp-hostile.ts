/**
 * A correct GET, and an XML-RPC read, while 10 000 hostile datagrams a second come, of which one in 450 is a GETBULK without end with a
 * stolen community; then how soon answers are good again after more than the agent can take.
 */
import { spawn } from 'node:child_process';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pdu, type as pduType, RawClient, v2c, varbind } from '../test/northbound/snmp/support/raw.js';
import { adminPassword, makeState } from '../test/support/agent.js';
import { line, quantile, residentMegabytes } from './machine.js';
import { community, type Server, startSignet, writeModule } from './snmp-peers.js';

const rate = 10_000;
const seconds = 20;
const saturation = 5;

export async function run(): Promise<void> {
  const place = await makeState();
  const schema = join(place.directory, 'schema');
  await writeModule(schema);
  const server = await startSignet(schema, 10_000);
  try {
    const before = residentMegabytes(server.pid);
    await told('with nothing hostile', server, 0, 5);
    await told(`with ${String(rate)} hostile datagrams a second`, server, rate, seconds);
    print(line('resident memory more', [residentMegabytes(server.pid) - before], 'MB', '-'));
    const recoveries: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const sent = await flood(server, 0, saturation);
      const begun = performance.now();
      await firstAnswer(server);
      recoveries.push(performance.now() - begun);
      print(`saturated with ${String(Math.round(sent / saturation))} datagrams a second for ${String(saturation)} s`);
    }
    print(line('good answer after saturation', recoveries, 'ms', '<= 1000'));
    print(line('resident memory more', [residentMegabytes(server.pid) - before], 'MB', '-'));
  } finally {
    await server.stop();
    await place.remove();
  }
}

async function told(how: string, server: Server, perSecond: number, during: number): Promise<void> {
  const hostile = perSecond === 0 ? undefined : flood(server, perSecond, during);
  const gets: number[] = [];
  const reads: number[] = [];
  let lost = 0;
  const until = performance.now() + during * 1000;
  const lane = async (ask: () => Promise<number | undefined>, into: number[]) => {
    while (performance.now() < until) {
      const taken = await ask();
      if (taken === undefined) lost += 1;
      else into.push(taken);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const pool = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  await Promise.all([lane(() => latency(server), gets), lane(() => read(server, pool), reads)]);
  pool.destroy();
  const sent = await hostile;
  if (sent !== undefined) print(`${String(Math.round(sent / during))} hostile datagrams a second were sent`);
  print(line(`GET ${how}`, gets, 'ms', '-'));
  print(line('  99th percentile', [quantile(gets, 0.99)], 'ms', '<= 50'));
  print(line('  without an answer in a second', [lost], '', '0'));
  print(line(`XML-RPC ${how}, 99th percentile`, [quantile(reads, 0.99)], 'ms', '-'));
}

/** Asks every 50 ms until one is answered. */
async function firstAnswer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const ask = () => void latency(server).then((taken) => taken !== undefined && done());
    const timer = setInterval(ask, 50);
    const done = () => {
      clearInterval(timer);
      resolve();
    };
    ask();
  });
}

let requestId = 1;

/** Milliseconds until a GET was answered rightly; undefined where that took a second. */
async function latency(server: Server): Promise<number | undefined> {
  const client = new RawClient(server.port);
  const begun = performance.now();
  requestId += 1;
  const own = requestId;
  const message = v2c(pdu(pduType.get, own, [varbind('1.3.6.1.2.1.1.3.0')]), community);
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, 1000, undefined).unref());
  const answer = client.request(message).catch(() => undefined);
  const first = await Promise.race([answer, late]);
  client.close();
  if (first === undefined) return undefined;
  if (first.requestId !== own || first.status !== 0 || first.varbinds[0]?.tag !== 0x43)
    throw new Error(`a wrong answer: ${first.octets.toString('hex')}`);
  return performance.now() - begun;
}

function read(server: Server, agent: Agent): Promise<number | undefined> {
  const body =
    '<?xml version="1.0"?><methodCall><methodName>config.get</methodName><params><param><value><string>system.name</string></value></param></params></methodCall>';
  const begun = performance.now();
  return new Promise((resolve) => {
    const headers = { 'content-type': 'text/xml', 'content-length': body.length };
    const options = { host: '127.0.0.1', port: server.httpsPort, path: '/RPC2', method: 'POST', agent, headers };
    const call = request({ ...options, auth: `admin:${adminPassword}` }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200 ? performance.now() - begun : undefined));
    });
    call.on('error', () => resolve(undefined));
    call.end(body);
  });
}

/** Resolves to how many were sent. */
async function flood(server: Server, perSecond: number, during: number): Promise<number> {
  const script = fileURLToPath(new URL('snmp-flood.js', import.meta.url));
  const args = [script, String(server.port), String(perSecond), String(during)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return Number(await text(child.stdout));
}

function print(value: string): void {
  process.stdout.write(`${value}\n`);
}
