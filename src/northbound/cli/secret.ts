/** A password or pass phrase: a line from standard input, or typed twice on a terminal, which does not show it. */
import { readFileSync } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { UsageError } from './usage.js';

/** Throws UsageError where what was typed twice differs, or nothing was. */
export async function readNewSecret(what: string, stderr: (text: string) => void): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY) return readFileSync(0, 'utf8').replace(/\r?\n$/, '');
  // Before the question is seen: what is typed at once would be shown.
  stdin.setRawMode(true);
  try {
    const first = await typed(stdin, `${what}: `, stderr);
    if (first === '') throw new UsageError('nothing was typed, and nothing is changed');
    const second = await typed(stdin, `${what} again: `, stderr);
    if (first !== second) throw new UsageError('the two differ, and nothing is changed');
    return first;
  } finally {
    stdin.setRawMode(false);
  }
}

async function typed(stdin: ReadStream, prompt: string, stderr: (text: string) => void): Promise<string> {
  stderr(prompt);
  stdin.setEncoding('utf8');
  try {
    return await new Promise<string>((resolve, reject) => {
      let line: string[] = [];
      const take = (text: string) => {
        for (const [index, character] of Array.from(text).entries()) {
          if (character === '\r' || character === '\n') {
            stdin.off('data', take).pause();
            // What was typed ahead is for the next question.
            const rest = Array.from(text)
              .slice(index + 1)
              .join('');
            if (rest !== '') stdin.unshift(rest, 'utf8');
            resolve(line.join(''));
            return;
          }
          if (character === interrupt || (character === endOfInput && line.length === 0)) {
            stdin.off('data', take).pause();
            reject(new UsageError('given up, and nothing is changed'));
            return;
          }
          if (character === '\b' || character === '\x7f') line.pop();
          else if (character === killLine) line = [];
          else if (character >= ' ') line.push(character);
        }
      };
      stdin.on('data', take).resume();
    });
  } finally {
    stderr('\n');
  }
}

const interrupt = '\x03';
const endOfInput = '\x04';
const killLine = '\x15';
