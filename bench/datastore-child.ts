/** The process that bench/datastore.ts starts for each piece of work: `datastore-child DIRECTORY WORK`. */
import { doWork, type Work } from './datastore-work.js';

const [directory = '', work = ''] = process.argv.slice(2);
const report = await doWork(directory, JSON.parse(work) as Work);
process.send?.(report, () => process.disconnect());
