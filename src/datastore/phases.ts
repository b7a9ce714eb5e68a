/** The phases of a transaction, one handler call at a time: deadlines, findings as errors, abort in reverse. */
import { ConfigError } from '../error.js';
import { inverse, type Task } from './change.js';
import type { AmendContext, Finding } from './contract.js';
import type { Clock, Log } from './log.js';
import type { Troubles } from './trouble.js';

export interface PhaseServices {
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlines: Deadlines;
  readonly troubles: Troubles;
}

/** Milliseconds. */
export interface Deadlines {
  readonly amend: number;
  readonly prepare: number;
  readonly apply: number;
  /** How long a commit waits for those before it. */
  readonly queue: number;
}

export const defaultDeadlines: Deadlines = { amend: 120_000, prepare: 30_000, apply: 30_000, queue: 30_000 };

/** A task that prepared, with what it holds. */
export interface Prepared {
  readonly task: Task;
  readonly resource: unknown;
  /** False for a handler without `prepare`: there is nothing to abort. */
  readonly holds: boolean;
}

/** The findings of all handlers. Errors among them are thrown, joined. */
export function validateTasks(tasks: readonly Task[], services: PhaseServices): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { entry, change } of tasks) {
    const { handler } = entry;
    if (handler.validate === undefined) continue;
    try {
      findings.push(...handler.validate(change));
    } catch (error) {
      throw failure(services, `validate of ${handler.name}`, change.instance.toString(), error);
    }
  }
  const errors = findings.filter((finding) => finding.severity === 'error').map(findingError);
  if (errors.length > 0) throw ConfigError.join(errors);
  return findings;
}

/** One handler's amend under its deadline and the caller's signal. */
export async function amendTask(task: Task, context: AmendContext, services: PhaseServices): Promise<void> {
  const { handler } = task.entry;
  const place = task.change.instance.toString();
  const work = async (signal: AbortSignal) => await handler.amend?.(task.change, { ...context, signal });
  await withDeadline(services, `amend of ${handler.name}`, place, services.deadlines.amend, work, {
    signal: context.signal,
  });
}

/** Prepares in order; where one fails, what prepared is aborted in reverse and the failure thrown. */
export async function prepareTasks(
  tasks: readonly Task[],
  services: PhaseServices,
  signal?: AbortSignal,
): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  try {
    for (const task of tasks) prepared.push(await prepareTask(task, services, signal));
  } catch (error) {
    await abortTasks(prepared, services);
    throw error;
  }
  return prepared;
}

/** Aborts in reverse order; what fails in it is logged. */
export async function abortTasks(prepared: readonly Prepared[], services: PhaseServices): Promise<void> {
  for (const { task, resource, holds } of [...prepared].reverse()) {
    const { handler } = task.entry;
    if (!holds || handler.abort === undefined) continue;
    const place = task.change.instance.toString();
    try {
      const work = async () => await handler.abort?.(task.change, resource);
      await withDeadline(services, `abort of ${handler.name}`, place, services.deadlines.apply, work);
    } catch {
      // Told in the log by withDeadline; the others are aborted all the same.
    }
  }
}

/**
 * Applies in order. Where one throws, what was applied, it included, gets the inverse change and what was not is
 * aborted. Undefined is success; else what failed, and whether going back worked.
 */
export async function applyTasks(
  prepared: readonly Prepared[],
  services: PhaseServices,
): Promise<{ readonly error: ConfigError; readonly reverted: boolean } | undefined> {
  for (const [index, { task, resource }] of prepared.entries()) {
    try {
      await applyTask(task, resource, services);
    } catch (error) {
      await abortTasks(prepared.slice(index + 1), services);
      const applied = prepared.slice(0, index + 1).map((entry) => entry.task);
      const reverted = await revertTasks(applied, services);
      return { error: ConfigError.from(error), reverted };
    }
  }
  return undefined;
}

/** Applies all of it whatever fails; failures are in the log. True where nothing failed. */
export async function applyRegardless(prepared: readonly Prepared[], services: PhaseServices): Promise<boolean> {
  let sound = true;
  for (const { task, resource } of prepared) {
    try {
      await applyTask(task, resource, services);
    } catch (error) {
      notApplied(task, error, services);
      sound = false;
    }
  }
  return sound;
}

/** Tells handlers, in reverse, to go back to where they were; false where one of them could not. */
export async function revertTasks(applied: readonly Task[], services: PhaseServices): Promise<boolean> {
  let reverted = true;
  for (const task of inverse(applied)) {
    try {
      await applyTask(task, undefined, services);
    } catch (error) {
      notApplied(task, error, services);
      reverted = false;
    }
  }
  return reverted;
}

export async function applyTask(task: Task, resource: unknown, services: PhaseServices): Promise<void> {
  const { handler } = task.entry;
  const work = async () => await handler.apply?.(task.change, resource);
  const place = task.change.instance.toString();
  await withDeadline(services, `apply of ${handler.name}`, place, services.deadlines.apply, work);
  services.troubles.isOver('apply-failed', place);
}

/** From here on the system is not what running says there, until something is applied there again. */
export function notApplied({ entry, change }: Task, error: unknown, { troubles }: PhaseServices): void {
  const { message } = ConfigError.from(error);
  const text = `${entry.handler.name} is not what is configured (${message}); change it, or restart the agent`;
  troubles.stands({ kind: 'apply-failed', place: change.instance.toString(), text });
}

async function prepareTask(task: Task, services: PhaseServices, signal: AbortSignal | undefined): Promise<Prepared> {
  const { handler } = task.entry;
  if (handler.prepare === undefined) return { task, resource: undefined, holds: false };
  const place = task.change.instance.toString();
  const deadline = services.clock.now() + services.deadlines.prepare;
  const work = async (own: AbortSignal) => await handler.prepare?.(task.change, { signal: own, deadline });
  const resource = await withDeadline(services, `prepare of ${handler.name}`, place, services.deadlines.prepare, work, {
    signal,
    // It came after it was given up: what it holds is freed, so that every resource goes to apply or abort.
    late: (held) => void abortTasks([{ task, resource: held, holds: true }], services),
  });
  return { task, resource, holds: true };
}

interface DeadlineOptions {
  readonly signal?: AbortSignal | undefined;
  readonly late?: (value: unknown) => void;
}

/** Runs `work`; gives it up at the deadline or when `signal` aborts. Errors that are not refusals become operation-failed. */
async function withDeadline(
  services: PhaseServices,
  what: string,
  place: string,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<unknown>,
  options: DeadlineOptions = {},
): Promise<unknown> {
  const controller = new AbortController();
  let givenUp: ((error: ConfigError) => void) | undefined;
  const end = new Promise<never>((_resolve, reject) => {
    givenUp = reject;
  });
  const giveUp = (message: string) => {
    const error = new ConfigError({ tag: 'operation-failed', path: place, message });
    givenUp?.(error);
    controller.abort(error);
  };
  const cancelTimer = services.clock.after(milliseconds, () => giveUp(`${what} did not finish in time`));
  const onAbort = () => giveUp(`${what} was cancelled`);
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  let settled = false;
  const running = (async () => await work(controller.signal))();
  running.then(
    (value) => {
      if (settled) options.late?.(value);
    },
    () => undefined,
  );
  try {
    return await Promise.race([running, end]);
  } catch (error) {
    throw failure(services, what, place, error);
  } finally {
    settled = true;
    cancelTimer();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

function failure(services: PhaseServices, what: string, place: string, error: unknown): ConfigError {
  if (error instanceof ConfigError) return error.path === '' ? error.with({ path: place }) : error;
  services.log('error', `${what} failed`, { path: place, cause: error instanceof Error ? error.stack : String(error) });
  return new ConfigError(
    { tag: 'operation-failed', path: place, message: `${what} failed; see the log` },
    { cause: error },
  );
}

function findingError(finding: Finding): ConfigError {
  return new ConfigError({
    tag: finding.tag ?? 'invalid-value',
    path: finding.path,
    message: finding.text,
    ...(finding.appTag === undefined ? {} : { appTag: finding.appTag }),
  });
}
