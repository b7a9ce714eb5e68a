/** Work over many rows, done a few milliseconds at a time, so that whoever asks for them makes nobody else wait. */
import { inSlices } from '../../yang/index.js';

/** Thrown where a request needs rows that are still being read; it is to be answered once `ready` resolves. */
export class Unready {
  /** What is being read. */
  readonly source: object;
  readonly ready: Promise<void>;

  constructor(source: object, ready: Promise<void>) {
    this.source = source;
    this.ready = ready;
  }
}

/**
 * Runs the steps of `work`, and then `done` with the seconds that they took. At once where they are few: undefined; else the
 * rest in slices of the event loop, and the promise settles behind `done`.
 */
export function stepwise(work: Iterator<unknown>, done: (seconds: number) => void): Promise<void> | undefined {
  let spent = 0;
  const advance = (isDue: () => boolean): boolean => {
    const begun = performance.now();
    let isDone: boolean;
    do isDone = work.next().done === true;
    while (!isDone && !isDue());
    spent += performance.now() - begun;
    if (isDone) done(spent / 1000);
    return isDone;
  };
  const end = performance.now() + atOnce;
  return advance(() => performance.now() >= end) ? undefined : inSlices(advance, 1);
}

/** Milliseconds. */
const atOnce = 3;
