/** Revocation lists of any shape, signed all the same. */

import type { KeyObject } from 'node:crypto';
import { type Asn1, context, contextPrimitive, embed, integer, sequence, time, unsigned } from '../../src/x509/asn1.js';
import { readDer } from '../../src/x509/der.js';
import { authorityKeyIdentifier, extension } from '../../src/x509/extensions.js';
import { type Certificate, type RevocationList, readRevocationList } from '../../src/x509/index.js';
import { signed } from '../../src/x509/sign.js';

export interface ListOptions {
  readonly issuer: Certificate;
  readonly key: KeyObject;
  readonly revoked?: readonly Certificate[];
  /** CRLReason of every entry. */
  readonly reason?: number;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  readonly number?: number;
  /** Makes a delta list of it. */
  readonly base?: number;
  readonly scope?: 'users' | 'authorities' | 'attributes';
  /** Adds a critical extension that nobody knows. */
  readonly isStrange?: boolean;
}

export async function makeRevocationList(options: ListOptions): Promise<RevocationList> {
  const { issuer, key, revoked = [], number = 1, base, scope, reason } = options;
  const scopes = { users: 1, authorities: 2, attributes: 5 };
  const extensions = [
    authorityKeyIdentifier(key),
    extension('2.5.29.20', false, integer(number)),
    ...(base === undefined ? [] : [extension('2.5.29.27', true, integer(base))]),
    ...(scope === undefined
      ? []
      : [extension('2.5.29.28', true, sequence(contextPrimitive(scopes[scope], Buffer.of(0xff))))]),
    ...(options.isStrange === true ? [extension('1.3.6.1.4.1.32473.99', true, integer(1))] : []),
  ];
  const entry = ({ serial }: Certificate): Asn1 =>
    sequence(
      unsigned(Buffer.from(serial, 'hex')),
      time(new Date('2026-06-01')),
      ...(reason === undefined ? [] : [sequence(extension('2.5.29.21', false, embed(Buffer.of(10, 1, reason))))]),
    );
  const der = await signed(key, 'sha256', (algorithm) =>
    sequence(
      integer(1),
      algorithm(),
      embed(subjectOf(issuer)),
      time(options.thisUpdate ?? new Date('2026-12-01')),
      time(options.nextUpdate ?? new Date('2027-12-01')),
      ...(revoked.length === 0 ? [] : [sequence(...revoked.map(entry))]),
      context(0, sequence(...extensions)),
    ),
  );
  return readRevocationList(der);
}

/** The octets of the subject: after version, serial number, algorithm, issuer and validity. */
function subjectOf({ der, version }: Certificate): Buffer {
  return readDer(der).children[0]!.children[version === 1 ? 4 : 5]!.raw;
}
