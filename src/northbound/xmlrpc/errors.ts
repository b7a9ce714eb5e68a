/** From our errors to faults (CONTRACT.md, XML-RPC). */
import type { ConfigError, ErrorTag } from '../../error.js';
import type { RpcFault } from './values.js';

export function faultOf(error: ConfigError): RpcFault {
  return {
    code: faultCodes[error.tag],
    text: error
      .all()
      .map((one) => one.line())
      .join('\n'),
  };
}

/** The position of the tag in RFC 6241 Appendix A. */
export const faultCodes = {
  'in-use': 1,
  'invalid-value': 2,
  'too-big': 3,
  'missing-attribute': 4,
  'bad-attribute': 5,
  'unknown-attribute': 6,
  'missing-element': 7,
  'bad-element': 8,
  'unknown-element': 9,
  'unknown-namespace': 10,
  'access-denied': 11,
  'lock-denied': 12,
  'resource-denied': 13,
  'rollback-failed': 14,
  'data-exists': 15,
  'data-missing': 16,
  'operation-not-supported': 17,
  'operation-failed': 18,
  'partial-operation': 19,
  'malformed-message': 20,
} as const satisfies Record<ErrorTag, number>;
