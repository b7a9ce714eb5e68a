/** A FileSystem that counts its operations and fails, or stops the world, at a chosen one. */
import { type FileSystem, nodeFileSystem, type OpenFile } from '../../src/datastore/files.js';

export type Step = 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncDirectory';

export interface Fault {
  /** Called before each changing operation, numbered from 1; a throw makes it fail. `half` is true after half a write. */
  before(step: Step, number: number, path: string, octets: number): void;
  /** Octets of a write that reach the file before the fault, as a part of its length; 0 where absent. */
  readonly torn?: number;
}

export interface FaultyFiles extends FileSystem {
  readonly steps: readonly Step[];
  fault: Fault | undefined;
}

export function faultyFiles(fault?: Fault): FaultyFiles {
  const steps: Step[] = [];
  const self: FaultyFiles = {
    ...nodeFileSystem,
    steps,
    fault,
    async open(path, mode) {
      step('open', path);
      return wrap(await nodeFileSystem.open(path, mode), path);
    },
    async rename(from, to) {
      step('rename', to);
      await nodeFileSystem.rename(from, to);
    },
    async remove(path) {
      step('remove', path);
      await nodeFileSystem.remove(path);
    },
    async syncDirectory(path) {
      step('syncDirectory', path);
      await nodeFileSystem.syncDirectory(path);
    },
  };
  return self;

  function step(kind: Step, path: string, octets = 0): void {
    steps.push(kind);
    self.fault?.before(kind, steps.length, path, octets);
  }

  function wrap(file: OpenFile, path: string): OpenFile {
    return {
      ...file,
      async write(data, position) {
        try {
          step('write', path, data.length);
        } catch (error) {
          const part = Math.floor(data.length * (self.fault?.torn ?? 0));
          if (part > 0) await file.write(data.subarray(0, part), position);
          throw error;
        }
        await file.write(data, position);
      },
      async sync() {
        step('sync', path);
        await file.sync();
      },
      async truncate(size) {
        step('truncate', path);
        await file.truncate(size);
      },
    };
  }
}

/** A system error as Node throws it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
