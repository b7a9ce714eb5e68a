/** The last step of the build: the compiled entry point of package.json's `bin` becomes executable. */
import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = join(dirname(fileURLToPath(import.meta.url)), '..');
chmodSync(join(compiled, 'src', 'main.js'), 0o755);
