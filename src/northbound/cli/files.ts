/** Files that the user names. */
import { closeSync, fchmodSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { ConfigError } from '../../error.js';

/** A file that the user named; ConfigError where it cannot be read. */
export function readText(file: string): string {
  return readFile(file).toString('utf8');
}

export function readFile(file: string): Buffer {
  return withFile(file, () => readFileSync(file));
}

/** For the owner alone, also where the file was there: what the agent tells may be more than others are to know. */
export function writeFile(file: string, content: string | Buffer): void {
  withFile(file, () => {
    const descriptor = openSync(file, 'w', 0o600);
    try {
      if (fstatSync(descriptor).isFile()) fchmodSync(descriptor, 0o600);
      writeFileSync(descriptor, content);
    } finally {
      closeSync(descriptor);
    }
  });
}

function withFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'cannot be used';
    throw new ConfigError({ tag: 'invalid-value', message: `${file}: ${code}` }, { cause });
  }
}
