/** What the agent is started with. Part of the composition root. */
import type { Log } from './datastore/index.js';
import type { Endpoint } from './southbound/index.js';

export interface AgentOptions {
  readonly state: string;
  /** Undefined where the command line names none: then the tree says where, or the default holds. */
  readonly https: Endpoint | undefined;
  /** As `https`. */
  readonly snmp: Endpoint | undefined;
  readonly schema: readonly string[];
  readonly adminPasswordFile: string | undefined;
  readonly snmpPasswordFile: string | undefined;
  readonly masterKeyFile: string | undefined;
  /** With a startup datastore: a start begins with what was saved there. */
  readonly startup: boolean;
  /** The folder with our own modules. */
  readonly ownSchema: string;
  readonly version: string;
  readonly log: Log;
}
