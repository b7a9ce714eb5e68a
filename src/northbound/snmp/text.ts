/** Values that SMIv2 has a form of its own for: DateAndTime (RFC 2579), BITS, and what a pattern says about octets. */
import type { BitsType, StringType } from '../../yang/index.js';

/** RFC 3339 text as yang:date-and-time has it, to the 8 or 11 octets of DateAndTime; undefined where it is none. */
export function dateAndTimeOctets(text: string): Buffer | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d)\d*)?(Z|[+-]\d{2}:\d{2})?$/u.exec(text);
  if (match === null) return undefined;
  const part = (index: number) => Number(match[index]);
  const octets = Buffer.alloc(match[8] === undefined ? 8 : 11);
  octets.writeUInt16BE(part(1), 0);
  for (let index = 2; index <= 6; index += 1) octets[index] = part(index);
  octets[7] = match[7] === undefined ? 0 : part(7);
  const zone = match[8];
  if (zone === undefined) return octets;
  octets[8] = zone.startsWith('-') ? 0x2d : 0x2b;
  octets[9] = zone === 'Z' ? 0 : Number(zone.slice(1, 3));
  octets[10] = zone === 'Z' ? 0 : Number(zone.slice(4));
  return octets;
}

/** The inverse; undefined for octets that are no DateAndTime. Without a zone the time is taken as UTC. */
export function dateAndTimeText(octets: Buffer): string | undefined {
  if (octets.length !== 8 && octets.length !== 11) return undefined;
  const [month, day, hour, minute, second, deci] = [...octets.subarray(2, 8)] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || deci > 9)
    return undefined;
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${String(octets.readUInt16BE(0)).padStart(4, '0')}-${two(month)}-${two(day)}`;
  const time = `${two(hour)}:${two(minute)}:${two(second)}${deci === 0 ? '' : `.${String(deci)}`}`;
  if (octets.length === 8) return `${date}T${time}Z`;
  const [sign, zoneHour, zoneMinute] = [octets[8]!, octets[9]!, octets[10]!];
  if ((sign !== 0x2b && sign !== 0x2d) || zoneHour > 13 || zoneMinute > 59) return undefined;
  if (zoneHour === 0 && zoneMinute === 0) return `${date}T${time}Z`;
  return `${date}T${time}${sign === 0x2d ? '-' : '+'}${two(zoneHour)}:${two(zoneMinute)}`;
}

/** RFC 2578 section 7.1.4: bit 0 is the high-order bit of the first octet. */
export function bitsOctets(type: BitsType, value: string): Buffer {
  const octets = Buffer.alloc(Math.floor((type.bits.at(-1)?.position ?? 0) / 8) + 1);
  for (const name of value.split(' ')) {
    const bit = type.bits.find((candidate) => candidate.name === name);
    if (bit !== undefined) octets[bit.position >> 3]! |= 0x80 >> (bit.position & 7);
  }
  return octets;
}

/** The canonical value of YANG bits; undefined where a bit is set that has no name. */
export function bitsValue(type: BitsType, octets: Buffer): string | undefined {
  const names: string[] = [];
  for (let position = 0; position < octets.length * 8; position += 1) {
    if ((octets[position >> 3]! & (0x80 >> (position & 7))) === 0) continue;
    const bit = type.bits.find((candidate) => candidate.position === position);
    if (bit === undefined) return undefined;
    names.push(bit.name);
  }
  return names.join(' ');
}

/**
 * True where a pattern keeps a string to ASCII, so that characters are octets. It reads the pattern's text: negated sets, categories,
 * the escapes that stand for sets of all Unicode and a bare `.` count as not.
 */
export function isAscii(type: StringType): boolean {
  return type.patterns.some((pattern) => !pattern.invert && isAsciiPattern(pattern.text));
}

function isAsciiPattern(text: string): boolean {
  let inClass = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]!;
    if (character > '~') return false;
    if (character === '\\') {
      index += 1;
      if ('pPSDdWwIiCc'.includes(text[index] ?? 'p')) return false;
    } else if (inClass) {
      if (character === '[') return false;
      if (character === ']') inClass = false;
    } else if (character === '[') {
      if (text[index + 1] === '^') return false;
      inClass = true;
    } else if (character === '.') return false;
  }
  return true;
}
