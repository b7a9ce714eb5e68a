/** The agent itself as state: version, start, listeners. */
import type { ModuleRegistration, StateProvider } from '../datastore/index.js';
import type { Endpoint } from '../southbound/index.js';

export interface AgentFacts {
  readonly version: string;
  readonly started: Date;
  /** Every address that was asked for, as it is now. */
  listeners(): readonly ListenerState[];
}

export interface ListenerState extends Endpoint {
  readonly service: 'https' | 'snmp';
  /** Why it does not listen; undefined where it does. */
  readonly error: string | undefined;
}

export function agentModule(facts: AgentFacts): ModuleRegistration {
  const state = (name: string, read: StateProvider['read']): StateProvider => ({
    path: `/signet-agent:agent/${name}`,
    read,
  });
  return {
    name: 'agent',
    state: [
      state('version', () => facts.version),
      state('started', () => facts.started.toISOString()),
      state('listener', () => facts.listeners().map(listenerJson)),
    ],
  };
}

function listenerJson({ service, address, port, error }: ListenerState) {
  const known = { service, address, port, state: error === undefined ? 'open' : 'failed' };
  return error === undefined ? known : { ...known, error: error.slice(0, 255) };
}
