/**
 * Where the published IETF modules are, for tests that compare with them: ../shared/yang/ietf beside the repository, or any
 * folder that SIGNET_YANG names.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let reported = false;

/** The folder, and a reason to skip where it is missing. */
export function publishedModules(): { readonly directory: string; readonly skip: string | false } {
  const directory = process.env.SIGNET_YANG ?? join(repositoryRoot(), '..', 'shared', 'yang', 'ietf');
  if (existsSync(directory)) return { directory, skip: false };
  if (!reported) console.log('skipped: the published modules are not in ../shared/yang/ietf');
  reported = true;
  return { directory, skip: 'the published modules are not in ../shared/yang/ietf' };
}

/** The nearest folder above this file that has a package.json. */
export function repositoryRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}
