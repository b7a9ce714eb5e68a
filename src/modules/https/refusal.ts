/** Faults of the x509 room told as refusals, at the node of the entry that a user would change. */
import { ConfigError } from '../../error.js';
import { X509Error } from '../../x509/index.js';

/** Runs `work`; an X509Error becomes a ConfigError at `certificate[name]`, or at the leaf that it names. */
export async function refusal<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRefusal(name, error);
  }
}

export function asRefusal(name: string, error: unknown, inner = ''): unknown {
  if (!(error instanceof X509Error)) return error;
  if (error.code === 'aborted') {
    return new ConfigError({ tag: 'operation-failed', message: 'given up before it was done' }, { cause: error });
  }
  const entry = `/signet-https:https/certificate[name='${name}']`;
  const field = error.field === undefined ? inner : `/${error.field.replaceAll('.', '/')}`;
  return new ConfigError({ tag: 'invalid-value', path: `${entry}${field}`, message: error.message }, { cause: error });
}
