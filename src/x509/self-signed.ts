/** Self-signed TLS server certificates (X.509 v3, RFC 5280). */

import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { context, embed, integer, sequence, time, toDer, unsigned } from './asn1.js';
import { readDer } from './der.js';
import { invalidParameter } from './errors.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extensions,
  namesOrCommonName,
  subjectAltName,
  subjectKeyIdentifier,
  type UsageParameters,
  usageExtensions,
} from './extensions.js';
import type { GeneralName } from './general-name.js';
import { subjectPublicKeyInfo } from './key.js';
import { isEmptySubject, nameText, readName, type SubjectFields, subjectName } from './name.js';
import { toPem } from './pem.js';
import type { Encoded } from './request.js';
import { type SignatureHash, signed } from './sign.js';

export interface SelfSignedParameters extends UsageParameters {
  readonly privateKey: KeyObject;
  /** At least one field: an issuer must have a name (RFC 5280 4.1.2.4). */
  readonly subject: SubjectFields;
  /**
   * Where empty, the common name as DNS name or address; where it is neither, the subject as a directory-name: the
   * extension is always there.
   */
  readonly subjectAltNames: readonly GeneralName[];
  readonly signatureHash: SignatureHash;
  /** 1..65535. */
  readonly validityDays: number;
  /** Valid from this moment, whole seconds. */
  readonly now: Date;
  /** Source of the serial number's octets; the system's where absent. */
  readonly random?: (size: number) => Buffer;
}

/**
 * Makes a self-signed certificate that is no certification authority: keyUsage, extendedKeyUsage serverAuth,
 * subjectAltName, key identifiers, random serial number of 127 bits. Rejects with X509Error `invalid-parameter`.
 */
export async function makeSelfSigned(parameters: SelfSignedParameters): Promise<Encoded> {
  const { privateKey, subject, validityDays, signatureHash } = parameters;
  if (isEmptySubject(subject)) throw invalidParameter('subject', 'a self-signed certificate needs at least one field');
  const { notBefore, notAfter } = validity(parameters.now, validityDays);
  const publicKey = createPublicKey(privateKey);
  const name = subjectName(subject);
  const names = alternativeNames(parameters, toDer(name));
  const serial = serialNumber(parameters.random ?? randomBytes);
  const der = await signed(privateKey, signatureHash, (signatureAlgorithm) =>
    sequence(
      context(0, integer(2)),
      unsigned(serial),
      signatureAlgorithm(),
      name,
      sequence(time(notBefore), time(notAfter)),
      name,
      embed(subjectPublicKeyInfo(publicKey)),
      extensions(3, [
        basicConstraints(false),
        ...usageExtensions(parameters, publicKey),
        subjectKeyIdentifier(publicKey),
        authorityKeyIdentifier(publicKey),
        subjectAltName(names, false),
      ]),
    ),
  );
  return { der, pem: toPem('CERTIFICATE', der) };
}

function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  if (!Number.isInteger(days) || days < 1 || days > 65_535) {
    throw invalidParameter('validity-days', 'must be 1 to 65535 days');
  }
  const start = Math.floor(now.getTime() / 1000) * 1000;
  const end = start + days * 86_400_000;
  if (!Number.isFinite(start) || start < 0 || end >= Date.UTC(10_000, 0)) {
    throw invalidParameter('validity-days', 'the validity period lies beyond what a certificate can hold');
  }
  return { notBefore: new Date(start), notAfter: new Date(end) };
}

function alternativeNames({ subject, subjectAltNames }: SelfSignedParameters, name: Buffer): readonly GeneralName[] {
  const names = namesOrCommonName(subjectAltNames, subject);
  return names.length > 0 ? names : [{ type: 'directory-name', value: nameText(readName(readDer(name), 'subject')) }];
}

/** Positive, not zero, at most 20 octets (RFC 5280 4.1.2.2). */
function serialNumber(random: (size: number) => Buffer): Buffer {
  const octets = Buffer.from(random(16));
  octets[0] = (octets[0]! & 0x7f) | 0x40;
  return octets;
}
