/** PEM (RFC 7468): blocks in any order with text, carriage returns and byte order marks around. */

import { malformed, X509Error } from './errors.js';

export interface PemBlock {
  readonly label: string;
  /** The block's content; of a block with headers (RFC 1421: `DEK-Info`) it is encrypted. */
  readonly der: Buffer;
  /** True where the block has headers of RFC 1421, which only old encrypted private keys have. */
  readonly encrypted: boolean;
  /** The block as it stood, with line feeds. */
  readonly text: string;
}

/** The largest text that is looked at, and the most blocks that are taken from it. */
export const pemLimits = { characters: 2 << 20, blocks: 64 } as const;

/** All blocks of a text. Throws `malformed` for a block that is cut off or whose content is not base64. */
export function parsePem(text: string): readonly PemBlock[] {
  if (text.length > pemLimits.characters) {
    throw new X509Error('too-big', `more than ${pemLimits.characters} characters of PEM`);
  }
  const blocks: PemBlock[] = [];
  let open: { label: string; lines: string[] } | undefined;
  // Boundaries get lines of their own first: files that were joined without a line feed, and PEM on a single line.
  const spaced = text.replace(/-----(?:BEGIN|END) [^-\r\n]{1,64}-----/g, '\n$&\n');
  for (const line of spaced.split(/\r\n|\n|\r/).map((each) => each.replace(/^\uFEFF/, '').trim())) {
    const boundary = /^-----(BEGIN|END) ([\x21-\x7e]+(?: [\x21-\x7e]+)*)-----$/.exec(line);
    if (boundary === null) {
      open?.lines.push(line);
    } else if (boundary[1] === 'BEGIN') {
      if (open !== undefined) throw malformed(`PEM block ${open.label} is cut off: its END line is missing`);
      open = { label: boundary[2]!, lines: [] };
    } else if (open === undefined || open.label !== boundary[2]) {
      throw malformed(`PEM has an END line without its BEGIN line`);
    } else {
      if (blocks.length === pemLimits.blocks) {
        throw new X509Error('too-big', `more than ${pemLimits.blocks} PEM blocks`);
      }
      blocks.push(block(open.label, open.lines));
      open = undefined;
    }
  }
  if (open !== undefined) throw malformed(`PEM block ${open.label} is cut off: its END line is missing`);
  return blocks;
}

/** One block, lines of 64 characters, with a line feed at the end. */
export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Base64 with any white space; undefined where it is something else. */
export function decodeBase64(text: string): Buffer | undefined {
  const packed = text.replace(/\s+/g, '');
  if (packed === '' || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed) || packed.length % 4 === 1) return undefined;
  if (packed.includes('=') && packed.length % 4 !== 0) return undefined;
  return Buffer.from(packed, 'base64');
}

function block(label: string, lines: string[]): PemBlock {
  // RFC 1421 4.4: headers, an empty line, the content.
  while (lines[0] === '') lines.shift();
  while (lines.at(-1) === '') lines.pop();
  const hasHeaders = lines.some((line) => line.includes(':'));
  const body = hasHeaders ? lines.slice(lines.indexOf('') + 1) : lines;
  const der = decodeBase64(body.join(''));
  if (der === undefined) throw malformed(`PEM block ${label} is not base64`);
  const text = [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
  return { label, der, encrypted: hasHeaders, text };
}
