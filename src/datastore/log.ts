/** Where the datastore reports to: messages as in errors (lower case, never a secret), facts beside them. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Time and timers, passed in so that tests own them. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after that many milliseconds; gives what cancels it. The process stays alive for a foreground one. */
  after(milliseconds: number, callback: () => void, background?: 'background'): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback, background) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const step = Math.min(left, longestTimer);
      timer = setTimeout(() => (left > step ? wait(left - step) : callback()), step);
      if (background !== undefined) timer.unref();
    };
    wait(milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Milliseconds; a timer of Node that is set for longer goes off at once. */
const longestTimer = 2 ** 31 - 1;
