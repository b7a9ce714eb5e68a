/** What the schema alone cannot say of the view-based access control model (RFC 3415, RFC 7407). */
import type { Finding } from '../../datastore/index.js';
import type { Branch } from '../../yang/index.js';
import { container, list, text, texts } from '../read.js';
import { asSubtree } from './subtree.js';

const root = '/ietf-snmp:snmp/vacm';
/** SnmpSecurityModel of RFC 3411. */
const numbers: Readonly<Record<string, number>> = { any: 0, v1: 1, v2c: 2, usm: 3, tsm: 4 };

/** The number of a security model that is given by its name or its number. */
export function modelNumber(model: string): number {
  return numbers[model] ?? Number(model);
}

/** `snmp` is the container of ietf-snmp. */
export function validateVacm(snmp: Branch): readonly Finding[] {
  const vacm = container(snmp, 'vacm');
  if (vacm === undefined) return [];
  const findings: Finding[] = [];
  const refuse = (path: string, problem: string) =>
    findings.push({ severity: 'error', path: `${root}${path}`, text: problem, tag: 'invalid-value' });
  const views = new Set<string>();
  for (const view of list(vacm, 'view') ?? []) {
    const name = text(view, 'name') ?? '';
    views.add(name);
    checkSubtrees(view, (which, problem) => refuse(`/view[name='${name}']/${which}`, problem));
  }
  const members = new Map<string, string>();
  for (const group of list(vacm, 'group') ?? []) {
    const name = text(group, 'name') ?? '';
    const path = `/group[name='${name}']`;
    for (const member of list(group, 'member') ?? []) {
      const who = text(member, 'security-name') ?? '';
      for (const model of texts(member, 'security-model')) {
        const key = `${String(modelNumber(model))} ${who}`;
        const other = members.get(key);
        if (other !== undefined)
          refuse(`${path}/member[security-name='${who}']`, `${who} is in group ${other} already under ${model}`);
        members.set(key, name);
      }
    }
    checkAccess(group, views, (at, problem) => refuse(`${path}${at}`, problem));
  }
  return findings;
}

/** Two families with the same subtree would be one row of vacmViewTreeFamilyTable. */
function checkSubtrees(view: Branch, refuse: (which: string, problem: string) => void): void {
  const known = new Set<string>();
  for (const which of ['include', 'exclude'] as const) {
    for (const oid of texts(view, which)) {
      const subtree = asSubtree(oid);
      if (subtree === undefined) refuse(which, `'${oid}' is no object identifier`);
      else if (known.has(subtree)) refuse(which, `'${oid}' is there already; a star counts as 0`);
      else known.add(subtree);
    }
  }
}

function checkAccess(group: Branch, views: ReadonlySet<string>, refuse: (at: string, problem: string) => void): void {
  const known = new Set<string>();
  for (const access of list(group, 'access') ?? []) {
    const [context = '', model = '', level = ''] = access.keys().map(String);
    const at = `/access[context='${context}'][security-model='${model}'][security-level='${level}']`;
    const key = `${context}\u0000${String(modelNumber(model))} ${level}`;
    if (known.has(key)) refuse(at, 'the same is there already under the number of the security model');
    known.add(key);
    for (const which of ['read-view', 'write-view', 'notify-view'] as const) {
      const view = text(access, which);
      if (view !== undefined && !views.has(view)) refuse(`${at}/${which}`, `there is no view ${view}`);
    }
  }
}
