/**
 * SNMP beside Debian's snmpd and beside a table agent on libnetsnmp, in the same interleaved rounds: processor time of the agent for each
 * request (walks: for each varbind) with 16 in flight, from a client that is cheaper than any of them. Then what rows cost.
 */
import { join } from 'node:path';
import { type as pduType } from '../test/northbound/snmp/support/raw.js';
import { makeState } from '../test/support/agent.js';
import { line, quantile, residentMegabytes, short } from './machine.js';
import { compile, pin, type Server, startSignet, startSnmpd, startTableAgent, writeModule } from './snmp-peers.js';
import { type Case, check, load, requestsOf } from './snmp-requests.js';

const rounds = 5;
/** Requests before the first that counts, until ours is compiled. */
const warmUp = 20_000;
const tableRows = 10_000;

export async function run(): Promise<void> {
  const place = await makeState();
  const servers: Server[] = [];
  const keep = async (server: Server): Promise<Server> => {
    servers.push(server);
    await pin(server.pid, 0);
    return server;
  };
  try {
    const client = await compile('client', place.directory, []);
    if (client instanceof Error) {
      print(`skipped: ${client.message}`);
      return;
    }
    await pin(process.pid, 1);
    const schema = join(place.directory, 'schema');
    const objects = await writeModule(schema);
    const own = async (rows: number, hidden = false) =>
      await keep({ ...(await startSignet(schema, rows, hidden)), ...objects });
    const signet = await own(tableRows);
    const compared = [signet];
    for (const peer of [await startSnmpd(place.directory), await startTableAgent(place.directory, tableRows)]) {
      if (peer instanceof Error) print(`not compared: ${peer.message}`);
      else compared.push(await keep(peer));
    }
    for (const one of cases()) await compare(client, compared, one);
    await sets(client, signet);
    await sizes(client, await own(1000), await own(100_000));
    const hidden = await own(100_000, true);
    const [with_, without] = [servers.at(-2)!, hidden].map(({ pid }) => residentMegabytes(pid));
    print(line('100 000 rows walked, over the tree without SNMP', [with_! - without!], 'MB', '<= 60'));
  } finally {
    for (const server of servers) await server.stop();
    await place.remove();
  }
}

function cases(): readonly Case[] {
  const scalar = (server: Server) => server.scalar;
  const row = ({ column }: Server, at: number) => (column === '' ? undefined : `${column}.${String(at % tableRows)}`);
  const plain = { varbinds: 1, secured: false, requests: 30_000 };
  return [
    { ...plain, name: 'GET scalar', kind: pduType.get, object: scalar },
    { ...plain, name: 'GET random row', kind: pduType.get, object: (server, at) => row(server, at * 7919) },
    { ...plain, name: 'GETNEXT walk, per varbind', kind: pduType.getNext, object: row },
    {
      ...plain,
      name: 'GETBULK-25, per varbind',
      kind: pduType.getBulk,
      requests: 15_000,
      varbinds: 25,
      object: (server, at) => row(server, (at * 25) % (tableRows - 25)) ?? '1.3.6.1.2.1.11',
    },
    { ...plain, name: 'GET v3 SHA-256/AES-128', kind: pduType.get, requests: 20_000, secured: true, object: scalar },
  ];
}

const targets: Readonly<Record<string, string>> = {
  'GET scalar': '0.5',
  'GETBULK-25, per varbind': '0.5',
  'GET v3 SHA-256/AES-128': '0.8',
};

/** The servers take turns. */
async function compare(client: string, servers: readonly Server[], one: Case): Promise<void> {
  const costs = new Map<Server, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      const requests = await requestsOf(server, one, round * 10_000);
      if (requests === undefined) continue;
      if (round === 0) {
        await check(server, one, requests);
        await load(client, server, requests, warmUp);
      }
      const { cost } = await load(client, server, requests, one.requests);
      costs.set(server, [...(costs.get(server) ?? []), cost / one.varbinds]);
    }
  }
  const [ours = [], ...theirs] = costs.values();
  const names = [...costs.keys()].map(({ name }) => name);
  for (const [at, values] of [ours, ...theirs].entries()) print(line(`${one.name}, ${names[at]!}`, values, 'us', '-'));
  for (const [at, values] of theirs.entries()) {
    const ratio = short(quantile(ours, 0.5) / quantile(values, 0.5));
    const target = targets[one.name] === undefined ? '' : `target <= ${targets[one.name]!}`;
    print(`${`  over ${names[at + 1]!}`.padEnd(52)} ${ratio.padStart(24)} ${''.padEnd(12)} ${target}`);
  }
}

/** Each is a durable commit of its own. */
async function sets(client: string, server: Server): Promise<void> {
  const one: Case = {
    name: 'SET',
    kind: pduType.set,
    requests: 500,
    varbinds: 1,
    secured: true,
    object: ({ scalar }) => scalar,
    value: (at) => at,
  };
  const costs: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const requests = (await requestsOf(server, one, 1_000_000 + round * 1000))!;
    const { cost, seconds } = await load(client, server, requests, one.requests);
    costs.push(cost);
    rates.push(one.requests / seconds);
  }
  print(line('SET v3 with durable commit, signet', costs, 'us', '-'));
  print(line('SET v3 with durable commit, signet', rates, '/s', '-'));
}

/** Walks of the whole table. */
async function sizes(client: string, small: Server, large: Server): Promise<void> {
  const sizeOf = new Map([
    [small, 1000],
    [large, 100_000],
  ]);
  const walks: readonly Pick<Case, 'name' | 'kind' | 'varbinds' | 'requests'>[] = [
    { name: 'GETNEXT walk', kind: pduType.getNext, varbinds: 1, requests: 30_000 },
    { name: 'GETBULK-25 walk', kind: pduType.getBulk, varbinds: 25, requests: 15_000 },
  ];
  for (const walk of walks) {
    const costs = new Map<Server, number[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const [server, rows] of sizeOf) {
        // the whole table, in steps that are no walk from the start only
        const step = Math.max(walk.varbinds, Math.floor(rows / 4096));
        const object = ({ column }: Server, at: number) => `${column}.${String((at * step) % (rows - walk.varbinds))}`;
        const requests = (await requestsOf(server, { ...walk, secured: false, object }, round * 10_000))!;
        const { cost } = await load(client, server, requests, walk.requests);
        costs.set(server, [...(costs.get(server) ?? []), cost / walk.varbinds]);
      }
    }
    const [few = [], many = []] = costs.values();
    print(line(`${walk.name} of 1 000 rows, per varbind`, few, 'us', '-'));
    print(line(`${walk.name} of 100 000 rows, per varbind`, many, 'us', '-'));
    print(
      `${'  over that of 1 000'.padEnd(52)} ${short(quantile(many, 0.5) / quantile(few, 0.5)).padStart(24)} ${''.padEnd(12)} target <= 1.5`,
    );
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
