/** Instance-identifiers (RFC 7950 9.13, RFC 7951 6.11) and the dotted paths that people write. CONTRACT STUB. */
import type { DataSchema, NotificationSchema, OperationSchema, ParametersSchema, Schema, Value } from './schema.js';

export interface PathStep {
  /** An operation (rpc or action) or notification may only be the last step. */
  readonly schema: DataSchema | OperationSchema | NotificationSchema | ParametersSchema;
  /** List: the key values in the order of the key statement; undefined means the whole list. Leaf-list: the one value. */
  readonly keys: readonly Value[] | undefined;
}

export declare class InstanceIdentifier {
  readonly steps: readonly PathStep[];
  static readonly root: InstanceIdentifier;
  /** RFC 7951 6.11: `/signet-https:https/certificate[name='default']`. Root is `/`. */
  toString(): string;
  /** `https.certificate[default].subject.common-name`: what a person would type. */
  toDotted(): string;
  get last(): PathStep | undefined;
  get parent(): InstanceIdentifier | undefined;
  child(schema: PathStep['schema'], keys?: readonly Value[]): InstanceIdentifier;
  equals(other: InstanceIdentifier): boolean;
  /** True where this path is `other` or above it. */
  contains(other: InstanceIdentifier): boolean;
}

/**
 * Reads a dotted path or an instance-identifier (CONTRACT.md, Paths). Throws ConfigError: `unknown-element` with the
 * path as far as it resolved, `invalid-value` for a bad key, `bad-element` for a syntax error (with the column).
 */
export declare function parsePath(schema: Schema, text: string): InstanceIdentifier;
