/** The SNMP engine of this agent: its identity, its boots, its start. Part of the composition root. */
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import type { Accounts } from './accounts.js';
import type { AgentOptions } from './agent-options.js';
import type { Datastore } from './datastore/index.js';
import { type RunningSnmp, type StartKind, startSnmp } from './northbound/snmp/index.js';
import type { Schema } from './yang/index.js';

export function openSnmp(
  datastore: Datastore,
  accounts: Accounts,
  schema: Schema,
  options: AgentOptions,
  engine: { readonly engineId: Buffer; readonly boots: number; now(): number },
): RunningSnmp {
  return startSnmp({
    schema,
    engine,
    openSession: (origin) => datastore.session(origin),
    users: { user: (name) => accounts.snmpUser(name) },
    remoteUsers: { user: (engineId, name) => accounts.remoteUser(engineId, name) },
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

/**
 * Counted and on disk before any socket opens (RFC 3414 2.2); where the disk does not take it none opens. The start is a cold one
 * (RFC 3418) where boots are not remembered, so that the configuration may be any, or where this start has changed it: it made the first
 * one, or undid a commit that nobody had confirmed. After a restore it counts on by more starts than there can have been since the backup:
 * stations take no message with fewer boots than they have seen (RFC 3414 3.2 step 7b). The file `restored` tells, and goes.
 */
export async function countBoot(
  datastore: Datastore,
  engineId: Buffer,
  startedAt: number,
  restored: string,
): Promise<{ readonly boots: number; readonly kind: StartKind }> {
  const meta = datastore.meta(engineFact);
  const known = meta.get() as EngineFact | undefined;
  const isRestored = existsSync(restored);
  const boots = Math.min((known?.boots ?? 0) + (isRestored ? bootsOfRestore : 1), 2 ** 31 - 1);
  await meta.set({ engineId: engineId.toString('hex'), boots });
  if (isRestored) rmSync(restored, { force: true });
  const changed = (datastore.history()[0]?.time ?? 0) >= startedAt;
  return { boots, kind: known === undefined || isRestored || changed ? 'coldStart' : 'warmStart' };
}

const bootsOfRestore = 10_000;

interface EngineFact {
  readonly engineId: string;
  readonly boots: number;
}

const engineFact = 'snmp-engine';
