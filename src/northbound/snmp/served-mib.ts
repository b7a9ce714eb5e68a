/** What SNMP serves: an OID file that cannot be used keeps only its own module away. */
import type { Log } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { Module, Schema } from '../../yang/index.js';
import { mapSchema } from './mapping.js';
import type { Mib } from './model.js';
import { type OidFile, type OidFiles, readOidFile } from './oid-files.js';

/** Tells of each module that is left out. Throws ConfigError invalid-value where modules with OIDs of their own do not fit. */
export function mapServed(schema: Schema, log: Log): Mib {
  const told = new Set<string>();
  const leaveOut = (module: Module, reason: ConfigError): void => {
    told.add(module.name);
    log('error', `SNMP shows nothing of module ${module.name}: ${reason.message}`);
  };
  const mib = mapFitting(schema, readableFiles(schema, leaveOut), leaveOut);
  for (const { name } of mib.unplaced) {
    if (told.has(name)) continue;
    log('info', `SNMP shows nothing of module ${name}: it has no OIDs; make some with signet mib ${name} --assign`);
  }
  return mib;
}

type LeaveOut = (module: Module, reason: ConfigError) => void;

function readableFiles(schema: Schema, leaveOut: LeaveOut): OidFiles {
  const files = new Map<string, OidFile>();
  for (const module of schema.modules.values()) {
    if (!module.implemented) continue;
    const file = attempt(() => readOidFile(module));
    if (file instanceof ConfigError) leaveOut(module, file);
    else if (file !== undefined) files.set(module.name, file);
  }
  return files;
}

/** With all files, or where those do not go together with each that goes with those before it. */
function mapFitting(schema: Schema, files: OidFiles, leaveOut: LeaveOut): Mib {
  const all = attempt(() => mapSchema(schema, files));
  if (!(all instanceof ConfigError)) return all;
  let fitting: OidFiles = new Map();
  let mib = mapSchema(schema, fitting);
  for (const [name, file] of files) {
    const more: OidFiles = new Map([...fitting, [name, file]]);
    const mapped = attempt(() => mapSchema(schema, more));
    if (mapped instanceof ConfigError) leaveOut(schema.modules.get(name)!, mapped);
    else [fitting, mib] = [more, mapped];
  }
  return mib;
}

function attempt<T>(work: () => T): T | ConfigError {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown;
    throw thrown;
  }
}
