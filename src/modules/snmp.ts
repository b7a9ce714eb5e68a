/**
 * The configuration of the SNMP engine: what the schema alone cannot say of it. The engine reads the tree itself. What it is and counts,
 * and its configuration, stand also where the MIB modules of the IETF have them.
 */
import type { Change, Finding, ModuleRegistration } from '../datastore/index.js';
import type { Branch } from '../yang/index.js';
import { container, list, text, texts, top } from './read.js';
import type { SnmpFacts } from './snmp/facts.js';
import { frameworkMib } from './snmp/framework-mib.js';
import { notificationMib } from './snmp/notification-mib.js';
import { snmpv2Mib } from './snmp/snmpv2-mib.js';
import { statistics } from './snmp/statistics.js';
import { asSubtree } from './snmp/subtree.js';
import { targetMib } from './snmp/target-mib.js';
import { validateVacm } from './snmp/vacm.js';

export type { SnmpCounter, SnmpFacts } from './snmp/facts.js';

const root = '/ietf-snmp:snmp';

export function snmpModule(facts: SnmpFacts): ModuleRegistration {
  return {
    name: 'snmp',
    handlers: [{ name: 'snmp', path: root, validate }],
    state: [
      ...snmpv2Mib(facts),
      ...frameworkMib(facts),
      ...statistics(facts),
      ...targetMib(facts),
      ...notificationMib(),
    ],
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
  for (const entry of list(snmp, 'notify') ?? []) {
    if (text(entry, 'type') === 'inform')
      refuse(`/notify[name='${text(entry, 'name') ?? ''}']/type`, 'this agent sends traps, and no informs yet');
  }
  return [...findings, ...validateVacm(snmp)];
}

function hasEntry(parent: Branch, name: string, key: string, value: string): boolean {
  for (const entry of list(parent, name) ?? []) if (text(entry, key) === value) return true;
  return false;
}
