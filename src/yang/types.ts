/**
 * YANG types (RFC 7950 section 9): what a resolved type is, and the conversions between lexical form, JSON form
 * (RFC 7951 section 6) and the canonical {@link Value}.
 */
import type { Identity, LeafListSchema, LeafSchema, Module, Status, Value } from './schema.js';
import type { XPathExpression } from './xpath/expression.js';

export interface Range<T> {
  readonly min: T;
  readonly max: T;
  readonly errorMessage?: string | undefined;
  readonly errorAppTag?: string | undefined;
}

/** One range or length statement along the typedef chain: a value must be in some part of each. */
export interface RangeRestriction {
  readonly parts: readonly Range<bigint>[];
  readonly errorMessage: string | undefined;
  readonly errorAppTag: string | undefined;
}

export interface PatternRestriction {
  readonly text: string;
  readonly invert: boolean;
  readonly errorMessage: string | undefined;
  readonly errorAppTag: string | undefined;
  /** In time linear in the value, whatever the pattern is. */
  matches(value: string): boolean;
}

interface TypeCommon {
  /** The name as the leaf wrote it (`inet:port-number`), and the typedefs between that and the built-in type, nearest first. */
  readonly name: string;
  readonly typedefs: readonly TypedefInfo[];
}

export interface TypedefInfo {
  readonly module: Module;
  readonly name: string;
  readonly description: string;
  readonly units: string | undefined;
}

export type IntegerBase = 'int8' | 'int16' | 'int32' | 'int64' | 'uint8' | 'uint16' | 'uint32' | 'uint64';

export interface IntegerType extends TypeCommon {
  readonly base: IntegerBase;
  /** All range statements of the chain, the built-in limits last. `ranges[0]` is the effective one: each narrows the next. */
  readonly ranges: readonly RangeRestriction[];
}
export interface Decimal64Type extends TypeCommon {
  readonly base: 'decimal64';
  readonly fractionDigits: number;
  /** In units of 10^-fractionDigits. */
  readonly ranges: readonly RangeRestriction[];
}
export interface StringType extends TypeCommon {
  readonly base: 'string';
  /** In characters (Unicode code points). */
  readonly lengths: readonly RangeRestriction[];
  readonly patterns: readonly PatternRestriction[];
}
export interface BinaryType extends TypeCommon {
  readonly base: 'binary';
  /** In octets. */
  readonly lengths: readonly RangeRestriction[];
}
export interface BooleanType extends TypeCommon {
  readonly base: 'boolean';
}
export interface EmptyType extends TypeCommon {
  readonly base: 'empty';
}
export interface EnumerationType extends TypeCommon {
  readonly base: 'enumeration';
  readonly enums: readonly EnumValue[];
}
export interface EnumValue {
  readonly name: string;
  readonly value: number;
  readonly description: string;
  readonly status: Status;
}
export interface BitsType extends TypeCommon {
  readonly base: 'bits';
  /** In position order. */
  readonly bits: readonly { readonly name: string; readonly position: number; readonly description: string }[];
}
export interface IdentityrefType extends TypeCommon {
  readonly base: 'identityref';
  readonly bases: readonly Identity[];
}
export interface InstanceIdentifierType extends TypeCommon {
  readonly base: 'instance-identifier';
  readonly requireInstance: boolean;
}
export interface LeafrefType extends TypeCommon {
  readonly base: 'leafref';
  readonly path: XPathExpression;
  readonly pathText: string;
  readonly requireInstance: boolean;
  /** The leaf or leaf-list referred to; set before the schema is handed out. */
  readonly target: LeafSchema | LeafListSchema;
}
export interface UnionType extends TypeCommon {
  readonly base: 'union';
  /** In order; members that are unions themselves stay nested. */
  readonly members: readonly Type[];
}

export type Type =
  | IntegerType
  | Decimal64Type
  | StringType
  | BinaryType
  | BooleanType
  | EmptyType
  | EnumerationType
  | BitsType
  | IdentityrefType
  | InstanceIdentifierType
  | LeafrefType
  | UnionType;

export type { Value };
