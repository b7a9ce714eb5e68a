/** Looks for secrets in whatever came out of an agent, however often it was encoded on the way. */

export interface Secret {
  readonly name: string;
  readonly octets: Buffer;
}

export interface Leak {
  readonly secret: string;
  readonly where: string;
}

/** A secret that no text contains by accident. */
export function mark(name: string): Secret & { readonly text: string } {
  const text = `${name}-Zq7#${Buffer.from(name).toString('hex')}`;
  return { name, text, octets: Buffer.from(text) };
}

/** The secrets that stand in `text`: plainly, in base64 (PEM, XML-RPC, JSON) or hexadecimal, one inside the other. */
export function leaksIn(where: string, text: Buffer | string, secrets: readonly Secret[]): readonly Leak[] {
  const found = new Set<string>();
  for (const layer of layers(Buffer.from(text), depth)) {
    for (const { name, octets } of secrets) if (layer.includes(octets)) found.add(name);
  }
  return [...found].map((secret) => ({ secret, where }));
}

function* layers(octets: Buffer, left: number): Iterable<Buffer> {
  yield octets;
  if (left === 0) return;
  const text = octets.toString('latin1');
  // Lines of PEM, as they are and as JSON and XML escape them.
  const joined = text.replaceAll(/\\[rn]|&#1[03];|&#x[aAdD];|\s+/g, '');
  for (const source of new Set([text, joined])) {
    for (const [run] of source.matchAll(/[A-Za-z0-9+/\-_]{24,}={0,2}/g)) {
      // What stands before it without a gap may shift the groups of four.
      for (let shift = 0; shift < 4; shift++) yield* layers(Buffer.from(run.slice(shift), 'base64'), left - 1);
    }
    for (const [run] of source.matchAll(/(?:[0-9a-fA-F]{2}[ :]?){12,}/g)) {
      yield* layers(Buffer.from(run.replaceAll(/[ :]/g, ''), 'hex'), left - 1);
    }
  }
}

/** Encodings inside of encodings. */
const depth = 3;
