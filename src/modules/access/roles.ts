/** Roles of users as groups of access control (RFC 8341), and the rules that a new agent has for them. */
import type { JsonObject } from '../../yang/index.js';

export const roles = ['administrator', 'operator', 'viewer'] as const;

/**
 * The value of `/ietf-netconf-acm:nacm` at the first start; the defaults of the module hold beside it: reading and calling
 * are permitted, writing is not. It is configuration like any other, and the administrator's to change.
 */
export function factoryAccess(): JsonObject {
  return {
    'rule-list': [
      {
        name: 'administrator',
        group: ['administrator'],
        rule: [{ name: 'all', 'access-operations': '*', action: 'permit', comment: 'everything' }],
      },
      {
        name: 'operator',
        group: ['operator'],
        rule: [
          ...['signet-https', 'signet-access', 'ietf-netconf-acm', 'ietf-snmp'].map((module) => ({
            name: module,
            'module-name': module,
            'access-operations': 'create update delete exec',
            action: 'deny',
            comment: 'for administrators',
          })),
          {
            name: 'configuration',
            'access-operations': 'create update delete',
            action: 'permit',
            comment: 'all other configuration',
          },
        ],
      },
    ],
    groups: { group: roles.map((name) => ({ name })) },
  };
}
