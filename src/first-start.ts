/** What a new agent is given: an administrator, roles, a certificate. Part of the composition root. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentOptions } from './agent-options.js';
import type { Datastore, FactoryDefault, FirstAccess, Log } from './datastore/index.js';
import { ConfigError } from './error.js';
import { credentials, factoryAccess, factoryName } from './modules/index.js';
import { ListData, parsePath, type Schema } from './yang/index.js';

/**
 * What a new agent has (RFC 8808): a certificate, rules for the roles, and the administrator, whose password a start or a reset
 * makes. One that is not known beforehand is in a file of the device: nobody who cannot read it is to lock himself out.
 */
export function factoryDefault(
  schema: Schema,
  access: Parameters<typeof credentials>[0],
  options: AgentOptions,
): FactoryDefault {
  const at = (path: string) => parsePath(schema, path);
  return {
    edits: [
      {
        operation: 'merge',
        path: at("/signet-access:users/user[name='admin']"),
        value: { name: 'admin', role: 'administrator' },
      },
      { operation: 'merge', path: at('/ietf-netconf-acm:nacm'), value: factoryAccess() },
      {
        operation: 'merge',
        path: at('/signet-https:https'),
        value: { 'server-certificate': factoryName, certificate: [{ name: factoryName }] },
      },
    ],
    async firstAccess({ protocol }) {
      const isKnown = options.adminPasswordFile !== undefined;
      if (isKnown || protocol === 'local' || protocol === 'system') return await makeAccess(schema, access, options);
      const message =
        'the new password would be in a file of the device alone; reset it over its local socket, or start it with --admin-password-file';
      throw new ConfigError({ type: 'protocol', tag: 'operation-failed', message });
    },
  };
}

/** An agent without users is new. */
export async function firstStart(
  datastore: Datastore,
  schema: Schema,
  factory: FactoryDefault,
  options: AgentOptions,
): Promise<void> {
  const users = parsePath(schema, '/signet-access:users');
  if (datastore.running().config.get(users) !== undefined) {
    await grantRoles(datastore, schema, options.log);
    return;
  }
  const access = await factory.firstAccess({ user: '', protocol: 'system', address: '' });
  try {
    await datastore.commit({ edits: [...factory.edits, ...access.edits], comment: 'first start' });
  } catch (error) {
    access.withdraw();
    throw error;
  }
  await datastore.meta(rolesFact).set(true);
  if (options.adminPasswordFile !== undefined) return;
  process.stdout.write(`the password of user admin is in ${initialPasswordFile(options)}\n`);
}

/** The administrator's credentials. A password that is made up is in its file before it holds. */
async function makeAccess(
  schema: Schema,
  access: Parameters<typeof credentials>[0],
  options: AgentOptions,
): Promise<FirstAccess> {
  const given = options.adminPasswordFile === undefined ? undefined : readSecret(options.adminPasswordFile);
  const password = given ?? randomBytes(12).toString('base64url');
  const snmpPassPhrase = options.snmpPasswordFile === undefined ? undefined : readSecret(options.snmpPasswordFile);
  const value = { name: 'admin', ...(await credentials(access, { password, snmpPassPhrase })) };
  const path = parsePath(schema, "/signet-access:users/user[name='admin']");
  return {
    edits: [{ operation: 'merge', path, value }],
    withdraw: given === undefined ? writeInitialPassword(initialPasswordFile(options), password) : () => undefined,
  };
}

/** Gives what puts back what was there. */
function writeInitialPassword(file: string, password: string): () => void {
  const former = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  write(`${password}\n`);
  return () => {
    if (former === undefined) rmSync(file, { force: true });
    else write(former);
  };
}

function initialPasswordFile(options: AgentOptions): string {
  return join(options.state, 'initial-password');
}

/** Once, for a state directory from before there were roles: whoever had an account could do everything, and still can. */
async function grantRoles(datastore: Datastore, schema: Schema, log: Log): Promise<void> {
  const fact = datastore.meta(rolesFact);
  const nacm = parsePath(schema, '/ietf-netconf-acm:nacm');
  const { config } = datastore.running();
  if (fact.get() !== undefined || config.get(nacm) !== undefined) return;
  const users = config.get(parsePath(schema, '/signet-access:users/user'));
  const names = users instanceof ListData ? Array.from(users, (user) => String(user.keys()[0])) : [];
  const grants = names.map((name) => {
    const path = parsePath(schema, `/signet-access:users/user[name='${name}']/role`);
    return { operation: 'merge', path, value: 'administrator' } as const;
  });
  try {
    const edits = [...grants, { operation: 'merge', path: nacm, value: factoryAccess() } as const];
    await datastore.commit({ edits, comment: 'roles of users' });
    await fact.set(true);
  } catch (error) {
    // The local socket needs no role, and the next start tries again.
    log('error', 'alarm: users could not be given their roles', { message: ConfigError.from(error).line() });
  }
}

const rolesFact = 'access-roles';

function readSecret(file: string): string {
  const text = readNamedFile(file).replace(/\r?\n$/, '');
  if (text.length < 8) {
    throw new ConfigError({ tag: 'invalid-value', message: `${file}: a password has at least 8 characters` });
  }
  return text;
}

function readNamedFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'cannot be read' } = cause as NodeJS.ErrnoException;
    throw new ConfigError({ tag: 'invalid-value', message: `${file}: ${code}` }, { cause });
  }
}
