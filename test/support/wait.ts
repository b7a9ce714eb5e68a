/** Waiting for a condition, in place of sleeping. */
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** 10 000 where absent. */
  readonly timeoutMs?: number;
  /** 10 where absent. */
  readonly intervalMs?: number;
}

/**
 * Asks until the answer is neither undefined nor false, and resolves to it; rejects naming `what` when the time is up. What
 * `condition` throws counts as "not yet" and is the cause of the rejection.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions = {},
): Promise<T> {
  const timeout = options.timeoutMs ?? 10_000;
  const end = performance.now() + timeout;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end) throw new Error(`waited ${timeout} ms in vain for ${what}`, { cause });
    await delay(options.intervalMs ?? 10);
  }
}
