/** Foreign tools that judge what we emit: a test that needs one which is not installed is skipped, and said so once. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const reported = new Set<string>();

/** Options for `test`: skipped with a reason where the tool is missing; with CI=true a missing tool is a failure. */
export function requireTool(name: string): { skip: string | false } {
  if (isInstalled(name)) return { skip: false };
  if (process.env.CI === 'true') throw new Error(`${name} is not installed, and CI=true forbids skipping`);
  if (!reported.has(name)) console.log(`skipped: ${name} is not installed`);
  reported.add(name);
  return { skip: `${name} is not installed` };
}

function isInstalled(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
