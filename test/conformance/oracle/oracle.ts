/** Documents of a set of modules, mutated, and what the two judges say of each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeXml, loadSchema, type Schema, Validator } from '../../../src/yang/index.js';
import { makeDocument } from './documents.js';
import { isAmong, type Modules, modulesOfYanglint, ourVerdict, type Verdict, yanglintVerdicts } from './judges.js';
import { type MutationKind, mutate, mutationKinds } from './mutations.js';
import { Random } from './random.js';
import { parseXml, printXml } from './xml-tree.js';

export interface Trial {
  readonly modules: string;
  readonly kind: MutationKind | 'none';
  readonly document: string;
  readonly ours: Verdict;
  /** Undefined where yanglint ended over the document. */
  readonly theirs: Verdict | undefined;
}

export interface OracleOptions {
  readonly sets: readonly Modules[];
  /** Mutated documents in all. */
  readonly count: number;
  readonly seed: number;
}

/** Every trial; the unmutated documents are among them. */
export async function runOracle({ sets, count, seed }: OracleOptions): Promise<readonly Trial[]> {
  const folder = mkdtempSync(join(tmpdir(), 'signet-modules-'));
  try {
    const places = new Map<string, string>();
    const trials: Trial[] = [];
    for (const [index, { directory, implement }] of sets.entries()) {
      const place = places.get(directory) ?? (await modulesOfYanglint(directory, folder));
      places.set(directory, place);
      const share = Math.floor(count / sets.length) + (index < count % sets.length ? 1 : 0);
      trials.push(...(await runSet({ directory: place, implement }, share, seed + index * 1009)));
    }
    return trials;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As yanglint has it: all features of the modules that it implements, none of the others. */
export function loadAsYanglint({ directory, implement }: Modules): Schema {
  const directories = [directory];
  const first = loadSchema({ directories, implement }).schema;
  const imported = [...first.modules.values()].filter((module) => !module.implemented);
  const features = Object.fromEntries(imported.map((module) => [module.name, 'none' as const]));
  return loadSchema({ directories, implement, features }).schema;
}

async function runSet(modules: Modules, count: number, seed: number): Promise<readonly Trial[]> {
  const schema = loadAsYanglint(modules);
  const validator = new Validator(schema, { view: 'all' });
  const random = new Random(seed);
  const originals: string[] = [];
  const documents: { readonly kind: MutationKind | 'none'; readonly text: string }[] = [];
  const wanted = Math.max(1, Math.ceil(count / 20));
  for (let attempt = 0; attempt < wanted * 40 && originals.length < wanted; attempt++) {
    const tree = makeDocument({ schema, validator, random });
    if (tree.root.isEmpty()) continue;
    const text = encodeXml(schema, schema.root, tree.root);
    originals.push(text);
    documents.push({ kind: 'none', text });
  }
  if (originals.length === 0) throw new Error(`no valid document of ${modules.implement.join(' ')} was found`);
  const originalCount = documents.length;
  for (let attempt = 0; documents.length < originalCount + count && attempt < count * 4; attempt++) {
    const kind = mutationKinds[attempt % mutationKinds.length]!;
    const nodes = parseXml(random.pick(originals));
    if (mutate(kind, nodes, schema, random)) documents.push({ kind, text: printXml(nodes) });
  }
  const theirs = await yanglintVerdicts(
    modules,
    documents.map(({ text }) => text),
  );
  return documents.map(({ kind, text }, index) => ({
    modules: modules.implement.join(' '),
    kind,
    document: text,
    ours: ourVerdict(text, schema, validator),
    theirs: theirs[index],
  }));
}

export interface Tally {
  readonly judged: number;
  readonly agreed: number;
  /** Of the documents that both refuse and for which yanglint tells a place. */
  readonly placed: number;
  readonly samePlace: number;
  readonly disagreements: readonly Trial[];
  readonly otherPlaces: readonly Trial[];
}

export function tally(trials: readonly Trial[]): Tally {
  const judged = trials.filter(({ theirs }) => theirs !== undefined);
  const agreed = judged.filter(({ ours, theirs }) => ours.isValid === theirs!.isValid);
  const placed = agreed.filter(({ theirs }) => !theirs!.isValid && theirs!.paths.length > 0);
  const samePlace = placed.filter(({ ours, theirs }) => isAmong(theirs!.paths[0]!, ours.paths));
  return {
    judged: judged.length,
    agreed: agreed.length,
    placed: placed.length,
    samePlace: samePlace.length,
    disagreements: judged.filter((each) => !agreed.includes(each)),
    otherPlaces: placed.filter((each) => !samePlace.includes(each)),
  };
}
