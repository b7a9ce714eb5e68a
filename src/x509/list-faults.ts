/** Why a configured revocation list would keep nobody out, as far as it shows before a client comes (RFC 5280 5.2, 6.3.3). */

import type { Certificate } from './certificate.js';
import { keyUsageBits } from './extensions.js';
import { namesIssuer } from './issuers.js';
import { nameText } from './name.js';
import { scopeKey } from './revocation.js';
import { isListIssuer, type RevocationList } from './revocation-list.js';

export interface ListFault {
  /**
   * `forged`: an authority that the list names did not sign it. `other-key`: an authority of its issuer's name did not, and
   * the list names another key. `unknown-issuer`: only a client that sends the issuer's certificate can show who signed it.
   * `unusable`: it is used for no certificate.
   */
  readonly code: 'forged' | 'other-key' | 'unknown-issuer' | 'unusable';
  /** What follows `the list`. */
  readonly text: string;
}

/** `lists` are all that are at hand, `authorities` the anchors of clients. */
export function listFaults(
  list: RevocationList,
  lists: readonly RevocationList[],
  authorities: readonly Certificate[],
): readonly ListFault[] {
  const signature = signatureFault(list, authorities);
  return [...(signature === undefined ? [] : [signature]), ...contentFaults(list, lists)];
}

function signatureFault(list: RevocationList, authorities: readonly Certificate[]): ListFault | undefined {
  const issuer = nameText(list.issuer);
  const named = authorities.filter(({ comparableSubject }) => comparableSubject === list.comparableIssuer);
  if (named.length === 0) {
    const text = `is of ${issuer}, which is not among the trust anchors of clients: it is used only for clients that send a certificate of that name that made its signature`;
    return { code: 'unknown-issuer', text };
  }
  if (named.some((authority) => isListIssuer(authority, list))) return undefined;
  const meant = named.filter((authority) => namesIssuer(list, authority));
  if (meant.length === 0) {
    const text = `is of ${issuer}, but signed by another key than that of the trust anchor of this name`;
    return { code: 'other-key', text };
  }
  if (meant.every(({ keyUsage }) => keyUsage?.has(keyUsageBits.cRLSign) === false)) {
    return { code: 'unusable', text: `is of ${issuer}, whose certificate may not sign lists (key usage cRLSign)` };
  }
  return { code: 'forged', text: `is of ${issuer}, but its signature was not made by the key of this trust anchor` };
}

function contentFaults(list: RevocationList, lists: readonly RevocationList[]): readonly ListFault[] {
  const texts: string[] = [];
  if (list.unknownCritical.length > 0) {
    texts.push(`must not be used: it has critical extensions that are not known: ${list.unknownCritical.join(', ')}`);
  }
  if (list.scope?.onlyAttributes === true) texts.push('speaks of attribute certificates only');
  if (!hasBase(list, lists)) {
    texts.push(`is a delta list: configure the complete list that it amends, number ${list.base} or later, as well`);
  }
  return texts.map((text) => ({ code: 'unusable', text }));
}

/** True for a list that is complete itself (RFC 5280 5.2.4). */
function hasBase(list: RevocationList, lists: readonly RevocationList[]): boolean {
  const { base } = list;
  if (base === undefined) return true;
  const scope = scopeKey(list);
  return lists.some(
    (each) => each.base === undefined && each.number !== undefined && each.number >= base && scopeKey(each) === scope,
  );
}
