/** Who may come in, read from the tree for those who check it: passwords, SNMPv3 keys. Part of the composition root. */
import type { Datastore } from './datastore/index.js';
import type { AuthProtocol, PrivProtocol } from './northbound/snmp/index.js';
import { type InstanceIdentifier, ListData, parsePath, type Schema } from './yang/index.js';

/** What the accounts say; every look-up sees running as it is at that moment. */
export interface Accounts {
  has(user: string): boolean;
  /** The scrypt hash of a user's password; undefined where there is no such user, or no password. */
  password(user: string): { readonly hash: string } | undefined;
  /** The keys of a user of SNMPv3. */
  snmpUser(name: string): SnmpKeys | undefined;
  /** The keys that a user has at another engine (RFC 7407 usm/remote). */
  remoteUser(engineId: Buffer, name: string): SnmpKeys | undefined;
}

export interface SnmpKeys {
  readonly authProtocol: AuthProtocol;
  readonly authKey: Buffer;
  readonly privProtocol: PrivProtocol;
  readonly privKey: Buffer | undefined;
}

export function openAccounts(datastore: Datastore, schema: Schema): Accounts {
  const secret = (user: string, leaf: string) => {
    const path = userPath(schema, user, leaf);
    return path === undefined ? undefined : datastore.secret(path);
  };
  return {
    has(user) {
      const path = userPath(schema, user, 'name');
      return path !== undefined && datastore.running().config.get(path) !== undefined;
    },
    password(user) {
      const hash = secret(user, 'password-hash');
      return hash === undefined ? undefined : { hash };
    },
    snmpUser(name) {
      const snmp = userPath(schema, name, 'snmp');
      return snmp === undefined ? undefined : keysAt(datastore, schema, `${snmp.toString()}/`);
    },
    remoteUser(engineId, name) {
      const remotes = datastore.running().config.get(parsePath(schema, `${usm}/remote`));
      const names = remotes instanceof ListData ? Array.from(remotes, (remote) => String(remote.keys()[0])) : [];
      const engine = names.find((each) => Buffer.from(each.replaceAll(':', ''), 'hex').equals(engineId));
      if (engine === undefined || name.includes("'")) return undefined;
      return keysAt(datastore, schema, `${usm}/remote[engine-id='${engine}']/user[name='${name}']/signet-snmp:`);
    },
  };
}

/** The keys whose leafs have names that begin so. */
function keysAt(datastore: Datastore, schema: Schema, prefix: string): SnmpKeys | undefined {
  const at = (leaf: string) => parsePath(schema, `${prefix}${leaf}`);
  const protocol = (leaf: string) => datastore.running().config.get(at(leaf));
  const authKey = datastore.secret(at('authentication-key'));
  if (authKey === undefined) return undefined;
  const privKey = datastore.secret(at('privacy-key'));
  return {
    authProtocol: (protocol('authentication-protocol') ?? 'sha256') as AuthProtocol,
    authKey: Buffer.from(authKey, 'base64'),
    privProtocol: (protocol('privacy-protocol') ?? 'aes128') as PrivProtocol,
    privKey: privKey === undefined ? undefined : Buffer.from(privKey, 'base64'),
  };
}

const usm = '/ietf-snmp:snmp/usm';

/** Undefined for what cannot be a user's name: it comes from the network. */
function userPath(schema: Schema, user: string, leaf: string): InstanceIdentifier | undefined {
  if (!/^[a-z0-9_][a-z0-9_.@-]{0,31}$/.test(user)) return undefined;
  return parsePath(schema, `/signet-access:users/user[name='${user}']/${leaf}`);
}
