/** NOTIFICATION-LOG-MIB (RFC 3014): one log, the default one without a name. */
import type { StateProvider } from '../../datastore/index.js';
import type { JsonObject } from '../../yang/index.js';
import type { LoggedNotification, LoggedVariable, NotificationRecords, SnmpFacts } from './facts.js';

export const notificationLogPath = '/signet-notification-log-mib:NOTIFICATION-LOG-MIB';

export function notificationLogMib(facts: SnmpFacts): readonly StateProvider[] {
  const log = (): NotificationRecords => facts.notifications() ?? none;
  const state = (name: string, read: StateProvider['read'], readEntry?: StateProvider['readEntry']): StateProvider => ({
    path: `${notificationLogPath}/${name}`,
    read,
    ...(readEntry === undefined ? {} : { readEntry }),
  });
  const entryOf = (log: NotificationRecords, keys: readonly unknown[] | undefined) =>
    keys?.[0] === '' ? log.entry(Number(keys[1])) : undefined;
  return [
    state('nlmStatsGlobalNotificationsLogged', () => log().logged),
    state('nlmStatsGlobalNotificationsBumped', () => log().bumped),
    state('nlmConfigLogEntry', () => [
      {
        nlmLogName: '',
        nlmConfigLogFilterName: '',
        nlmConfigLogEntryLimit: 0,
        nlmConfigLogAdminStatus: 'enabled',
        nlmConfigLogOperStatus: 'operational',
        nlmConfigLogStorageType: 'permanent',
        nlmConfigLogEntryStatus: 'active',
      },
    ]),
    state('nlmStatsLogEntry', () => [
      {
        nlmLogName: '',
        nlmStatsLogNotificationsLogged: log().logged,
        nlmStatsLogNotificationsBumped: log().bumped,
      },
    ]),
    state(
      'nlmLogEntry',
      () =>
        log()
          .entries()
          .map((entry) => logRow(entry, facts)),
      (_, { last }) => {
        const entry = entryOf(log(), last?.keys);
        return entry && logRow(entry, facts);
      },
    ),
    state(
      'nlmLogVariableEntry',
      () =>
        log()
          .entries()
          .flatMap((entry) => entry.variables.map((variable, at) => variableRow(entry, variable, at + 1))),
      (_, { last }) => {
        const entry = entryOf(log(), last?.keys);
        const at = Number(last?.keys?.[2]);
        const variable = entry?.variables[at - 1];
        return entry && variable && variableRow(entry, variable, at);
      },
    ),
  ];
}

const none: NotificationRecords = { logged: 0, bumped: 0, entries: () => [], entry: () => undefined };

/** What was told here came by no transport. */
function logRow({ index, upTime, at, notification }: LoggedNotification, facts: SnmpFacts): JsonObject {
  const engineId = facts.engineId().toString('base64');
  return {
    nlmLogName: '',
    nlmLogIndex: index,
    nlmLogTime: upTime,
    nlmLogDateAndTime: at.toISOString().replace(/\.(\d)\d*Z$/u, '.$1Z'),
    nlmLogEngineID: engineId,
    nlmLogEngineTAddress: '',
    nlmLogEngineTDomain: '0.0',
    nlmLogContextEngineID: engineId,
    nlmLogContextName: '',
    nlmLogNotificationID: notification,
  };
}

function variableRow({ index }: LoggedNotification, { oid, type, value }: LoggedVariable, at: number): JsonObject {
  return {
    nlmLogName: '',
    nlmLogIndex: index,
    nlmLogVariableIndex: at,
    nlmLogVariableID: oid,
    nlmLogVariableValueType: type,
    [`nlmLogVariable${columns[type]}Val`]: value,
  };
}

const columns = {
  counter32: 'Counter32',
  unsigned32: 'Unsigned32',
  timeTicks: 'TimeTicks',
  integer32: 'Integer32',
  octetString: 'OctetString',
  ipAddress: 'IpAddress',
  objectId: 'Oid',
  counter64: 'Counter64',
  opaque: 'Opaque',
} as const satisfies Record<LoggedVariable['type'], string>;
