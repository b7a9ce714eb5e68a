/**
 * Objects of the IETF's MIB modules that YANG modules of ours stand for: their INDEX clauses are what the published text says, though
 * ours would be another (row numbers, IMPLIED), and nothing is added beside them.
 */
import type { LeafListSchema, LeafSchema } from '../../yang/index.js';
import { compareOids, type MibObject } from './model.js';
import type { Position } from './placement.js';
import { type Syntax, syntaxOf } from './syntax.js';

/** True below mib-2 and below snmpV2, where small unsigned numbers are INTEGER. */
export function isStandard(oid: Position): boolean {
  return arcs.some((arc) => compareOids(oid.slice(0, arc.length), arc) === 0);
}

/** A key in the form that RFC 2578 section 7.7 gives its type: octets and OIDs too, which elsewhere are columns behind a row number. */
export function standardKey({ type, config }: LeafSchema | LeafListSchema): Syntax | undefined {
  const syntax = syntaxOf(type, config, true);
  if (type.base === 'binary') return syntax === undefined ? undefined : { ...syntax, index: 'octets' };
  if (syntax?.mib.base === 'OBJECT IDENTIFIER') return { ...syntax, index: 'oid', minOctets: 0, maxOctets: 128 };
  return syntax;
}

/** The index of a table that is an object of another one. */
export function isForeignIndex({ table, oid }: MibObject): boolean {
  return table !== undefined && compareOids(oid.slice(0, table.oid.length), table.oid) !== 0;
}

/** Objects of type TestAndIncr (RFC 2579), whose value a SET tests before all else. */
export function isSpinLock(oid: Position): boolean {
  return spinLocks.has(oid.join('.'));
}

const arcs: readonly Position[] = [
  [1, 3, 6, 1, 2],
  [1, 3, 6, 1, 6],
];

/** snmpSetSerialNo, snmpTargetSpinLock, usmUserSpinLock, vacmViewSpinLock. */
const spinLocks: ReadonlySet<string> = new Set([
  '1.3.6.1.6.3.1.1.6.1',
  '1.3.6.1.6.3.12.1.1',
  '1.3.6.1.6.3.15.1.2.1',
  '1.3.6.1.6.3.16.1.5.1',
]);
