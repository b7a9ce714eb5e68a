/** Where things are: the repository, the compiled tree, and directories that go away with the test. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The repository's root: the nearest folder above this file that holds package.json. */
export const repositoryRoot = findUp(dirname(fileURLToPath(import.meta.url)), 'package.json');

/** The output folder of the compiler that this file runs from: `dist`, or a builder's own. */
export const compiledRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Something that tells when it is over: a test's context, or `{ after }` of node:test for a suite. */
export interface Scope {
  after(fn: () => Promise<void>): void;
}

/** A new empty directory, removed with all that is in it when the test or suite ends. */
export async function temporaryDirectory(scope: TestContext | Scope): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  scope.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function findUp(from: string, name: string): string {
  if (existsSync(join(from, name))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`no ${name} in any folder above`);
  return findUp(parent, name);
}
