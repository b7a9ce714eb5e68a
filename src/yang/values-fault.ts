/** Why a text is no value of a type: returned, not thrown, since unions try many types. */
export class Fault {
  readonly message: string;
  readonly appTag: string | undefined;
  /** True where the message is the module's own (error-message). */
  readonly custom: boolean;

  constructor(message: string, restriction?: { errorMessage: string | undefined; errorAppTag: string | undefined }) {
    this.message = restriction?.errorMessage ?? message;
    this.appTag = restriction?.errorAppTag;
    this.custom = restriction?.errorMessage !== undefined || restriction?.errorAppTag !== undefined;
  }
}
