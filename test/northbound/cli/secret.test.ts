import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { makeState, type RunningAgent, startAgent } from '../../support/agent.js';
import { repositoryRoot } from '../../support/places.js';
import { requireTool } from '../../support/tools.js';

const python = requireTool('python3');

/** Types each answer when its question has come, and prints what the terminal showed and the exit status. */
const terminal = `
import os, pty, select, sys, time
questions, command = sys.argv[1].split('|'), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0: os.execvp(command[0], command)
shown, asked, until = b'', 0, time.time() + 30
while time.time() < until:
    if select.select([fd], [], [], 0.1)[0]:
        try: more = os.read(fd, 4096)
        except OSError: break
        if not more: break
        shown += more
    if asked < len(questions) and shown.count(b': ') > asked:
        os.write(fd, questions[asked].encode().decode('unicode_escape').encode('latin1')); asked += 1
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown + b'\\n%d' % os.waitstatus_to_exitcode(status))
`;

describe('signet passwd on a terminal', { skip: python.skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  async function typed(answers: string, ...more: readonly string[]): Promise<string> {
    const signet = [process.execPath, join(repositoryRoot, 'dist', 'src', 'main.js'), '--state', place.state];
    const command = ['-c', terminal, answers, ...signet, 'passwd', 'admin', ...more];
    return (await promisify(execFile)('python3', command)).stdout;
  }

  test('asks twice, shows nothing of it, and takes what can be typed', async () => {
    const shown = await typed('sesame open 1\\r|sesame opx\\x7fen 1\\r');
    assert.match(shown, /new password of admin: \s+new password of admin again: \s+changed\s+0$/);
    assert.doesNotMatch(shown, /sesame/);
    assert.match(
      await typed('phrase of mine\\r|phrase of mine\\r', '--snmp'),
      /new SNMP pass phrase of admin: [\s\S]*0$/,
    );
  });

  test('changes nothing where the two differ, nothing is typed, or it is given up', async () => {
    assert.match(await typed('sesame open 1\\r|sesame open 2\\r'), /the two differ, and nothing is changed[\s\S]*2$/);
    assert.match(await typed('\\r'), /nothing was typed[\s\S]*2$/);
    assert.match(await typed('sesame\\x03'), /given up[\s\S]*2$/);
  });
});
