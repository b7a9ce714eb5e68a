/** Conditions of the datastore that somebody should know of, each told when it begins, changes and is over. */

export type TroubleKind =
  /** The disk does not take the journal: commits are refused. Over with the next commit that is on disk, or when there is room for one. */
  | 'journal-write-failed'
  /** A start found the end of a write that never was acknowledged, and cut it off. Over with a start that finds none. */
  | 'journal-torn'
  /** The journal grows beyond what is kept. Over when it could be made shorter. */
  | 'journal-compaction-failed'
  /** A start could not make running what is in the startup datastore. Over with a start that can. */
  | 'startup-not-loaded'
  /** What a handler stands for is not what running says, at `place`. Over when that is applied. */
  | 'apply-failed';

export interface Trouble {
  readonly kind: TroubleKind;
  /** The instance that a handler owns, as an instance-identifier; '' for the store as a whole. */
  readonly place: string;
  /** Never a secret. */
  readonly text: string;
}

/** Called in the middle of a commit or of a start: quick, and it does not throw. */
export type TroubleListener = (trouble: Trouble, isOver: boolean) => void;

export class Troubles {
  readonly #listener: TroubleListener;
  readonly #standing = new Map<string, Trouble>();

  constructor(listener: TroubleListener = () => undefined) {
    this.#listener = listener;
  }

  stands(trouble: Trouble): void {
    const key = keyOf(trouble.kind, trouble.place);
    if (this.#standing.get(key)?.text === trouble.text) return;
    this.#standing.set(key, trouble);
    this.#listener(trouble, false);
  }

  isOver(kind: TroubleKind, place = ''): void {
    const key = keyOf(kind, place);
    const known = this.#standing.get(key);
    if (known === undefined) return;
    this.#standing.delete(key);
    this.#listener(known, true);
  }
}

function keyOf(kind: TroubleKind, place: string): string {
  return `${kind} ${place}`;
}
