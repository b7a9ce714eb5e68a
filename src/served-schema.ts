/** Which modules are served: our own, and those of the operator's folders. Part of the composition root. */
import { statSync } from 'node:fs';
import type { AgentOptions } from './agent-options.js';
import { ConfigError } from './error.js';
import { loadSchema, type Schema } from './yang/index.js';

/** Modules of schema/ that no interface serves yet: they are there to be imported. */
const notServed = [
  'iana-crypt-hash',
  'ietf-datastores',
  'ietf-netconf',
  'ietf-netconf-monitoring',
  'ietf-netconf-with-defaults',
  'ietf-yang-library',
  'ietf-yang-metadata',
] as const;

/** Of modules that have features, which of them this agent has. */
export const supportedFeatures = {
  'ietf-crypto-types': [
    'certificate-expiration-notification',
    'csr-generation',
    'hidden-private-keys',
    'p10-csr-format',
  ],
  'ietf-keystore': ['asymmetric-keys', 'central-keystore-supported'],
  'ietf-truststore': ['central-truststore-supported', 'certificates'],
} as const;

/** Our own modules must compile; an operator's that does not is told and left out. */
export function readSchema(options: Pick<AgentOptions, 'schema' | 'ownSchema' | 'log'>): Schema {
  for (const directory of options.schema) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) continue;
    throw new ConfigError({ tag: 'invalid-value', message: `--schema ${directory}: there is no such directory` });
  }
  const { schema, errors } = loadSchema({
    directories: [options.ownSchema, ...options.schema],
    importOnly: notServed,
    features: supportedFeatures,
  });
  for (const { file, line, column, message } of errors) {
    const text = `${file}:${line}:${column}: ${message}`;
    if (file.startsWith(options.ownSchema)) throw new ConfigError({ tag: 'operation-failed', message: text });
    options.log('error', text);
  }
  return schema;
}
