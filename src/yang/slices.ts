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

export const neverDue: IsDue = () => false;

/** Milliseconds. */
const sliceLength = 5;
