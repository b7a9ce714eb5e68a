/** The clock of the device, and whether what it says can be believed: an appliance may boot without knowing the time. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** False while the clock is before a time that is known to have passed. */
  trusted(): boolean;
}

/** The system's clock. `floor` gives the latest time known to have passed: of the build, of the last journal record. */
export function systemClock(floor: () => number): Clock {
  return {
    now: () => Date.now(),
    trusted: () => Date.now() >= floor(),
  };
}
