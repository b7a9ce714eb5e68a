/** SNMP-VIEW-BASED-ACM-MIB (RFC 3415): what RFC 7407 configures as `vacm`, in its tables. */
import type { Root, StateProvider } from '../../datastore/index.js';
import type { Branch, JsonValue } from '../../yang/index.js';
import { container, list, text, texts, top } from '../read.js';
import { rowOf } from './facts.js';
import { asSubtree, maskOf } from './subtree.js';
import { modelNumber } from './vacm.js';

const path = '/signet-snmp-vacm-mib:SNMP-VIEW-BASED-ACM-MIB';

export function vacmMib(): readonly StateProvider[] {
  return [
    { path: `${path}/vacmContextEntry`, read: () => [{ vacmContextName: '' }] },
    {
      path: `${path}/vacmSecurityToGroupEntry`,
      read: ({ config }) => entries(config, 'group').flatMap(memberRows),
    },
    { path: `${path}/vacmAccessEntry`, read: ({ config }) => entries(config, 'group').flatMap(accessRows) },
    { path: `${path}/vacmViewTreeFamilyEntry`, read: ({ config }) => entries(config, 'view').flatMap(familyRows) },
  ];
}

function entries(config: Root['config'], name: 'group' | 'view'): readonly Branch[] {
  const vacm = container(top(config, 'ietf-snmp', 'snmp'), 'vacm');
  return [...(list(vacm, name) ?? [])];
}

function memberRows(group: Branch): readonly JsonValue[] {
  const members = [...(list(group, 'member') ?? [])];
  return members.flatMap((member) =>
    texts(member, 'security-model').map((model) => {
      const cells = {
        vacmSecurityModel: modelNumber(model),
        vacmSecurityName: text(member, 'security-name') ?? '',
        vacmGroupName: text(group, 'name') ?? '',
      };
      return rowOf(cells, 'vacmSecurityToGroupStorageType', 'vacmSecurityToGroupStatus');
    }),
  );
}

function accessRows(group: Branch): readonly JsonValue[] {
  const accesses = [...(list(group, 'access') ?? [])];
  return accesses.map((access) => {
    const cells = {
      vacmGroupName: text(group, 'name') ?? '',
      vacmAccessContextPrefix: text(access, 'context') ?? '',
      vacmAccessSecurityModel: modelNumber(text(access, 'security-model') ?? ''),
      vacmAccessSecurityLevel: levels[text(access, 'security-level') ?? ''] ?? 'authPriv',
      vacmAccessContextMatch: text(access, 'context-match') ?? 'exact',
      vacmAccessReadViewName: text(access, 'read-view') ?? '',
      vacmAccessWriteViewName: text(access, 'write-view') ?? '',
      vacmAccessNotifyViewName: text(access, 'notify-view') ?? '',
    };
    return rowOf(cells, 'vacmAccessStorageType', 'vacmAccessStatus');
  });
}

function familyRows(view: Branch): readonly JsonValue[] {
  return (['include', 'exclude'] as const).flatMap((type) =>
    texts(view, type).map((oid) => {
      const cells = {
        vacmViewTreeFamilyViewName: text(view, 'name') ?? '',
        vacmViewTreeFamilySubtree: asSubtree(oid) ?? '0.0',
        vacmViewTreeFamilyMask: maskOf(oid.split('.')).toString('base64'),
        vacmViewTreeFamilyType: `${type}d`,
      };
      return rowOf(cells, 'vacmViewTreeFamilyStorageType', 'vacmViewTreeFamilyStatus');
    }),
  );
}

const levels: Readonly<Record<string, string>> = {
  'no-auth-no-priv': 'noAuthNoPriv',
  'auth-no-priv': 'authNoPriv',
  'auth-priv': 'authPriv',
};
