/**
 * The one error type of the house: a refusal as RFC 6241 Appendix A describes it. Every northbound has one total table
 * from {@link ErrorTag} to its own protocol's error.
 */

/** The error-tags of RFC 6241 Appendix A, in the order of that appendix (XML-RPC's faultCode is position + 1). */
export const errorTags = [
  'in-use',
  'invalid-value',
  'too-big',
  'missing-attribute',
  'bad-attribute',
  'unknown-attribute',
  'missing-element',
  'bad-element',
  'unknown-element',
  'unknown-namespace',
  'access-denied',
  'lock-denied',
  'resource-denied',
  'rollback-failed',
  'data-exists',
  'data-missing',
  'operation-not-supported',
  'operation-failed',
  'partial-operation',
  'malformed-message',
] as const;

export type ErrorTag = (typeof errorTags)[number];

/** The layer that an error belongs to (RFC 6241 4.3, error-type). */
export type ErrorType = 'transport' | 'rpc' | 'protocol' | 'application';

export interface ConfigErrorFields {
  readonly tag: ErrorTag;
  /** For people: lower case, no full stop, names as the schema spells them, never a secret. */
  readonly message: string;
  /** Defaults to `application`. */
  readonly type?: ErrorType;
  /** error-app-tag: RFC 7950 section 15's, or the module's own `error-app-tag`. */
  readonly appTag?: string;
  /** The node at fault as an RFC 7951 6.11 instance-identifier (module names as prefixes); '' where no node is. */
  readonly path?: string;
  /** error-info: extra facts for machines (for example `{ 'bad-element': 'x' }`, `{ 'session-id': '4' }`). */
  readonly info?: Readonly<Record<string, string>>;
  /** Further errors of the same refusal, each without `others` of its own. */
  readonly others?: readonly ConfigError[];
}

/** A refusal. `message` is fit to show to the user who asked; causes that are not go to the log. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly type: ErrorType;
  readonly tag: ErrorTag;
  readonly appTag: string | undefined;
  readonly path: string;
  readonly info: Readonly<Record<string, string>> | undefined;
  readonly others: readonly ConfigError[];

  constructor(fields: ConfigErrorFields, options?: ErrorOptions) {
    super(fields.message, options);
    this.type = fields.type ?? 'application';
    this.tag = fields.tag;
    this.appTag = fields.appTag;
    this.path = fields.path ?? '';
    this.info = fields.info;
    this.others = fields.others ?? [];
  }

  /** This error and its `others`, as a flat list. */
  all(): readonly ConfigError[] {
    return [this, ...this.others];
  }

  /** Several refusals as one error: the first, with the rest in `others`. The list must not be empty. */
  static join(errors: readonly ConfigError[]): ConfigError {
    const [first, ...rest] = errors.flatMap((error) => error.all());
    if (first === undefined) throw new RangeError('no error to join');
    return rest.length === 0 ? first : first.with({ others: rest });
  }

  /** The same error with some fields changed (and, where `others` is not named, with its others kept). */
  with(fields: Partial<ConfigErrorFields>): ConfigError {
    const { type, tag, message, path, appTag, info, others } = this;
    return new ConfigError(
      {
        type,
        tag,
        message,
        path,
        others,
        ...(appTag === undefined ? {} : { appTag }),
        ...(info === undefined ? {} : { info }),
        ...fields,
      },
      this.cause === undefined ? undefined : { cause: this.cause },
    );
  }

  /** `TAG PATH: message`, the line that people see. */
  line(): string {
    return this.path === '' ? `${this.tag}: ${this.message}` : `${this.tag} ${this.path}: ${this.message}`;
  }

  /** What an unknown exception becomes at the edge: operation-failed with no inner text; the cause is for the log. */
  static from(thrown: unknown): ConfigError {
    if (thrown instanceof ConfigError) return thrown;
    return new ConfigError({ tag: 'operation-failed', message: 'internal error; see the log' }, { cause: thrown });
  }
}
