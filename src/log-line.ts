/** One line of the log for each event: time, level, message, fields as JSON. Part of the composition root. */
import type { Log } from './datastore/index.js';

export function logLine(time: Date, ...[level, message, fields]: Parameters<Log>): string {
  const rest = fields === undefined || Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields, plain)}`;
  return `${time.toISOString()} ${level} ${message}${rest}\n`;
}

/** An error has nothing that JSON shows; what users are told to look for in the log stands in it. */
function plain(_name: string, value: unknown): unknown {
  if (!(value instanceof Error)) return typeof value === 'bigint' ? String(value) : value;
  const { name, cause } = value;
  const frames = (value.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  return { name, message: withoutValues(value.message), stack: frames.map((line) => line.trim()), cause };
}

/** Node and V8 quote the value that they refuse, which may be a secret; our own messages never do. */
function withoutValues(message: string): string {
  return message
    .replace(/ Received [\s\S]*$/, '')
    .replace(/^[\s\S]*(?= is not valid JSON$)/, 'a text')
    .replace(/^(Cannot convert )[\s\S]*(?= to a BigInt$)/, '$1a value')
    .slice(0, longestMessage);
}

const longestMessage = 2000;
