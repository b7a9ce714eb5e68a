/** The configuration of the SNMP engine: where it listens, and what the schema alone cannot say. The engine reads the rest itself. */
import type {
  ActionHandler,
  Change,
  CommitHandler,
  Finding,
  ModuleRegistration,
  ModuleServices,
} from '../datastore/index.js';
import type { Branch } from '../yang/index.js';
import { container, list, text, texts, top } from './read.js';
import { Listening, type ListeningParts, type ListeningState } from './snmp/listening.js';
import { type KeyLocalizer, setPassPhrase } from './snmp/remote-users.js';
import { asSubtree } from './snmp/subtree.js';
import { validateVacm } from './snmp/vacm.js';

const root = '/ietf-snmp:snmp';

export interface SnmpParts extends ListeningParts, KeyLocalizer {
  /**
   * Sends a notification with sample values to the targets that would get it, or to the one that is named; gives how many were sent.
   * Throws ConfigError where there is no such notification or target, or the engine has not started.
   */
  readonly testNotification: (name: string, target: string | undefined) => number;
}

export interface SnmpModule {
  readonly registration: ModuleRegistration;
  /** Listens where running says, from here on: called once, when the engine is there. */
  open(): Promise<void>;
  /** Every address that was asked for, as it is now. */
  listening(): readonly ListeningState[];
}

export function snmpModule(parts: SnmpParts): SnmpModule {
  const listening = new Listening(parts);
  let services: ModuleServices | undefined;
  const handler = { name: 'snmp', path: root, validate, ...listening.phases };
  return {
    registration: {
      name: 'snmp',
      handlers: [handler as CommitHandler],
      actions: [setPassPhrase(parts), sendTest(parts)],
      start: (given) => {
        services = given;
      },
      stop: () => listening.stop(),
    },
    async open() {
      if (services === undefined) throw new RangeError('the datastore is not open');
      await listening.open(services.running);
    },
    listening: () => listening.state,
  };
}

function sendTest({ testNotification }: SnmpParts): ActionHandler {
  return {
    path: '/signet-snmp:send-test-notification',
    invoke: (_context, _instance, input) =>
      Promise.resolve().then(() => {
        const target = input['target'] === undefined ? undefined : String(input['target']);
        return { sent: testNotification(String(input['notification']), target) };
      }),
  };
}

function validate({ after }: Change): readonly Finding[] {
  const snmp = top(after.config, 'ietf-snmp', 'snmp');
  if (snmp === undefined) return [];
  const findings: Finding[] = [];
  const refuse = (path: string, problem: string) =>
    findings.push({ severity: 'error', path: `${root}${path}`, text: problem, tag: 'invalid-value' });
  for (const target of list(snmp, 'target') ?? []) {
    const name = text(target, 'name') ?? '';
    const params = text(target, 'target-params') ?? '';
    const path = `/target[name='${name}']`;
    if (!hasEntry(snmp, 'target-params', 'name', params))
      refuse(`${path}/target-params`, `there is no target-params ${params}`);
    const bits = container(target, 'udp');
    const length = bits === undefined ? undefined : text(bits, 'prefix-length');
    const widest = bits !== undefined && (text(bits, 'ip') ?? '').includes(':') ? 128 : 32;
    if (length !== undefined && Number(length) > widest)
      refuse(`${path}/udp/prefix-length`, `an address of this family has ${String(widest)} bits`);
  }
  for (const entry of list(snmp, 'notify-filter-profile') ?? []) {
    for (const which of ['include', 'exclude'] as const) {
      for (const oid of texts(entry, which)) {
        const path = `/notify-filter-profile[name='${text(entry, 'name') ?? ''}']/${which}`;
        if (asSubtree(oid) === undefined) refuse(path, `'${oid}' is no object identifier`);
      }
    }
  }
  return [...findings, ...validateVacm(snmp)];
}

function hasEntry(parent: Branch, name: string, key: string, value: string): boolean {
  for (const entry of list(parent, name) ?? []) if (text(entry, key) === value) return true;
  return false;
}
