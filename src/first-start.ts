/** What a new agent is given: an administrator, roles, a certificate. Part of the composition root. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentOptions } from './agent-options.js';
import type { Datastore, Log } from './datastore/index.js';
import { ConfigError } from './error.js';
import { credentials, factoryAccess, factoryName } from './modules/index.js';
import { ListData, parsePath, type Schema } from './yang/index.js';

/** An agent without users is new: it gets an administrator and a certificate. */
export async function firstStart(
  datastore: Datastore,
  schema: Schema,
  access: Parameters<typeof credentials>[0],
  options: AgentOptions,
): Promise<void> {
  const users = parsePath(schema, '/signet-access:users');
  if (datastore.running().config.get(users) !== undefined) {
    await grantRoles(datastore, schema, options.log);
    return;
  }
  const password = options.adminPasswordFile === undefined ? undefined : readSecret(options.adminPasswordFile);
  const initial = password ?? randomBytes(12).toString('base64url');
  const snmpPassPhrase = options.snmpPasswordFile === undefined ? undefined : readSecret(options.snmpPasswordFile);
  const admin = await credentials(access, { password: initial, snmpPassPhrase });
  const at = (path: string) => parsePath(schema, path);
  await datastore.commit({
    edits: [
      {
        operation: 'merge',
        path: at("/signet-access:users/user[name='admin']"),
        value: { name: 'admin', role: 'administrator', ...admin },
      },
      { operation: 'merge', path: at('/ietf-netconf-acm:nacm'), value: factoryAccess() },
      {
        operation: 'merge',
        path: at('/signet-https:https'),
        value: { 'server-certificate': factoryName, certificate: [{ name: factoryName }] },
      },
    ],
    comment: 'first start',
  });
  await datastore.meta(rolesFact).set(true);
  if (password !== undefined) return;
  const file = join(options.state, 'initial-password');
  writeFileSync(file, `${initial}\n`, { mode: 0o600 });
  process.stdout.write(`the password of user admin is in ${file}\n`);
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
