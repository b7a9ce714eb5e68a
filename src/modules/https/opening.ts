/**
 * Whether the service can be reached where the tree says: one alarm that tells what is wrong, and the addresses that were not
 * to be had tried again after growing pauses.
 */
import type { Alarms, Severity } from '../alarm.js';
import type { HttpsListener } from './service.js';

export interface OpeningParts {
  readonly listener: HttpsListener;
  readonly alarms: Alarms;
  /** Calls back once after so many milliseconds; gives what cancels it. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  /** From 0 to 1, without 1. */
  readonly random: () => number;
}

export class Opening {
  readonly #parts: OpeningParts;
  /** Why the factory certificate is presented in the place of the tree's. */
  #standIn: string | undefined;
  #attempts = 0;
  #cancel: (() => void) | undefined;
  #work: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  /** After each switch. `standIn`: why the factory certificate stands in, where it does so against the tree. */
  switched(standIn?: string): void {
    this.#standIn = standIn;
    this.#attempts = 0;
    this.#cancel?.();
    this.#show();
    this.#schedule();
  }

  /** The tree went back and what is presented could not. */
  behind(reason: string): void {
    this.#raise('major', `https presents what was there before the tree went back: ${reason}`);
  }

  /** Nothing can be presented at all. */
  failed(reason: string): void {
    this.#raise('critical', `https is not open: ${reason}`);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** Resolves when no attempt is under way. */
  async idle(): Promise<void> {
    await this.#work;
  }

  #schedule(): void {
    this.#cancel = undefined;
    if (this.#isStopped || this.#parts.listener.unopened.length === 0) return;
    const pause = Math.min(longestPause, firstPause * 2 ** this.#attempts);
    this.#attempts += 1;
    // Spread, so that devices which lost the same thing at once do not all try at once.
    const spread = pause * (1 - spreadPart * this.#parts.random());
    this.#cancel = this.#parts.after(spread, () => {
      this.#work = this.#retry();
    });
  }

  async #retry(): Promise<void> {
    const attempts = this.#attempts;
    await this.#parts.listener.retry();
    // A switch meanwhile has begun anew.
    if (this.#isStopped || attempts !== this.#attempts) return;
    this.#show();
    this.#schedule();
  }

  #show(): void {
    const { listener, alarms } = this.#parts;
    const texts: string[] = [];
    const { unopened } = listener;
    const isClosed = unopened.length > 0 && listener.addresses.length === 0;
    if (unopened.length > 0) {
      const reasons = unopened.slice(0, mostTold).map(({ error }) => error.message);
      const more = unopened.length > mostTold ? ` and ${unopened.length - mostTold} more` : '';
      texts.push(`https is not open${isClosed ? '' : ' everywhere'}: ${reasons.join('; ')}${more}; it is tried again`);
    }
    if (this.#standIn !== undefined) texts.push(`the factory certificate stands in: ${this.#standIn}`);
    if (texts.length === 0) alarms.clear(serviceAlarm);
    else this.#raise(isClosed ? 'critical' : 'major', texts.join('; '));
  }

  #raise(severity: Severity, text: string): void {
    this.#parts.alarms.raise({ ...serviceAlarm, severity, text });
  }
}

const serviceAlarm = { resource: '/signet-https:https', type: 'listener-failed' } as const;

/** Milliseconds. */
const firstPause = 1_000;
const longestPause = 60_000;
const spreadPart = 0.25;
const mostTold = 3;
