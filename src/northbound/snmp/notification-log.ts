/**
 * The notifications that this engine has told (RFC 3014), for stations that missed them: in memory, so many at most and none older than
 * the configuration says. All are kept, whether a target was there to take them or not.
 */
import type { Session } from '../../datastore/index.js';
import { InstanceIdentifier } from '../../yang/index.js';
import { BerWriter, decodeOid, maxSubIdentifiers, signedAt, tag, unsigned64At, unsignedAt } from './ber.js';

export interface LoggedNotification {
  /** nlmLogIndex: counts from 1, and wraps. */
  readonly index: number;
  /** sysUpTime then: hundredths of a second. */
  readonly upTime: number;
  readonly at: Date;
  readonly notification: string;
  readonly variables: readonly LoggedVariable[];
}

/** Octets in base64; a number beyond 32 bits as text. */
export interface LoggedVariable {
  readonly oid: string;
  readonly type: VariableType;
  readonly value: number | string;
}

/** As nlmLogVariableValueType calls them. */
export type VariableType =
  | 'counter32'
  | 'unsigned32'
  | 'timeTicks'
  | 'integer32'
  | 'ipAddress'
  | 'octetString'
  | 'objectId'
  | 'counter64'
  | 'opaque';

interface Varbind {
  readonly oid: Buffer;
  write(writer: BerWriter): void;
}

const containerName = 'signet-notification-log-mib:NOTIFICATION-LOG-MIB';
/** Of RFC 3014, but for the first, where 0 would be no limit. */
const defaults = { nlmConfigGlobalEntryLimit: 1000, nlmConfigGlobalAgeOut: 1440 } as const;

export class NotificationLog {
  readonly #session: Session;
  /** Milliseconds since the epoch. */
  readonly #now: () => number;
  /** By index, the oldest first. */
  readonly #entries = new Map<number, LoggedNotification>();
  readonly #writer = new BerWriter();
  #last = 0;
  /** Counter32: notifications put into the log, and those that made room before their time. */
  logged = 0;
  bumped = 0;

  /** `session` sees everything. */
  constructor(session: Session, now: () => number) {
    this.#session = session;
    this.#now = now;
  }

  add(notification: readonly number[], varbinds: readonly Varbind[], upTime: number): void {
    this.#ageOut();
    const limit = this.#limit('nlmConfigGlobalEntryLimit');
    while (this.#entries.size >= limit) {
      const [oldest] = this.#entries.keys();
      this.#entries.delete(oldest!);
      this.bumped = (this.bumped + 1) >>> 0;
    }
    this.#last = (this.#last % 0xffffffff) + 1;
    this.logged = (this.logged + 1) >>> 0;
    this.#entries.set(this.#last, {
      index: this.#last,
      upTime,
      at: new Date(this.#now()),
      notification: notification.join('.'),
      variables: varbinds.map((varbind) => this.#variable(varbind)),
    });
  }

  entries(): readonly LoggedNotification[] {
    this.#ageOut();
    return [...this.#entries.values()];
  }

  entry(index: number): LoggedNotification | undefined {
    this.#ageOut();
    return this.#entries.get(index);
  }

  /** 0 minutes: none grows too old. */
  #ageOut(): void {
    const minutes = this.#limit('nlmConfigGlobalAgeOut');
    if (minutes === 0) return;
    const oldest = this.#now() - minutes * 60_000;
    for (const [index, { at }] of this.#entries) {
      if (at.getTime() >= oldest) break;
      this.#entries.delete(index);
    }
  }

  #limit(name: keyof typeof defaults): number {
    const container = this.#session.schema.root.byQualifiedName.get(containerName);
    const leaf = container?.kind === 'container' ? container.byName.get(name)?.[0] : undefined;
    if (container === undefined || leaf === undefined) return defaults[name];
    return Number(this.#session.leaf(InstanceIdentifier.root.child(container).child(leaf)) ?? defaults[name]);
  }

  #variable({ oid, write }: Varbind): LoggedVariable {
    const writer = this.#writer;
    writer.reset();
    write(writer);
    const octets = Buffer.from(writer.buffer.subarray(0, writer.position));
    const long = octets[1]! < 0x80 ? 0 : octets[1]! - 0x80;
    return { oid: dotted(oid, 0, oid.length), ...typedValue(octets[0]!, octets, 2 + long, octets.length) };
  }
}

function typedValue(type: number, octets: Buffer, start: number, end: number): Omit<LoggedVariable, 'oid'> {
  switch (type) {
    case tag.integer:
      return { type: 'integer32', value: signedAt(octets, start, end) };
    case tag.counter32:
      return { type: 'counter32', value: unsignedAt(octets, start, end) ?? 0 };
    case tag.unsigned32:
      return { type: 'unsigned32', value: unsignedAt(octets, start, end) ?? 0 };
    case tag.timeTicks:
      return { type: 'timeTicks', value: unsignedAt(octets, start, end) ?? 0 };
    case tag.counter64:
      return { type: 'counter64', value: String(unsigned64At(octets, start, end) ?? 0) };
    case tag.objectIdentifier:
      return { type: 'objectId', value: dotted(octets, start, end) };
    default: {
      const name = type === tag.ipAddress ? 'ipAddress' : type === tag.octetString ? 'octetString' : 'opaque';
      return { type: name, value: octets.toString('base64', start, end) };
    }
  }
}

function dotted(octets: Buffer, start: number, end: number): string {
  const arcs = new Uint32Array(maxSubIdentifiers);
  return arcs.subarray(0, decodeOid(octets, start, end, arcs)).join('.');
}
