/** Long work in slices of the event loop. */
import { setImmediate } from 'node:timers/promises';

/** Asked often by the work; true when it should let others run. */
export type IsDue = () => boolean;

/**
 * Runs `work` again and again until it returns true; between two calls others run. `stride` is how many questions of the work
 * go by between two looks at the clock: many for small steps, one for steps that take long.
 */
export async function inSlices(work: (isDue: IsDue) => boolean, stride = 64): Promise<void> {
  for (;;) {
    const end = performance.now() + sliceLength;
    let asked = 0;
    if (work(() => ++asked % stride === 0 && performance.now() >= end)) return;
    await setImmediate();
  }
}

/** Work that returns a `Result`; others may run wherever it yields. */
export type Steps<Result> = Generator<void, Result, void>;

export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Short work is done at once; the rest as {@link inSlices} does it. What `signal` aborts goes no further and rejects. */
export async function stepsInSlices<Result>(steps: Steps<Result>, signal?: AbortSignal): Promise<Result> {
  let slice = nextSlice(steps);
  while (slice === undefined) {
    await setImmediate();
    signal?.throwIfAborted();
    slice = nextSlice(steps);
  }
  return slice.result;
}

/** A slice of the work; the result where it came to its end. */
export function nextSlice<Result>(steps: Steps<Result>): { readonly result: Result } | undefined {
  const end = performance.now() + sliceLength;
  for (let asked = 1; ; asked++) {
    const step = steps.next();
    if (step.done === true) return { result: step.value };
    if (asked % 4 === 0 && performance.now() >= end) return undefined;
  }
}

export const neverDue: IsDue = () => false;

/** Milliseconds. */
const sliceLength = 5;
