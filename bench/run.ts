/** `npm run bench [-- NAME...]`: runs the benchmarks of this folder one after the other, each with its own headline. */
import { describeMachine } from './machine.js';

interface Benchmark {
  readonly run: () => Promise<void>;
}

const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  agent: () => import('./agent.js'),
  https: () => import('./https.js'),
  x509: () => import('./x509.js'),
  yang: () => import('./yang.js'),
  codec: () => import('./codec.js'),
  datastore: () => import('./datastore.js'),
  snmp: () => import('./snmp.js'),
  'snmp-hostile': () => import('./snmp-hostile.js'),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  process.stderr.write(`no such benchmark: ${unknown.join(', ')}; there are ${Object.keys(benchmarks).join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(`${describeMachine()}\n`);
  for (const [name, load] of Object.entries(benchmarks)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stdout.write(`\n${name}\n`);
    const { run } = await load();
    await run();
  }
}
