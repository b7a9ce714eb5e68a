/** Who may come in, read from the tree for those who check it: passwords, SNMPv3 keys, communities. Part of the composition root. */
import type { Datastore } from './datastore/index.js';
import { type Branch, type InstanceIdentifier, ListData, parsePath, type Schema } from './yang/index.js';

/** What the accounts say; every look-up sees running as it is at that moment. */
export interface Accounts {
  has(user: string): boolean;
  /** The scrypt hash of a user's password; undefined where there is no such user, or no password. */
  password(user: string): { readonly hash: string } | undefined;
  /** The keys of a user of SNMPv3. */
  snmpUser(name: string): SnmpKeys | undefined;
  /** Who requests with a community act for. */
  community(name: Buffer): { readonly securityName: string } | undefined;
  close(): void;
}

export interface SnmpKeys {
  readonly authProtocol: 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';
  readonly authKey: Buffer;
  readonly privProtocol: 'aes128';
  readonly privKey: Buffer | undefined;
}

export function openAccounts(datastore: Datastore, schema: Schema): Accounts {
  let communities: ReadonlyMap<string, string> | undefined;
  const communityList = parsePath(schema, '/ietf-snmp:snmp/community');
  const close = datastore.subscribe((event) => {
    // The module is small and its changes are rare: the table is made anew when it is asked for next.
    if (event.kind === 'commit') communities = undefined;
  });
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
      const authKey = secret(name, 'snmp/authentication-key');
      if (authKey === undefined) return undefined;
      const privKey = secret(name, 'snmp/privacy-key');
      const path = userPath(schema, name, 'snmp/authentication-protocol');
      const protocol = path === undefined ? undefined : datastore.running().config.get(path);
      return {
        authProtocol: (protocol ?? 'sha256') as SnmpKeys['authProtocol'],
        authKey: Buffer.from(authKey, 'base64'),
        privProtocol: 'aes128',
        privKey: privKey === undefined ? undefined : Buffer.from(privKey, 'base64'),
      };
    },
    community(name) {
      communities ??= readCommunities(datastore, communityList);
      const securityName = communities.get(name.toString('latin1'));
      return securityName === undefined ? undefined : { securityName };
    },
    close,
  };
}

/** Undefined for what cannot be a user's name: it comes from the network. */
function userPath(schema: Schema, user: string, leaf: string): InstanceIdentifier | undefined {
  if (!/^[a-z0-9_][a-z0-9_.-]{0,31}$/.test(user)) return undefined;
  return parsePath(schema, `/signet-access:users/user[name='${user}']/${leaf}`);
}

/** By the octets of the community name: the text, the octets, or the index where neither is given (RFC 7407). */
function readCommunities(datastore: Datastore, path: InstanceIdentifier): ReadonlyMap<string, string> {
  const communities = new Map<string, string>();
  const list = datastore.running().config.get(path);
  if (!(list instanceof ListData)) return communities;
  for (const entry of list) {
    const binary = leaf(entry, 'binary-name');
    const text = leaf(entry, 'text-name') ?? leaf(entry, 'index') ?? '';
    const name = binary === undefined ? Buffer.from(text) : Buffer.from(binary, 'base64');
    communities.set(name.toString('latin1'), leaf(entry, 'security-name') ?? '');
  }
  return communities;
}

function leaf(entry: Branch, name: string): string | undefined {
  const node = entry.schema.byName.get(name)?.[0];
  const value = node?.kind === 'leaf' ? entry.leaf(node) : undefined;
  return typeof value === 'string' ? value : undefined;
}
