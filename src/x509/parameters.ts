/** Whether names, fields and usages can stand in a request or certificate, told without making one. */

import { X509Error } from './errors.js';
import { checkedPurposes, checkedUsages, type UsageParameters } from './extensions.js';
import { type GeneralName, generalName } from './general-name.js';
import type { KeyAlgorithm } from './key.js';
import { type SubjectFields, subjectName } from './name.js';

export interface ParameterFault {
  /** The parameter as the schema names it (`subject.country`). */
  readonly field: string;
  /** Without the name of the field. */
  readonly message: string;
}

/** The fields of a subject that no certificate can hold, all of them. Pure. */
export function subjectFaults(subject: SubjectFields): readonly ParameterFault[] {
  return Object.entries(subject).flatMap(([key, value]) => faultOf(() => subjectName({ [key]: value })));
}

/** Why an alternative name cannot stand in a certificate; undefined where it can. Pure. */
export function generalNameFault(name: GeneralName): ParameterFault | undefined {
  return faultOf(() => generalName(name))[0];
}

/** Usages and purposes that a TLS server with such a key cannot have. Pure. */
export function usageFaults(
  { keyUsage, extendedKeyUsage }: UsageParameters,
  algorithm: KeyAlgorithm,
): readonly ParameterFault[] {
  const keyType = algorithm.replace(/-.*$/, '');
  return [
    ...(keyUsage === undefined ? [] : faultOf(() => checkedUsages(keyUsage, keyType))),
    ...(extendedKeyUsage === undefined ? [] : faultOf(() => checkedPurposes(extendedKeyUsage))),
  ];
}

function faultOf(encode: () => unknown): readonly ParameterFault[] {
  try {
    encode();
    return [];
  } catch (error) {
    if (!(error instanceof X509Error)) throw error;
    const field = error.field ?? '';
    return [
      {
        field,
        message: error.message.startsWith(`${field}: `) ? error.message.slice(field.length + 2) : error.message,
      },
    ];
  }
}
