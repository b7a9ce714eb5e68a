/** Certificate requests: PKCS#10 (RFC 2986) with the attributes of RFC 2985. */

import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Asn1, context, embed, integer, oid, sequence, setOf, text } from './asn1.js';
import { invalidParameter } from './errors.js';
import {
  basicConstraints,
  namesOrCommonName,
  subjectAltName,
  type UsageParameters,
  usageExtensions,
} from './extensions.js';
import type { GeneralName } from './general-name.js';
import { subjectPublicKeyInfo } from './key.js';
import { isEmptySubject, isIa5, isWellFormed, type SubjectFields, subjectName } from './name.js';
import { attributeOids } from './oids.js';
import { toPem } from './pem.js';
import { type SignatureHash, signed } from './sign.js';

export interface RequestParameters extends UsageParameters {
  readonly privateKey: KeyObject;
  readonly subject: SubjectFields;
  /** Where empty, the common name where it is a DNS name or address: authorities issue what a request asks for. */
  readonly subjectAltNames: readonly GeneralName[];
  readonly signatureHash: SignatureHash;
  /** 1..255 characters; stands in the request in clear (RFC 2985 5.4.1). */
  readonly challengePassword?: string;
  /** 1..255 characters (RFC 2985 5.4.2). */
  readonly unstructuredName?: string;
}

/** A finished object, signed: its octets and their PEM form. */
export interface Encoded {
  readonly der: Buffer;
  readonly pem: string;
}

/**
 * Makes a request for a TLS server certificate: subject, subjectAltName, keyUsage, extendedKeyUsage serverAuth. Rejects
 * with X509Error `invalid-parameter`, the field named as the schema names it.
 */
export async function makeRequest(parameters: RequestParameters): Promise<Encoded> {
  const publicKey = createPublicKey(parameters.privateKey);
  const der = await signed(parameters.privateKey, parameters.signatureHash, () =>
    sequence(
      integer(0),
      subjectName(parameters.subject),
      embed(subjectPublicKeyInfo(publicKey)),
      attributes(parameters, publicKey),
    ),
  );
  return { der, pem: toPem('CERTIFICATE REQUEST', der) };
}

function attributes(parameters: RequestParameters, publicKey: KeyObject): Asn1 {
  const { subject, challengePassword, unstructuredName } = parameters;
  const names = namesOrCommonName(parameters.subjectAltNames, subject);
  const wanted = sequence(
    basicConstraints(false),
    ...usageExtensions(parameters, publicKey),
    ...(names.length === 0 ? [] : [subjectAltName(names, isEmptySubject(subject))]),
  );
  const list = [attribute(attributeOids.extensionRequest, wanted)];
  if (challengePassword !== undefined) {
    const value = bounded('challenge-password', challengePassword);
    list.push(attribute(attributeOids.challengePassword, directoryText(value)));
  }
  if (unstructuredName !== undefined) {
    const value = bounded('unstructured-name', unstructuredName);
    list.push(attribute(attributeOids.unstructuredName, text(isIa5(value) ? 'ia5String' : 'utf8String', value)));
  }
  // attributes [0] IMPLICIT SET OF Attribute, ordered as DER demands.
  return context(0, ...(setOf(...list).value as Asn1[]));
}

function attribute(type: string, value: Asn1): Asn1 {
  return sequence(oid(type), setOf(value));
}

/** RFC 2985 5.4.1: PrintableString where the text allows it, else UTF8String. */
function directoryText(value: string): Asn1 {
  return text(/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? 'printableString' : 'utf8String', value);
}

function bounded(field: string, value: string): string {
  const { length } = [...value];
  if (length < 1 || length > 255) throw invalidParameter(field, 'must have 1 to 255 characters');
  if (!isWellFormed(value)) throw invalidParameter(field, 'is not well-formed Unicode');
  return value;
}
