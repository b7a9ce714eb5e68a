/** The two judges of a document: our engine, and yanglint, which is asked for many documents in one process. */
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../../src/error.js';
import {
  type Branch,
  DataTree,
  decodeXml,
  InstanceIdentifier,
  type Schema,
  type Validator,
} from '../../../src/yang/index.js';
import { run } from '../../support/run.js';

export interface Verdict {
  readonly isValid: boolean;
  /** Without predicates, module names where they change; yanglint tells one. '' where none was told. */
  readonly paths: readonly string[];
  readonly messages: readonly string[];
}

export function ourVerdict(xml: string, schema: Schema, validator: Validator): Verdict {
  const errors = errorsOf(xml, schema, validator);
  return {
    isValid: errors.length === 0,
    paths: errors.map(({ path }) => plainPath(path)),
    messages: errors.map((error) => error.line()),
  };
}

function errorsOf(xml: string, schema: Schema, validator: Validator): readonly ConfigError[] {
  try {
    const root = decodeXml(schema, InstanceIdentifier.root, xml, { fragment: true }) as Branch;
    return validator.validate(new DataTree(schema, root));
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.all();
    throw thrown;
  }
}

export interface Modules {
  readonly directory: string;
  /** Loaded in this order. */
  readonly implement: readonly string[];
}

/** Modules of which yanglint has an older revision built in, which imports without a revision then get. */
const builtIn = ['ietf-yang-types', 'ietf-inet-types'] as const;

/** A folder with the modules of a directory as yanglint has them: the types of its own in place of those that are there. */
export async function modulesOfYanglint(directory: string, folder: string): Promise<string> {
  const place = mkdtempSync(join(folder, 'modules-'));
  const others = readdirSync(directory).filter(
    (file) => !builtIn.some((name) => file.startsWith(`${name}.`) || file.startsWith(`${name}@`)),
  );
  for (const file of others) if (file.endsWith('.yang')) symlinkSync(join(directory, file), join(place, file));
  for (const name of builtIn) {
    const { stdout } = await run('yanglint', [], {
      input: `print -f yang ${name}@2013-07-15\n`,
      env: { HOME: folder },
    });
    writeFileSync(join(place, `${name}.yang`), stdout.slice(stdout.indexOf(`module ${name}`)));
  }
  return place;
}

type Form = 'xml' | 'json';

/** One verdict for each document, in order; undefined where yanglint ended over it. */
export async function yanglintVerdicts(
  modules: Modules,
  documents: readonly string[],
  form: Form = 'xml',
): Promise<readonly (Verdict | undefined)[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-oracle-'));
  try {
    for (const [index, document] of documents.entries()) writeFileSync(join(folder, `${index}.${form}`), document);
    const verdicts: (Verdict | undefined)[] = [];
    while (verdicts.length < documents.length)
      verdicts.push(...(await judgeFrom(verdicts.length, documents, modules, folder, form)));
    return verdicts;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Verdicts from `first` on, up to one that yanglint does not survive. */
async function judgeFrom(
  first: number,
  documents: readonly string[],
  { directory, implement }: Modules,
  folder: string,
  form: Form,
): Promise<readonly (Verdict | undefined)[]> {
  const loads = implement.map((each) => `load ${each}\n`);
  // An error for a file that is not there marks the end of what was said of the one before.
  const asked = documents.slice(first).map((_, index) => `data ${first + index}.${form}\ndata end-${first + index}\n`);
  const { stderr } = await run('yanglint', [], {
    input: [`searchpath ${directory}\n`, ...loads, ...asked].join(''),
    cwd: folder,
    env: { HOME: folder },
    timeoutMs: 300_000,
    maxOutput: 64_000_000,
  });
  const verdicts: (Verdict | undefined)[] = [];
  let rest = stderr;
  for (let index = first; index < documents.length; index++) {
    const mark = `(end-${index})`;
    const end = rest.indexOf(mark);
    if (end < 0) {
      verdicts.push(undefined);
      break;
    }
    verdicts.push(verdictOf(rest.slice(0, end), `${index}.${form}`));
    rest = rest.slice(end + mark.length);
  }
  return verdicts;
}

function verdictOf(said: string, file: string): Verdict {
  const messages = said.split('\n').filter((line) => line.startsWith('libyang[0]'));
  const paths = messages.flatMap((line) => {
    const path = /(?:Schema|Data) location "([^"]*)"/u.exec(line)?.[1];
    return path === undefined ? [] : [plainPath(path)];
  });
  return { isValid: !said.includes(`Failed to parse input data file "${file}"`), paths, messages };
}

/** `/m:a/b[k='x']/c` as `/m:a/b/c`; yanglint writes schema paths with choices and cases in them, we do not. */
export function plainPath(path: string): string {
  let text = '';
  let depth = 0;
  let quote = '';
  for (const character of path) {
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (depth > 0 && (character === "'" || character === '"')) quote = character;
    else if (character === '[') depth++;
    else if (character === ']') depth--;
    else if (depth === 0) text += character;
  }
  let module = '';
  return text
    .split('/')
    .slice(1)
    .map((step) => {
      const colon = step.indexOf(':');
      const own = colon < 0 ? module : step.slice(0, colon);
      const name = step.slice(colon + 1);
      const shown = own === module ? name : `${own}:${name}`;
      module = own;
      return `/${shown}`;
    })
    .join('');
}

/**
 * True where `path` or its parent is among `ours`. Cases and choices in it are passed over, and of what is not connected to the
 * rest yet (a second instance of a leaf) yanglint tells the end of the path only.
 */
export function isAmong(path: string, ours: readonly string[]): boolean {
  const parent = path.slice(0, path.lastIndexOf('/'));
  const isSame = (theirs: string, each: string) =>
    theirs === each || leadsThrough(theirs, each) || isEndOf(theirs, each);
  return ours.some((each) => isSame(path, each) || isSame(parent, each));
}

function isEndOf(end: string, path: string): boolean {
  const steps = end.replace(/^\/[^:/]*:/u, '/');
  return steps.split('/').length > 2 && path.endsWith(steps);
}

/** Whether the steps of `short` are those of `long` but for some in between. */
function leadsThrough(long: string, short: string): boolean {
  const steps = long.split('/');
  const wanted = short.split('/');
  if (steps.at(-1) !== wanted.at(-1)) return false;
  let at = 0;
  for (const step of steps) if (step === wanted[at]) at++;
  return at === wanted.length;
}
