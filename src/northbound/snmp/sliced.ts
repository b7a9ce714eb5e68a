/** Work over many rows, done a few milliseconds at a time, so that whoever asks for them makes nobody else wait. */

/** What a step of such work takes at a stretch: milliseconds. */
const slice = 5;

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
 * Runs the steps of `work`, and then `done` with the seconds that they took. At once where they are quick: undefined; else
 * the rest in turns of the event loop, and the promise settles behind `done`.
 */
export function inSlices(work: Iterator<unknown>, done: (seconds: number) => void): Promise<void> | undefined {
  let spent = 0;
  const isOver = (): boolean => {
    const begun = performance.now();
    const until = begun + slice;
    let isDone = false;
    do isDone = work.next().done === true;
    while (!isDone && performance.now() < until);
    spent += performance.now() - begun;
    if (isDone) done(spent / 1000);
    return isDone;
  };
  if (isOver()) return undefined;
  return new Promise((resolve, reject) => {
    const turn = () => {
      try {
        if (isOver()) resolve();
        else setImmediate(turn);
      } catch (error) {
        reject(error as Error);
      }
    };
    setImmediate(turn);
  });
}
