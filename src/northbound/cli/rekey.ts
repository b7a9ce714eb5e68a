/** `signet rekey`: another master key for a state directory, without an agent. */
import type { RekeyReport } from '../../datastore/index.js';
import type { Call, Output } from './index.js';
import { UsageError } from './usage.js';

export async function rekey({ parts, state, arguments: given }: Call): Promise<Output> {
  if (typeof given['url'] === 'string') throw new UsageError('rekey works on --state, not through --url');
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined);
  const report = await parts.rekey({
    stateDirectory: state,
    masterKeyFile: text('master-key'),
    newMasterKeyFile: text('new-master-key'),
    schema: Array.isArray(given['schema']) ? given['schema'].map(String) : [],
  });
  return { value: report, text: describe(report) };
}

function describe(report: RekeyReport): string {
  const { masterKeyFile } = report;
  if (report.result === 'finished') {
    return `a change that had been cut off is finished: the master key is in ${masterKeyFile}; start the agent\n`;
  }
  const { secrets, keys, lost } = report;
  const lines = [
    `the master key is changed: ${secrets} secrets and ${keys} private keys are sealed under the one in ${masterKeyFile}`,
    'backups from before hold the former key: make a new one, and remove those that nobody needs',
  ];
  if (lost.secrets + lost.keys > 0) {
    lines.push(`${lost.secrets} secrets and ${lost.keys} private keys had been lost with a key before and stay so`);
  }
  return [...lines, ''].join('\n');
}
