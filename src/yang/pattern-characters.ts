/** Character classes of XSD regular expressions (XML Schema 1.1 part 2, appendix G.4) as sets of code points. */

/** Sorted, disjoint, not touching: `[first, last, first, last, ...]`, both ends inclusive. */
export type CharacterSet = readonly number[];

/** What stands for one character in a pattern, as it is written. */
export type CharacterClass =
  /** One character where both are the same. */
  | { readonly kind: 'range'; readonly first: number; readonly last: number }
  /** `\d`, `\S`, ... or `.` */
  | { readonly kind: 'letter'; readonly letter: string }
  /** `\p{NAME}` and `\P{NAME}` */
  | { readonly kind: 'property'; readonly name: string; readonly negated: boolean }
  /** `[...]` and `[^...]`, less what a subtraction takes away from either. */
  | {
      readonly kind: 'group';
      readonly parts: readonly CharacterClass[];
      readonly negated: boolean;
      readonly without: CharacterClass | undefined;
    };

/** The characters that a class admits. */
export function charactersOf(one: CharacterClass): CharacterSet {
  switch (one.kind) {
    case 'range':
      return [one.first, one.last];
    case 'letter':
      return multiCharacterClass(one.letter);
    case 'property': {
      const set = property(one.name);
      return one.negated ? complement(set) : set;
    }
    case 'group': {
      const all = union(...one.parts.map(charactersOf));
      const set = one.negated ? complement(all) : all;
      return one.without === undefined ? set : subtract(set, charactersOf(one.without));
    }
  }
}

export const lastCodePoint = 0x10ffff;

/** A set from any ranges, in any order. */
export function characterSet(ranges: readonly (readonly [first: number, last: number])[]): CharacterSet {
  const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
  const result: number[] = [];
  for (const [first, last] of sorted) {
    const end = result.length - 1;
    if (end > 0 && first <= result[end]! + 1) result[end] = Math.max(result[end]!, last);
    else result.push(first, last);
  }
  return result;
}

export function union(...sets: readonly CharacterSet[]): CharacterSet {
  return characterSet(sets.flatMap(pairs));
}

export function complement(set: CharacterSet): CharacterSet {
  const result: number[] = [];
  let next = 0;
  for (const [first, last] of pairs(set)) {
    if (first > next) result.push(next, first - 1);
    next = last + 1;
  }
  if (next <= lastCodePoint) result.push(next, lastCodePoint);
  return result;
}

export function subtract(from: CharacterSet, what: CharacterSet): CharacterSet {
  return complement(union(complement(from), what));
}

export function pairs(set: CharacterSet): [number, number][] {
  const result: [number, number][] = [];
  for (let index = 0; index < set.length; index += 2) result.push([set[index]!, set[index + 1]!]);
  return result;
}

/** Whether `\LETTER` is one of the classes of G.4.2.5. */
export function isClassLetter(letter: string): boolean {
  return Object.hasOwn(classes, letter.toLowerCase());
}

/** `\d`, `\S`, ... by letter (G.4.2.5), and `.`. */
export function multiCharacterClass(letter: string): CharacterSet {
  const lower = letter.toLowerCase();
  if (letter === '.') return complement(characterSet([[0x0a, 0x0a], [0x0d, 0x0d]])); // biome-ignore format: pairs
  const set = classes[lower]!();
  return letter === lower ? set : complement(set);
}

/** A general category (`Lu`), or a block that XML Schema names (`IsBasicLatin`). */
export function isPropertyName(name: string): boolean {
  if (name.startsWith('Is')) return blockOf(name) !== undefined;
  return /^(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?)$/u.test(name);
}

/** The characters of `\p{NAME}`. Categories are those of the Unicode version that the engine knows. */
export function property(name: string): CharacterSet {
  if (name.startsWith('Is')) return blockOf(name)!;
  let set = categories.get(name);
  if (set === undefined) {
    set = scanCategory(name);
    categories.set(name, set);
  }
  return set;
}

function blockOf(name: string): CharacterSet | undefined {
  const block = blocks.split(' ').find((entry) => entry.startsWith(`${name.slice(2)}:`));
  const ends = block?.slice(block.indexOf(':') + 1).split('-');
  return ends === undefined ? undefined : [Number.parseInt(ends[0]!, 16), Number.parseInt(ends[1]!, 16)];
}

/** The runs of a category, found by searching one string of all code points: some milliseconds, once per category. */
function scanCategory(name: string): CharacterSet {
  const run = new RegExp(`\\p{${name}}+`, 'gu');
  const ranges: [number, number][] = [];
  for (let chunk = 0; chunk <= lastCodePoint; chunk += 0x10000) {
    // Planes 4 to 13 have no assigned character: one run or none.
    const text = chunk === 0 ? plane(0, 0xd7ff) + plane(0xe000, 0xffff) : plane(chunk, chunk + 0xffff);
    for (const match of text.matchAll(run)) {
      const first = match[0].codePointAt(0)!;
      const tail = match[0].charCodeAt(match[0].length - 1);
      const last = match[0].codePointAt(match[0].length - (tail >= 0xdc00 && tail <= 0xdfff ? 2 : 1))!;
      if (first < 0xd800 && last > 0xdfff) ranges.push([first, 0xd7ff], [0xe000, last]);
      else ranges.push([first, last]);
    }
  }
  return characterSet(ranges);
}

function plane(first: number, last: number): string {
  const parts: string[] = [];
  for (let start = first; start <= last; start += 0x1000) {
    const length = Math.min(0x1000, last - start + 1);
    parts.push(String.fromCodePoint(...Array.from({ length }, (_, index) => start + index)));
  }
  return parts.join('');
}

/** XML 1.0 (fifth edition) 2.3, NameStartChar with the colon. */
const nameStart = characterSet([
  [0x3a, 0x3a], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a], [0xc0, 0xd6], [0xd8, 0xf6], [0xf8, 0x2ff], [0x370, 0x37d],
  [0x37f, 0x1fff], [0x200c, 0x200d], [0x2070, 0x218f], [0x2c00, 0x2fef], [0x3001, 0xd7ff], [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd], [0x10000, 0xeffff],
]); // biome-ignore format: pairs

const classes: Readonly<Record<string, () => CharacterSet>> = {
  s: () => characterSet([[0x09, 0x0a], [0x0d, 0x0d], [0x20, 0x20]]), // biome-ignore format: pairs
  i: () => nameStart,
  c: () => union(nameStart, characterSet([[0x2d, 0x2e], [0x30, 0x39], [0xb7, 0xb7], [0x300, 0x36f], [0x203f, 0x2040]])), // biome-ignore format: pairs
  d: () => property('Nd'),
  w: () => complement(union(property('P'), property('Z'), property('C'))),
};

/** A memo of what Unicode says; the same for everybody. */
const categories = new Map<string, CharacterSet>();

/** The blocks that XML Schema part 2 names (G.4.2.4), as of Unicode 3.1 and later extensions. */
const blocks =
  'BasicLatin:0-7F Latin-1Supplement:80-FF LatinExtended-A:100-17F LatinExtended-B:180-24F IPAExtensions:250-2AF ' +
  'SpacingModifierLetters:2B0-2FF CombiningDiacriticalMarks:300-36F Greek:370-3FF GreekandCoptic:370-3FF Cyrillic:400-4FF ' +
  'CyrillicSupplement:500-52F Armenian:530-58F Hebrew:590-5FF Arabic:600-6FF Syriac:700-74F ArabicSupplement:750-77F ' +
  'Thaana:780-7BF Devanagari:900-97F Bengali:980-9FF Gurmukhi:A00-A7F Gujarati:A80-AFF Oriya:B00-B7F Tamil:B80-BFF ' +
  'Telugu:C00-C7F Kannada:C80-CFF Malayalam:D00-D7F Sinhala:D80-DFF Thai:E00-E7F Lao:E80-EFF Tibetan:F00-FFF ' +
  'Myanmar:1000-109F Georgian:10A0-10FF HangulJamo:1100-11FF Ethiopic:1200-137F Cherokee:13A0-13FF ' +
  'UnifiedCanadianAboriginalSyllabics:1400-167F Ogham:1680-169F Runic:16A0-16FF Khmer:1780-17FF Mongolian:1800-18AF ' +
  'LatinExtendedAdditional:1E00-1EFF GreekExtended:1F00-1FFF GeneralPunctuation:2000-206F ' +
  'SuperscriptsandSubscripts:2070-209F CurrencySymbols:20A0-20CF CombiningMarksforSymbols:20D0-20FF ' +
  'CombiningDiacriticalMarksforSymbols:20D0-20FF LetterlikeSymbols:2100-214F NumberForms:2150-218F Arrows:2190-21FF ' +
  'MathematicalOperators:2200-22FF MiscellaneousTechnical:2300-23FF ControlPictures:2400-243F ' +
  'OpticalCharacterRecognition:2440-245F EnclosedAlphanumerics:2460-24FF BoxDrawing:2500-257F BlockElements:2580-259F ' +
  'GeometricShapes:25A0-25FF MiscellaneousSymbols:2600-26FF Dingbats:2700-27BF BraillePatterns:2800-28FF ' +
  'CJKRadicalsSupplement:2E80-2EFF KangxiRadicals:2F00-2FDF IdeographicDescriptionCharacters:2FF0-2FFF ' +
  'CJKSymbolsandPunctuation:3000-303F Hiragana:3040-309F Katakana:30A0-30FF Bopomofo:3100-312F ' +
  'HangulCompatibilityJamo:3130-318F Kanbun:3190-319F BopomofoExtended:31A0-31BF EnclosedCJKLettersandMonths:3200-32FF ' +
  'CJKCompatibility:3300-33FF CJKUnifiedIdeographsExtensionA:3400-4DBF CJKUnifiedIdeographs:4E00-9FFF YiSyllables:A000-A48F ' +
  'YiRadicals:A490-A4CF HangulSyllables:AC00-D7A3 PrivateUse:E000-F8FF PrivateUseArea:E000-F8FF ' +
  'CJKCompatibilityIdeographs:F900-FAFF AlphabeticPresentationForms:FB00-FB4F ArabicPresentationForms-A:FB50-FDFF ' +
  'CombiningHalfMarks:FE20-FE2F CJKCompatibilityForms:FE30-FE4F SmallFormVariants:FE50-FE6F ' +
  'ArabicPresentationForms-B:FE70-FEFF HalfwidthandFullwidthForms:FF00-FFEF Specials:FFF0-FFFF OldItalic:10300-1032F ' +
  'Gothic:10330-1034F Deseret:10400-1044F ByzantineMusicalSymbols:1D000-1D0FF MusicalSymbols:1D100-1D1FF ' +
  'MathematicalAlphanumericSymbols:1D400-1D7FF CJKUnifiedIdeographsExtensionB:20000-2A6DF ' +
  'CJKCompatibilityIdeographsSupplement:2F800-2FA1F Tags:E0000-E007F';
