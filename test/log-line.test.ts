/** The lines of the log: what an operator finds of an error that users are told of as internal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../src/error.js';
import { logLine } from '../src/log-line.js';

const time = new Date('2026-11-27T12:00:00Z');

interface Cause {
  readonly name: string;
  readonly message: string;
  readonly stack: readonly string[];
  readonly cause?: Cause;
}

function causeIn(line: string): Cause {
  return (JSON.parse(line.slice(line.indexOf('{'))) as { readonly cause: Cause }).cause;
}

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

test('an event is one line, its fields are JSON', () => {
  assert.equal(logLine(time, 'info', 'ready'), '2026-11-27T12:00:00.000Z info ready\n');
  assert.equal(
    logLine(time, 'info', 'm', { a: 'x\ny', n: 3n }),
    '2026-11-27T12:00:00.000Z info m {"a":"x\\ny","n":"3"}\n',
  );
});

test('a cause has its name, message, stack and its own cause', () => {
  const inner = new ConfigError({ tag: 'operation-failed', message: 'the disk is gone' });
  const line = logLine(time, 'error', 'a method failed', { cause: new RangeError('no node', { cause: inner }) });
  assert.equal(line.trimEnd().split('\n').length, 1);
  const { name, message, stack, cause } = causeIn(line);
  assert.deepEqual([name, message, cause?.message], ['RangeError', 'no node', 'the disk is gone']);
  assert.match(stack[0] ?? '', /^at .*log-line\.test\./);
});

test('values that Node and V8 quote in their messages are left out: they may be secrets', () => {
  for (const work of [
    () => JSON.parse('hunter2-hunter2'),
    () => JSON.parse('{"password": hunter2-hunter2 and so on, for more than forty characters}'),
    () => Buffer.alloc('hunter2' as unknown as number),
    () => BigInt('hunter2'),
  ]) {
    const error = thrownBy(work);
    assert.ok(error instanceof Error && error.message.includes('hunter2'));
    const line = logLine(time, 'error', 'failed', { cause: error });
    assert.doesNotMatch(line, /hunter/);
    assert.equal(causeIn(line).name, error.name);
  }
});
