/**
 * Takes private keys away that nothing names any more: no kept point of the history, running among them, no startup datastore
 * and no request.
 */
import type { ModuleServices, Root } from '../../datastore/index.js';
import type { KeyRing } from './keys.js';
import { keysOfRoots } from './sweep.js';

export class KeySweep {
  readonly #keys: KeyRing;
  readonly #failed: (error: unknown) => void;
  #running: Promise<void> = Promise.resolve();
  #end: (() => void) | undefined;

  constructor(keys: KeyRing, failed: (error: unknown) => void) {
    this.#keys = keys;
    this.#failed = failed;
  }

  /**
   * From here on sweeps whenever a point with another system state than those that stay has left the history. Not at start: a
   * journal that was lost or repaired must not take keys with it that a backup still names.
   */
  start({ kept, held, forgotten }: ModuleServices): void {
    // Without a history nobody can tell what is still needed.
    if (kept === undefined) return;
    this.#end = forgotten?.(() => {
      // It calls back between two transactions; what the next ones hold comes later.
      this.#keys.letAllGo();
      this.#sweep(() => [...kept(), ...[held?.()].filter((root) => root !== undefined)]);
    });
  }

  /** Resolves when the sweeps that have begun are over. */
  async stop(): Promise<void> {
    this.#end?.();
    await this.#running;
  }

  /** Resolves when the sweeps that have begun are over. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #sweep(kept: () => readonly Root[]): void {
    this.#running = this.#running
      .then(async () => void (await this.#keys.sweep(keysOfRoots(kept()))))
      .catch(this.#failed);
  }
}
