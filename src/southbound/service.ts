/**
 * The service manager that started the agent, where there is one: sd_notify(3). Node has no datagram sockets of the local
 * family, so systemd's own program sends; a unit says `Type=notify` and `NotifyAccess=all`.
 */
import { execFile } from 'node:child_process';

export interface ServiceManager {
  /** Requests are answered from now on. Resolves when that is told, or cannot be. */
  ready(): Promise<void>;
  stopping(): Promise<void>;
}

/** Does nothing where `NOTIFY_SOCKET` is not set. Beats the watchdog's half interval where `WATCHDOG_USEC` asks for it. */
export function serviceManager(
  environment: Readonly<Record<string, string | undefined>>,
  log: (level: 'warning', message: string, fields: Readonly<Record<string, string>>) => void,
): ServiceManager {
  if ((environment['NOTIFY_SOCKET'] ?? '') === '') {
    return { ready: () => Promise.resolve(), stopping: () => Promise.resolve() };
  }
  let beat: NodeJS.Timeout | undefined;
  const notify = (...words: readonly string[]) =>
    new Promise<void>((resolve) => {
      execFile('systemd-notify', [`--pid=${process.pid}`, ...words], { timeout: patience }, (error) => {
        if (error !== null) log('warning', 'the service manager could not be told', { cause: error.message });
        resolve();
      });
    });
  const watched = environment['WATCHDOG_PID'] ?? String(process.pid);
  const interval = watched === String(process.pid) ? Number(environment['WATCHDOG_USEC'] ?? 0) / 2000 : 0;
  return {
    async ready() {
      await notify('--ready', 'STATUS=serving');
      if (interval > 0) beat = setInterval(() => void notify('WATCHDOG=1'), interval).unref();
    },
    async stopping() {
      clearInterval(beat);
      await notify('STOPPING=1');
    },
  };
}

/** Milliseconds. */
const patience = 5000;
