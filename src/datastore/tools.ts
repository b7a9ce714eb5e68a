/** The second door of the datastore: work on a state directory that no agent has open. An agent never loads it. */
export { backup, restore } from './backup.js';
export { rekey } from './rekey.js';
export { repairJournal } from './repair.js';
