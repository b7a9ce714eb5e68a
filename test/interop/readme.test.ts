/** The README's five minutes, run as they are printed, but for addresses and the place of the state. */
import assert from 'node:assert/strict';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { adminPassword, mainScript, makeState, type RunningAgent, startAgent } from '../support/agent.js';
import { requireTool } from '../support/tools.js';
import { python, repository, run, standardMibs } from './support.js';

const tools = ['openssl', 'curl', 'python3', 'snmpget', 'bash'];
const skip = tools.map((tool) => requireTool(tool).skip).find((each) => each !== false) ?? false;

describe('the five minutes of the README', { skip }, () => {
  let place: Awaited<ReturnType<typeof makeState>>;
  let agent: RunningAgent;
  let blocks: readonly { readonly language: string; readonly text: string }[];

  before(async () => {
    place = await makeState();
    agent = await startAgent(place);
    await symlink(join(repository, 'mibs'), join(place.directory, 'mibs'));
    const readme = await readFile(join(repository, 'README.md'), 'utf8');
    const section = readme.slice(readme.indexOf('## Five minutes'), readme.indexOf('## Interfaces'));
    blocks = [...section.matchAll(/^```(sh|python)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
      language,
      text: text
        .replaceAll('npx signet', `"${process.execPath}" "${mainScript}" --state "${place.state}"`)
        .replaceAll(':8443', `:${agent.httpsPort}`)
        .replaceAll(':1161', `:${agent.snmpPort}`)
        .replaceAll('PASSWORD', encodeURIComponent(adminPassword)),
    }));
  });
  after(async () => {
    await agent.stop();
    await place.remove();
  });

  const shell = async (text: string) => {
    const env = { MIBDIRS: `+${standardMibs() ?? ''}`, MIBS: '' };
    const result = await run('bash', ['-euo', 'pipefail', '-c', text], { cwd: place.directory, env });
    assert.equal(result.status, 0, `${text}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };

  test('every block works in the order of the text', async () => {
    const [look, declare, sign, script, walk, named, mend, documents, ...more] = blocks;
    assert.equal(more.length, 0, 'a block that this test does not know');
    assert.match(await shell(look?.text ?? ''), /default +self-signed/);
    assert.match(await shell(declare?.text ?? ''), /subject=O = Example, CN = web\.example\.net/);
    const signed = await shell(sign?.text ?? '');
    assert.match(signed, /<html/);
    assert.match(signed, /confirmed\n$/);
    const { stdout, stderr } = await run(python, ['-c', script?.text ?? '']);
    assert.equal(stdout, '364\n', stderr);
    const phrase = walk?.text.split('\n')[0] ?? '';
    assert.match(await shell(walk?.text ?? ''), /32473\.1\.10\.[\s\S]*"web\.example\.net"/);
    assert.match(await shell(`${phrase}\n${named?.text ?? ''}`), /DaysRemaining\.'web' = INTEGER: 364/);
    const mended = await shell(mend?.text ?? '');
    assert.match(mended, /^ok +https /m);
    assert.doesNotMatch(mended, /FAULT/);
    const judged = await shell(documents?.text ?? '');
    assert.match(judged, /^backup\.json is valid$/m);
    assert.match(judged, /^module: signet-https$/m);
  });
});
