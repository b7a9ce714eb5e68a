/**
 * The accounts: roles as groups of access control, passwords as scrypt hashes, public keys for SSH, SNMPv3 keys localised to
 * this engine (RFC 3414 2.6).
 */
import type { ActionHandler, Change, Finding, ModuleRegistration } from '../datastore/index.js';
import { ConfigError } from '../error.js';
import { Branch, type InstanceIdentifier } from '../yang/index.js';
import { parseSshPublicKey, sshFingerprint } from './access/ssh-key.js';
import { container, list, text, top } from './read.js';

export interface AccessServices {
  /** The self-describing scrypt hash of a password. */
  hashPassword(password: string): Promise<string>;
  /** The localised key of a pass phrase (RFC 3414 A.2, RFC 7860) for this engine. */
  localizeKey(protocol: string, passPhrase: string): Buffer;
  /** The localised privacy key, made with the authentication protocol's hash and extended to what the cipher takes. */
  localizePrivacyKey(protocol: string, privacyProtocol: string, passPhrase: string): Buffer;
}

/** The leafs authentication-protocol and privacy-protocol of a user. */
export interface SnmpProtocols {
  readonly authentication: string;
  readonly privacy: string;
}

/** What set-password uses; the leafs' defaults in schema/signet-access.yang. */
const snmpDefaults: SnmpProtocols = { authentication: 'sha256', privacy: 'aes128' };

export function accessModule(services: AccessServices): ModuleRegistration {
  return {
    name: 'access',
    handlers: [
      {
        name: 'users',
        path: '/signet-access:users',
        validate: (change) => [...keepsAnAdministrator(change), ...checkKeys(change)],
      },
    ],
    state: [
      {
        path: '/signet-access:users/user/authorized-key/fingerprint',
        read(root, instance) {
          const entry = instance.parent === undefined ? undefined : root.config.get(instance.parent);
          const key = entry instanceof Branch ? parseSshPublicKey(text(entry, 'public-key') ?? '') : '';
          return typeof key === 'string' ? undefined : sshFingerprint(key);
        },
      },
    ],
    groups: (root, user) => {
      const entry = list(top(root.config, 'signet-access', 'users'), 'user')?.get([user]);
      return entry === undefined ? [] : [text(entry, 'role') ?? ''];
    },
    actions: [setPassword(services)],
  };
}

/** Values of a user entry for a password, an SNMP pass phrase or both, as RFC 7951 JSON members. */
export async function credentials(
  services: AccessServices,
  given: { readonly password?: string | undefined; readonly snmpPassPhrase?: string | undefined },
  { authentication, privacy }: SnmpProtocols = snmpDefaults,
): Promise<Record<string, string | Record<string, string>>> {
  const members: Record<string, string | Record<string, string>> = {};
  if (given.password !== undefined) members['password-hash'] = await services.hashPassword(given.password);
  if (given.snmpPassPhrase !== undefined) {
    const phrase = given.snmpPassPhrase;
    members['snmp'] = {
      'authentication-protocol': authentication,
      'authentication-key': services.localizeKey(authentication, phrase).toString('base64'),
      'privacy-protocol': privacy,
      'privacy-key': services.localizePrivacyKey(authentication, privacy, phrase).toString('base64'),
    };
  }
  return members;
}

function setPassword(services: AccessServices): ActionHandler {
  return {
    path: '/signet-access:users/user/set-password',
    async invoke(context, instance, input) {
      const given = { password: optional(input['password']), snmpPassPhrase: optional(input['snmp-pass-phrase']) };
      if (given.password === undefined && given.snmpPassPhrase === undefined) {
        throw new ConfigError({
          tag: 'missing-element',
          path: instance.toString(),
          message: 'neither password nor snmp-pass-phrase is given',
          info: { 'bad-element': 'password' },
        });
      }
      const name = String(instance.last?.keys?.[0] ?? '');
      const value = { name, ...(await credentials(services, given, protocolsOf(context.root, instance))) };
      await context.commit({ edits: [{ operation: 'merge', path: instance, value }], comment: `set-password ${name}` });
      return {};
    },
  };
}

/** What the user has, so that a new pass phrase does not change how his stations speak. */
function protocolsOf(root: Change['after'], instance: InstanceIdentifier): SnmpProtocols {
  const user = root.config.get(instance);
  const snmp = user instanceof Branch ? container(user, 'snmp') : undefined;
  if (snmp === undefined) return snmpDefaults;
  return {
    authentication: text(snmp, 'authentication-protocol') ?? snmpDefaults.authentication,
    privacy: text(snmp, 'privacy-protocol') ?? snmpDefaults.privacy,
  };
}

/** Of the users that differ, so that cost follows the change. */
function checkKeys({ after, differences }: Change): readonly Finding[] {
  const users = list(top(after.config, 'signet-access', 'users'), 'user');
  const names = new Set(differences.map(({ path }) => path.steps[1]?.keys?.[0]));
  const changed = names.has(undefined) ? users : [...names].map((name) => users?.get([name!]));
  return Array.from(changed ?? [])
    .filter((user) => user !== undefined)
    .flatMap((user) =>
      Array.from(list(user, 'authorized-key') ?? [], (entry): readonly Finding[] => {
        const problem = parseSshPublicKey(text(entry, 'public-key') ?? '');
        if (typeof problem !== 'string') return [];
        const [name, key] = [String(user.keys()[0]), String(entry.keys()[0])];
        const path = `/signet-access:users/user[name='${name}']/authorized-key[name='${key}']/public-key`;
        return [{ severity: 'error', path, text: problem }];
      }),
    )
    .flat();
}

/** The last account cannot go, nor the last administrator: nobody could set the agent up over the network any more. */
function keepsAnAdministrator({ before, after }: Change): readonly Finding[] {
  const users = (root: Change['after']) => list(top(root.config, 'signet-access', 'users'), 'user');
  const administrates = (root: Change['after']) => {
    for (const user of users(root) ?? []) if (text(user, 'role') === 'administrator') return true;
    return false;
  };
  const refusal = (what: string): readonly Finding[] => [
    { severity: 'error', path: '/signet-access:users', text: `the last ${what} cannot be deleted` },
  ];
  if ((users(before)?.size ?? 0) > 0 && (users(after)?.size ?? 0) === 0) return refusal('user');
  return administrates(before) && !administrates(after) ? refusal('administrator') : [];
}

function optional(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
