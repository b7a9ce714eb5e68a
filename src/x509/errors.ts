/** The one error type of x509: a closed set of codes and a message fit for the user who asked. */

/** What went wrong, for code that has to tell cases apart. */
export const x509ErrorCodes = [
  /** A parameter of a request or certificate to be made breaks a rule; `field` names it as the schema does. */
  'invalid-parameter',
  /** Octets that are not what they claim to be. */
  'malformed',
  /** Input beyond a fixed bound of size, depth, count or work. */
  'too-big',
  /** Well formed, but of an algorithm or kind that is not supported. */
  'unsupported',
  /** Nothing of the kind that was looked for. */
  'no-certificate',
  'no-private-key',
  /** The input is encrypted and no password was given. */
  'password-required',
  /** The password does not open the input. */
  'wrong-password',
  /** The password is right, and the content is damaged all the same. */
  'damaged',
  /** Several private keys, and none was chosen by name. */
  'ambiguous-key',
  /** The private key does not belong to the certificate. */
  'key-mismatch',
  /** The caller's signal ended the work. */
  'aborted',
] as const;

export type X509ErrorCode = (typeof x509ErrorCodes)[number];

/** A refusal of x509. `message`: lower case, no full stop, never a secret. */
export class X509Error extends Error {
  override readonly name = 'X509Error';
  readonly code: X509ErrorCode;
  /** The parameter at fault as the schema names it (`subject.country`), where there is one. */
  readonly field: string | undefined;

  constructor(code: X509ErrorCode, message: string, options?: ErrorOptions & { readonly field?: string }) {
    super(message, options);
    this.code = code;
    this.field = options?.field;
  }
}

/** A refusal of one parameter. */
export function invalidParameter(field: string, message: string): X509Error {
  return new X509Error('invalid-parameter', `${field}: ${message}`, { field });
}

/** Octets that do not parse. */
export function malformed(message: string, cause?: unknown): X509Error {
  return new X509Error('malformed', message, cause === undefined ? undefined : { cause });
}
