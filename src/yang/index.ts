/** The public face of the YANG engine. */
export type * from './schema.js';
export type * from './types.js';
export * from './tree.js';
export * from './path.js';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}
