/** The functions of XPath 1.0 (section 4) and of YANG (RFC 7950 section 10): what they take and give. */
import type { ValueKind } from './expression.js';

type Parameter = ValueKind | 'any';

export interface Signature {
  readonly result: ValueKind;
  readonly parameters: readonly Parameter[];
  /** How many of them must be there. */
  readonly required: number;
  /** True where the last parameter may be repeated. */
  readonly repeats?: true;
}

export type FunctionName = keyof typeof signatures;

export function isFunction(name: string): name is FunctionName {
  return Object.hasOwn(signatures, name);
}

export function signatureOf(name: FunctionName): Signature {
  return signatures[name];
}

/** `2 arguments`, `0 or 1 arguments`, `at least 2 arguments`: what a function takes, for messages. */
export function arity({ parameters, required, repeats }: Signature): string {
  if (repeats === true) return `at least ${String(required)} arguments`;
  if (required === parameters.length) return required === 1 ? '1 argument' : `${String(required)} arguments`;
  return `${String(required)} or ${String(parameters.length)} arguments`;
}

function takes(result: ValueKind, parameters: readonly Parameter[], required = parameters.length): Signature {
  return { result, parameters, required };
}

const signatures = {
  last: takes('number', []),
  position: takes('number', []),
  count: takes('number', ['nodes']),
  id: takes('nodes', ['any']),
  'local-name': takes('string', ['nodes'], 0),
  'namespace-uri': takes('string', ['nodes'], 0),
  name: takes('string', ['nodes'], 0),
  string: takes('string', ['any'], 0),
  concat: { result: 'string', parameters: ['string', 'string'], required: 2, repeats: true } as Signature,
  'starts-with': takes('boolean', ['string', 'string']),
  contains: takes('boolean', ['string', 'string']),
  'substring-before': takes('string', ['string', 'string']),
  'substring-after': takes('string', ['string', 'string']),
  substring: takes('string', ['string', 'number', 'number'], 2),
  'string-length': takes('number', ['string'], 0),
  'normalize-space': takes('string', ['string'], 0),
  translate: takes('string', ['string', 'string', 'string']),
  boolean: takes('boolean', ['any']),
  not: takes('boolean', ['boolean']),
  true: takes('boolean', []),
  false: takes('boolean', []),
  lang: takes('boolean', ['string']),
  number: takes('number', ['any'], 0),
  sum: takes('number', ['nodes']),
  floor: takes('number', ['number']),
  ceiling: takes('number', ['number']),
  round: takes('number', ['number']),
  current: takes('nodes', []),
  're-match': takes('boolean', ['string', 'string']),
  deref: takes('nodes', ['nodes']),
  'derived-from': takes('boolean', ['nodes', 'string']),
  'derived-from-or-self': takes('boolean', ['nodes', 'string']),
  'enum-value': takes('number', ['nodes']),
  'bit-is-set': takes('boolean', ['nodes', 'string']),
} as const satisfies Readonly<Record<string, Signature>>;
