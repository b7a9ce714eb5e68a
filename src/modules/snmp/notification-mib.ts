/** SNMP-NOTIFICATION-MIB (RFC 3413 section 5): what RFC 7407 configures as `notify` and `notify-filter-profile`, in its tables. */
import type { StateProvider } from '../../datastore/index.js';
import type { Branch, JsonValue } from '../../yang/index.js';
import { text, texts } from '../read.js';
import { rowOf } from './facts.js';
import { maskOf } from './subtree.js';
import { entries } from './target-mib.js';

const path = '/signet-snmp-notification-mib:SNMP-NOTIFICATION-MIB';

export function notificationMib(): readonly StateProvider[] {
  return [
    { path: `${path}/snmpNotifyEntry`, read: ({ config }) => entries(config, 'notify').map(notifyRow) },
    {
      path: `${path}/snmpNotifyFilterProfileEntry`,
      read: ({ config }) => entries(config, 'target-params').flatMap(profileRow),
    },
    {
      path: `${path}/snmpNotifyFilterEntry`,
      read: ({ config }) => entries(config, 'notify-filter-profile').flatMap(filterRows),
    },
  ];
}

function notifyRow(notify: Branch): JsonValue {
  const cells = {
    snmpNotifyName: text(notify, 'name') ?? '',
    snmpNotifyTag: text(notify, 'tag') ?? '',
    snmpNotifyType: text(notify, 'type') ?? 'trap',
  };
  return rowOf(cells, 'snmpNotifyStorageType', 'snmpNotifyRowStatus');
}

function profileRow(params: Branch): readonly JsonValue[] {
  const profile = text(params, 'notify-filter-profile');
  if (profile === undefined) return [];
  const cells = { snmpTargetParamsName: text(params, 'name') ?? '', snmpNotifyFilterProfileName: profile };
  return [rowOf(cells, 'snmpNotifyFilterProfileStorType', 'snmpNotifyFilterProfileRowStatus')];
}

function filterRows(profile: Branch): readonly JsonValue[] {
  const rows = new Map<string, JsonValue>();
  for (const type of ['include', 'exclude'] as const) {
    for (const pattern of texts(profile, type)) {
      const arcs = pattern.split('.');
      const subtree = arcs.map((arc) => (arc === '*' ? '0' : arc)).join('.');
      const cells = {
        snmpNotifyFilterProfileName: text(profile, 'name') ?? '',
        snmpNotifyFilterSubtree: subtree,
        snmpNotifyFilterMask: maskOf(arcs).toString('base64'),
        snmpNotifyFilterType: `${type}d`,
      };
      // patterns that differ in what may be any only are one row of the table: the last is the one that counts
      rows.set(subtree, rowOf(cells, 'snmpNotifyFilterStorageType', 'snmpNotifyFilterRowStatus'));
    }
  }
  return [...rows.values()];
}
