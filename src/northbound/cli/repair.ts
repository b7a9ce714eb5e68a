/** `signet repair`: cuts off a journal on which no agent starts, without an agent. */
import type { HistoryEntry, RepairReport } from '../../datastore/index.js';
import type { Call, Output } from './index.js';
import { UsageError } from './usage.js';

export async function repair({ parts, state, arguments: given }: Call): Promise<Output> {
  if (typeof given['url'] === 'string') throw new UsageError('repair works on --state, not through --url');
  const report = await parts.repair(state);
  return { value: report, text: describe(report) };
}

function describe({ file, cut, records, last }: RepairReport): string {
  const running = last === undefined ? 'no transaction is left' : `the last transaction is ${name(last)}`;
  if (cut === undefined) return `${file} is sound: ${records} records, ${running}\n`;
  const isCut = !cut.isHeaderNew || cut.offset < cut.octets;
  const header = cut.isHeaderNew ? [`the header of ${file} was not legible and is written anew`] : [];
  const lines = [
    ...header,
    isCut
      ? `${file} is cut off at offset ${cut.offset}: ${records} records are left, ${running}`
      : `nothing is lost: ${records} records, ${running}`,
    cut.isHeaderNew
      ? `the journal as it was is kept in ${cut.kept}`
      : `the ${cut.octets} octets behind it are kept in ${cut.kept}`,
  ];
  if (last === undefined) lines.push('the agent would start anew: restore a backup where there is one');
  if (cut.lost.length > 0) lines.push('transactions that are legible there and no longer count:');
  return [...lines, ...cut.lost.map((entry) => `  ${name(entry)}`), ''].join('\n');
}

function name({ transaction, time, origin, comment }: HistoryEntry): string {
  const said = comment === '' ? '' : `, ${JSON.stringify(comment)}`;
  return `${transaction} of ${new Date(time).toISOString()} by ${origin.user}${said}`;
}
