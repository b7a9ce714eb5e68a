/** The values of XML-RPC (xmlrpc.com/spec) in memory: one JavaScript shape for each of its types. */

/**
 * int and i4: a number (a whole one of 32 bits); string; boolean; double, dateTime.iso8601: the classes below; base64: a
 * Buffer; array; struct: a Map, which no member name can do harm to.
 */
export type RpcValue = number | string | boolean | RpcDouble | RpcDateTime | Buffer | readonly RpcValue[] | RpcStruct;
export type RpcStruct = ReadonlyMap<string, RpcValue>;

export class RpcDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** `19980717T14:08:55`: without a time zone, as the specification has it. */
export class RpcDateTime {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export interface RpcCall {
  readonly method: string;
  readonly params: readonly RpcValue[];
}

export interface RpcFault {
  readonly code: number;
  readonly text: string;
}

/** What people call the type of a value. */
export function typeName(value: RpcValue): string {
  if (typeof value === 'number') return 'int';
  if (typeof value === 'string' || typeof value === 'boolean') return typeof value;
  if (value instanceof RpcDouble) return 'double';
  if (value instanceof RpcDateTime) return 'dateTime.iso8601';
  if (Buffer.isBuffer(value)) return 'base64';
  return Array.isArray(value) ? 'array' : 'struct';
}

export function isStruct(value: RpcValue | undefined): value is RpcStruct {
  return value instanceof Map;
}
