/** The SNMP engine of this agent: its identity, its boots, its start. Part of the composition root. */
import { randomBytes } from 'node:crypto';
import type { Accounts } from './accounts.js';
import type { AgentOptions } from './agent-options.js';
import type { Datastore } from './datastore/index.js';
import { type RunningSnmp, startSnmp } from './northbound/snmp/index.js';
import type { Schema } from './yang/index.js';

export function openSnmp(
  datastore: Datastore,
  accounts: Accounts,
  schema: Schema,
  options: AgentOptions,
  engine: { readonly engineId: Buffer; readonly boots: number; now(): number },
): Promise<RunningSnmp> {
  return startSnmp({
    listen: options.snmp,
    schema,
    engine,
    openSession: (origin) => datastore.session(origin),
    users: { user: (name) => accounts.snmpUser(name) },
    memory: (name) => datastore.meta(name),
    log: options.log,
  });
}

/** RFC 3411 SnmpEngineID: enterprise 32473, format 5 (octets), here random ones; it stays when addresses change. */
export function engineIdOf(datastore: Datastore): Buffer {
  const known = datastore.meta(engineFact).get() as EngineFact | undefined;
  return known === undefined
    ? Buffer.concat([Buffer.from('80007ed905', 'hex'), randomBytes(8)])
    : Buffer.from(known.engineId, 'hex');
}

/** Counted and on disk before any socket opens (RFC 3414 2.2); where the disk does not take it none opens. */
export async function countBoot(datastore: Datastore, engineId: Buffer): Promise<number> {
  const meta = datastore.meta(engineFact);
  const known = meta.get() as EngineFact | undefined;
  const boots = Math.min((known?.boots ?? 0) + 1, 2 ** 31 - 1);
  await meta.set({ engineId: engineId.toString('hex'), boots });
  return boots;
}

interface EngineFact {
  readonly engineId: string;
  readonly boots: number;
}

const engineFact = 'snmp-engine';
