/** Disagreements of verdict that the text of the RFCs decides, each with the section. */
import type { Trial } from './oracle.js';

/** Why the verdicts differ, or undefined where that is not known. */
export function explain(trial: Trial): string | undefined {
  return explanations.find(({ applies }) => applies(trial))?.reason;
}

const explanations: readonly { readonly reason: string; applies(trial: Trial): boolean }[] = [
  {
    reason:
      'RFC 8341 5: node-instance-identifier is xpath1.0 by its type; that it is a path is said in its description (RFC 7950 7.21.3), which libyang enforces by code of its own',
    applies: ({ ours, theirs }) => ours.isValid && /rule.*\/path"/u.test(theirs?.messages[0] ?? ''),
  },
  {
    reason:
      'RFC 7950 3: a container exists in at most one instance; of two without presence libyang drops one that is empty before it looks',
    applies: ({ ours, theirs }) =>
      theirs?.isValid === true &&
      ours.messages.every((each) => /: container '.*' is given more than once$/u.test(each)),
  },
  {
    reason:
      'RFC 4648 3.1 lets a specification that refers to it allow line feeds, XML Schema does, and tools print base64 folded: libyang takes no fold but at 64 characters',
    // A message ends here where the value that it tells has a line feed.
    applies: ({ ours, theirs }) =>
      ours.isValid &&
      /Invalid Base64 character 0x[ad]|Invalid union value "[A-Za-z0-9+/]+$/u.test(theirs?.messages[0] ?? ''),
  },
  {
    reason: 'RFC 7950 9.3.1: a decimal64 has digits; libyang takes a sign alone',
    applies: ({ ours, theirs, document }) =>
      theirs?.isValid === true &&
      ours.messages.every((each) => /: expected a decimal number$/u.test(each) || isSignAlone(each, document)),
  },
];

/** A union of which a member is decimal64. */
function isSignAlone(message: string, document: string): boolean {
  const leaf = /([^/:]+): value fits none of the member types$/u.exec(message)?.[1];
  return leaf !== undefined && document.includes(`<${leaf}>-</${leaf}>`);
}
