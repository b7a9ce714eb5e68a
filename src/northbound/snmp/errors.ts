/** Error codes of RFC 3416 section 3, from the house's refusals to them, and from them to SNMPv1's (RFC 3584 section 4.4). */
import type { ConfigError, ErrorTag } from '../../error.js';

export const errorStatus = {
  noError: 0,
  tooBig: 1,
  noSuchName: 2,
  badValue: 3,
  readOnly: 4,
  genErr: 5,
  noAccess: 6,
  wrongType: 7,
  wrongLength: 8,
  wrongEncoding: 9,
  wrongValue: 10,
  noCreation: 11,
  inconsistentValue: 12,
  resourceUnavailable: 13,
  commitFailed: 14,
  undoFailed: 15,
  authorizationError: 16,
  notWritable: 17,
  inconsistentName: 18,
} as const;

export type ErrorStatusName = keyof typeof errorStatus;

/** What a SET answers where the datastore refused it. */
const statusOfTag = {
  'in-use': 'resourceUnavailable',
  'invalid-value': 'inconsistentValue',
  'too-big': 'tooBig',
  'missing-attribute': 'genErr',
  'bad-attribute': 'genErr',
  'unknown-attribute': 'genErr',
  'missing-element': 'inconsistentValue',
  'bad-element': 'inconsistentValue',
  'unknown-element': 'inconsistentName',
  'unknown-namespace': 'inconsistentName',
  'access-denied': 'noAccess',
  'lock-denied': 'resourceUnavailable',
  'resource-denied': 'resourceUnavailable',
  'rollback-failed': 'undoFailed',
  'data-exists': 'inconsistentValue',
  'data-missing': 'inconsistentValue',
  'operation-not-supported': 'notWritable',
  'operation-failed': 'commitFailed',
  'partial-operation': 'undoFailed',
  'malformed-message': 'genErr',
} as const satisfies Record<ErrorTag, ErrorStatusName>;

/**
 * The status for a refusal. RFC 7950 section 15 gives constraint violations the tag operation-failed and an app tag of their own: these
 * are inconsistentValue. An exception that nobody foresaw is genErr.
 */
export function statusOf(error: ConfigError): ErrorStatusName {
  if (error.tag === 'operation-failed') {
    if (error.appTag !== undefined) return 'inconsistentValue';
    if (error.cause !== undefined) return 'genErr';
  }
  return statusOfTag[error.tag];
}

/** RFC 3584 section 4.4. */
export const statusOfVersion1 = {
  noError: 'noError',
  tooBig: 'tooBig',
  noSuchName: 'noSuchName',
  badValue: 'badValue',
  readOnly: 'readOnly',
  genErr: 'genErr',
  noAccess: 'noSuchName',
  wrongType: 'badValue',
  wrongLength: 'badValue',
  wrongEncoding: 'badValue',
  wrongValue: 'badValue',
  noCreation: 'noSuchName',
  inconsistentValue: 'badValue',
  resourceUnavailable: 'genErr',
  commitFailed: 'genErr',
  undoFailed: 'genErr',
  authorizationError: 'noSuchName',
  notWritable: 'noSuchName',
  inconsistentName: 'noSuchName',
} as const satisfies Record<ErrorStatusName, ErrorStatusName>;
