/** Pairs of InetAddressType and InetAddress in a SET (RFC 4001): both in one PDU, or neither. */
import { inetText } from './inet-address.js';
import type { MibObject } from './model.js';
import type { Assignment } from './set-plan.js';
import { Refusal } from './set-refusal.js';

/**
 * Puts the text in the place of each pair among what a PDU assigns to the scalars, and to each row. Throws a Refusal: inconsistentValue
 * where one of the pair is missing, where they do not fit, and where the text is assigned too and is another.
 */
export function joinAddresses(
  scalars: Map<MibObject, Assignment>,
  ...rows: readonly ReadonlyMap<string, { readonly columns: Map<MibObject, Assignment> }>[]
): void {
  join(scalars);
  for (const works of rows) for (const { columns } of works.values()) join(columns);
}

function join(assignments: Map<MibObject, Assignment>): void {
  const pairs = new Map<MibObject, { type?: Assignment; address?: Assignment }>();
  for (const assignment of assignments.values()) {
    const { text, kind } = assignment.object;
    if (text === undefined) continue;
    const pair = pairs.get(text) ?? {};
    pairs.set(text, { ...pair, [kind === 'inetType' ? 'type' : 'address']: assignment });
  }
  for (const [text, { type, address }] of pairs) {
    const index = (address ?? type)!.index;
    if (type === undefined || address === undefined) throw new Refusal('inconsistentValue', index);
    const value = inetText(type.value, Buffer.from(String(address.value), 'base64'));
    const known = assignments.get(text)?.value;
    if (value === undefined || (known !== undefined && known !== value)) throw new Refusal('inconsistentValue', index);
    const written = Buffer.from(value);
    const decoded = text.syntax.read(written, 0, written.length);
    if (!('value' in decoded)) throw new Refusal('inconsistentValue', index);
    assignments.delete(type.object);
    assignments.delete(address.object);
    assignments.set(text, { index, object: text, value: decoded.value });
  }
}
