/** The process that is killed, or whose disk fails: `rekeyer STATE MASTER-KEY`. Says `changed`, `finished` or `refused MESSAGE`. */
import { writeSync } from 'node:fs';
import { rekey } from '../../src/datastore/tools.js';
import { ConfigError } from '../../src/error.js';
import { sealedSchema } from './model.js';

const [stateDirectory = '', masterKeyFile = ''] = process.argv.slice(2);
try {
  const { result } = await rekey({ stateDirectory, masterKeyFile, schema: sealedSchema() });
  writeSync(1, `${result}\n`);
} catch (error) {
  writeSync(1, `refused ${ConfigError.from(error).message}\n`);
  process.exitCode = 1;
}
