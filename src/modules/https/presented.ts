/** What was told last of what the service presents: so that what a stop in between has changed is told once, at start. */
import type { ModuleServices } from '../../datastore/index.js';
import type { JsonObject } from '../../yang/index.js';
import type { Served } from './service.js';

export class Presented {
  readonly #memory: ReturnType<NonNullable<ModuleServices['memory']>> | undefined;
  readonly #log: (error: unknown) => void;
  #known: string | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(services: Pick<ModuleServices, 'memory'>, log: (error: unknown) => void) {
    this.#memory = services.memory?.('https-presented');
    this.#log = log;
    const known = this.#memory?.get() as JsonObject | undefined;
    if (typeof known?.['fingerprint'] === 'string') this.#known = known['fingerprint'];
  }

  /** True where something else was presented before; false where nothing is known, or the factory certificate stands in. */
  isOther({ certificate, fingerprint }: Served): boolean {
    return certificate !== '' && this.#known !== undefined && this.#known !== fingerprint;
  }

  remember({ certificate, fingerprint }: Served): void {
    if (certificate === '' || fingerprint === this.#known) return;
    this.#known = fingerprint;
    this.#work = this.#work.then(() => this.#memory?.set({ certificate, fingerprint })).catch(this.#log);
  }

  /** Resolves when what was remembered is on disk, or could not be written. */
  async idle(): Promise<void> {
    await this.#work;
  }
}
