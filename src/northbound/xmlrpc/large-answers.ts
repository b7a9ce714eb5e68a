/**
 * Answers that take longer than a slice of the event loop to make. Those of a user are made one after another, and none is begun
 * while his clients have too much still to take, so that he fills the memory of the agent with no more than a few.
 */
import { ConfigError } from '../../error.js';
import { nextSlice, type Steps, stepsInSlices } from '../../yang/index.js';
import { rpcLimits } from './limits.js';

/** The request that an answer is for. */
export interface Asked {
  readonly user: string;
  /** Octets of answers that clients of this user have not taken yet. */
  readonly untaken: number;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

export class LargeAnswers {
  /** By user: settles when all that stand in his line have had their turn. */
  readonly #lines = new Map<string, Promise<void>>();

  for(asked: Asked): LargeAnswer {
    return new LargeAnswer(asked, (user) => this.#enter(user));
  }

  /** Resolves when it is this one's turn, with what ends it. */
  async #enter(user: string): Promise<() => void> {
    let leave = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const before = this.#lines.get(user) ?? Promise.resolve();
    const line = before.then(() => turn);
    this.#lines.set(user, line);
    await before;
    return () => {
      leave();
      if (this.#lines.get(user) === line) this.#lines.delete(user);
    };
  }
}

/** What one request asks for; it has its turn from the first part that takes long until {@link end}. */
export class LargeAnswer {
  readonly #asked: Asked;
  readonly #enter: (user: string) => Promise<() => void>;
  #leave: (() => void) | undefined;

  constructor(asked: Asked, enter: (user: string) => Promise<() => void>) {
    this.#asked = asked;
    this.#enter = enter;
  }

  /** Short work is done at once. Throws ConfigError `resource-denied` where the user has too much to take. */
  async make<Result>(steps: Steps<Result>): Promise<Result> {
    const slice = nextSlice(steps);
    if (slice !== undefined) return slice.result;
    const { user, signal } = this.#asked;
    if (this.#leave === undefined) {
      this.#checkTaken();
      this.#leave = await this.#enter(user);
      this.#checkTaken();
    }
    try {
      return await stepsInSlices(steps, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new ConfigError({ type: 'rpc', tag: 'operation-failed', message: 'the client is gone' }, { cause: error });
    }
  }

  /** The answer is on its way, or there will be none. */
  end(): void {
    const leave = this.#leave;
    this.#leave = undefined;
    // Not before it is counted among what is to be taken.
    if (leave !== undefined) setImmediate(leave);
  }

  #checkTaken(): void {
    if (this.#asked.untaken <= rpcLimits.untaken) return;
    const message = 'clients of this user do not take the large answers that they have asked for; try again later';
    throw new ConfigError({ type: 'application', tag: 'resource-denied', message });
  }
}
