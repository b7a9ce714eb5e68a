/**
 * Informs (RFC 3416 section 4.2.7): notifications that are sent until the receiver answers, or the tries of its target are used up
 * (RFC 3413 section 3.3). Of a v3 message the receiver's engine is the authoritative one (RFC 3414 section 1.5.1): its ID, boots
 * and time are found out (section 4), and the keys are those that the user has at that engine.
 */
import { randomInt } from 'node:crypto';
import type { Log } from '../../datastore/index.js';
import { contains, networkOf } from './addresses.js';
import { BerReader, BerWriter, encodeOid, malformed, tag } from './ber.js';
import { type Counters, reportOids } from './counters.js';
import { errorStatus } from './errors.js';
import {
  beginPdu,
  endPdu,
  field,
  type HeaderData,
  type Pdu,
  readHeaderData,
  readPdu,
  readScopedPdu,
  versionNumber,
} from './message.js';
import type { InformTarget } from './notification-target.js';
import { ReceiverEngines } from './receiver-engines.js';
import type { Peer } from './responder.js';
import {
  digestMatchesOf,
  nobody,
  openScopedPdu,
  type Principal,
  preparePrincipal,
  readParameters,
  type UsmEngine,
  type UsmUser,
  writeMessage,
} from './usm.js';

/** Users of other engines, with the keys that they have there. */
export interface RemoteUserSource {
  user(engineId: Buffer, name: string): UsmUser | undefined;
}

export interface InformsParts {
  readonly usm: Pick<UsmEngine, 'state' | 'salt'>;
  readonly users: RemoteUserSource;
  readonly counters: Counters;
  readonly log: Log;
  /** Monotonic milliseconds. */
  now(): number;
  send(message: Buffer, target: InformTarget): void;
}

/** Informs that wait for one receiver; of more at once the rest is not sent. */
const maxWaiting = 256;
/** How often one try is sent anew because the receiver told its engine ID or time. */
const maxCorrections = 4;
const longestTimer = 2 ** 31 - 1;

interface Waiting {
  readonly target: InformTarget;
  readonly requestId: number;
  /** The PDU, as octets. */
  readonly pdu: Buffer;
  tries: number;
  corrections: number;
  /** msgID of what was sent last; v3 only. */
  msgId: number;
  /** What the receiver last had against it. */
  problem: string;
  timer: NodeJS.Timeout | undefined;
}

export class Informs {
  readonly #parts: InformsParts;
  readonly #writer = new BerWriter();
  readonly #engines = new ReceiverEngines();
  readonly #waiting = new Set<Waiting>();
  readonly #crowded = new Set<string>();

  constructor(parts: InformsParts) {
    this.#parts = parts;
  }

  /** Sends the PDU, of which `requestId` is the request-id, until it is answered. Never throws. */
  send(target: InformTarget, requestId: number, pdu: Buffer): void {
    const place = placeOf(target);
    const crowd = [...this.#waiting].filter((each) => placeOf(each.target) === place).length;
    if (crowd >= maxWaiting) {
      this.#parts.counters.informsUnacknowledged += 1;
      if (!this.#crowded.has(place)) this.#tell('too many informs wait for a receiver; more are not sent', target, '');
      this.#crowded.add(place);
      return;
    }
    this.#crowded.delete(place);
    const waiting: Waiting = {
      target,
      requestId,
      pdu,
      tries: 0,
      corrections: 0,
      msgId: 0,
      problem: 'no answer',
      timer: undefined,
    };
    this.#waiting.add(waiting);
    this.#try(waiting);
  }

  /** Takes what a receiver answers; anything else is left alone. Never throws. */
  receive(message: Buffer, peer: Peer): void {
    if (this.#waiting.size === 0) return;
    try {
      this.#receive(message, peer);
    } catch (error) {
      if (error !== malformed)
        this.#parts.log('error', 'the answer to an inform was not read', { cause: String(error) });
    }
  }

  close(): void {
    for (const { timer } of this.#waiting) clearTimeout(timer);
    this.#waiting.clear();
  }

  #try(waiting: Waiting): void {
    const { timeout, retries } = waiting.target.inform;
    if (waiting.tries > retries) {
      this.#giveUp(waiting);
      return;
    }
    waiting.tries += 1;
    waiting.corrections = 0;
    waiting.timer = setTimeout(() => this.#try(waiting), Math.min(timeout, longestTimer)).unref();
    this.#transmit(waiting);
  }

  #transmit(waiting: Waiting): void {
    try {
      if (!this.#write(waiting)) return;
      const { buffer, position } = this.#writer;
      this.#parts.send(Buffer.from(buffer.subarray(0, position)), waiting.target);
    } catch (error) {
      waiting.problem = String(error);
    }
  }

  /** False where it cannot be sent, and why in `problem`. */
  #write(waiting: Waiting): boolean {
    const { target, pdu } = waiting;
    const writer = this.#writer;
    if (target.version === 'v2c') {
      writer.reset();
      const message = writer.begin(tag.sequence);
      writer.integer(versionNumber.v2c);
      writer.octets(Buffer.from(target.community));
      writer.raw(pdu);
      writer.end(message);
      return true;
    }
    waiting.msgId = randomInt(1, 2 ** 31 - 1);
    const engine = this.#engines.get(placeOf(target), this.#parts.now());
    if (engine === undefined) {
      this.#writeDiscovery(waiting);
      return true;
    }
    const principal = this.#principal(target, engine.engineId);
    if (typeof principal === 'string') {
      waiting.problem = principal;
      return false;
    }
    const { state } = this.#parts.usm;
    writeMessage(writer, {
      authority: engine,
      contextEngineId: state.engineId,
      contextName: noOctets,
      msgId: waiting.msgId,
      level: target.level,
      reportable: true,
      principal,
      salt: target.level === 'authPriv' ? this.#parts.usm.salt(principal.privProtocol) : noOctets,
      writePdu: () => {
        writer.raw(pdu);
        return true;
      },
    });
    if (!writer.overflow && writer.position <= engine.maxSize) return true;
    waiting.problem = `the receiver takes messages of ${String(engine.maxSize)} octets at most`;
    return false;
  }

  /** RFC 3414 section 4: a request without user and engine ID, which is answered by a Report that has them. */
  #writeDiscovery({ msgId, requestId }: Waiting): void {
    const writer = this.#writer;
    writeMessage(writer, {
      authority: { engineId: noOctets, boots: 0, time: 0 },
      contextEngineId: noOctets,
      contextName: noOctets,
      msgId,
      level: 'noAuthNoPriv',
      reportable: true,
      principal: nobody,
      salt: noOctets,
      writePdu: () => {
        endPdu(writer, beginPdu(writer, tag.get, requestId, 'noError', 0));
        return true;
      },
    });
  }

  /** Who sends to that engine, or why nobody can. */
  #principal({ user: name, level }: InformTarget & { readonly version: 'v3' }, engineId: Buffer): Principal | string {
    if (level === 'noAuthNoPriv') return { ...nobody, name };
    const user = this.#parts.users.user(engineId, name);
    const at = `at engine ${engineId.toString('hex').replace(/..(?!$)/gu, '$&:')}`;
    if (user?.authKey === undefined) return `user ${name} has no authentication key ${at} (usm/remote)`;
    if (level === 'authPriv' && user.privKey === undefined) return `user ${name} has no privacy key ${at} (usm/remote)`;
    return preparePrincipal(name, user);
  }

  #receive(message: Buffer, peer: Peer): void {
    const reader = new BerReader(message);
    reader.enter(tag.sequence);
    if (reader.end !== message.length) throw malformed;
    const version = reader.integer();
    if (version === versionNumber.v2c) {
      reader.octets();
      const pdu = readPdu(reader);
      const waiting = this.#find(peer, (each) => each.target.version === 'v2c' && each.requestId === pdu.requestId);
      if (waiting !== undefined) this.#answered(waiting, pdu);
      return;
    }
    if (version !== versionNumber.v3) return;
    const header = readHeaderData(reader);
    const waiting = this.#find(peer, (each) => each.target.version === 'v3' && each.msgId === header.msgId);
    if (waiting === undefined || header.securityModel !== 3) return;
    if (header.authenticated) this.#authentic(waiting, message, reader, header);
    else if (!header.encrypted) this.#plain(waiting, reader, header);
  }

  /** Without authentication come the Reports of RFC 3414 section 3.2, and the answers to what was sent without. */
  #plain(waiting: Waiting, reader: BerReader, header: HeaderData): void {
    const { target } = waiting;
    if (target.version !== 'v3') return;
    const { engineId, boots, time } = readParameters(reader);
    const { pdu } = readScopedPdu(reader, false);
    if (pdu.type !== tag.report) {
      if (target.level === 'noAuthNoPriv') this.#answered(waiting, pdu);
      return;
    }
    const reason = reportOf(pdu);
    if (reason !== 'usmStatsUnknownEngineIDs') {
      // whoever sees the message could have made it up, so the tries go on
      waiting.problem = `the receiver reports ${reason}`;
      return;
    }
    if (engineId.length < 5 || engineId.length > 32) return;
    this.#engines.learn(placeOf(target), { engineId, boots, time, maxSize: header.maxSize }, this.#parts.now());
    this.#correct(waiting);
  }

  /** RFC 3414 section 3.2 steps 6 to 8, for the side that is not authoritative. */
  #authentic(waiting: Waiting, message: Buffer, reader: BerReader, header: HeaderData): void {
    const { target } = waiting;
    const place = placeOf(target);
    const engine = this.#engines.get(place, this.#parts.now());
    const parameters = readParameters(reader);
    if (target.version !== 'v3' || engine === undefined || !engine.engineId.equals(parameters.engineId)) return;
    const principal = this.#principal(target, engine.engineId);
    if (typeof principal === 'string' || target.level === 'noAuthNoPriv') return;
    if (!digestMatchesOf(principal, message, parameters)) {
      waiting.problem = 'the answer has a wrong digest';
      return;
    }
    if (!this.#engines.hear(place, parameters, this.#parts.now())) return;
    const scoped = header.encrypted ? openScopedPdu(principal, parameters, reader.octets()) : reader;
    if (scoped === undefined) return;
    const { pdu } = readScopedPdu(scoped, header.encrypted);
    if (pdu.type === tag.report) {
      const reason = reportOf(pdu);
      waiting.problem = `the receiver reports ${reason}`;
      if (reason === 'usmStatsNotInTimeWindows') this.#correct(waiting);
    } else if (header.encrypted === (target.level === 'authPriv')) {
      this.#answered(waiting, pdu);
    }
  }

  /** Sends the try again at once: what it was made of has turned out wrong. */
  #correct(waiting: Waiting): void {
    if (waiting.corrections >= maxCorrections) return;
    waiting.corrections += 1;
    this.#transmit(waiting);
  }

  #answered(waiting: Waiting, pdu: Pdu): void {
    if (pdu.type !== tag.response || pdu.requestId !== waiting.requestId) return;
    if (pdu.first !== errorStatus.noError) {
      waiting.problem = `the receiver answers with error-status ${String(pdu.first)}`;
      this.#giveUp(waiting);
      return;
    }
    this.#forget(waiting);
    this.#parts.counters.informsAcknowledged += 1;
  }

  #giveUp(waiting: Waiting): void {
    this.#forget(waiting);
    this.#parts.counters.informsUnacknowledged += 1;
    this.#tell('an inform was not acknowledged', waiting.target, waiting.problem);
  }

  #forget(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  #find({ address, port }: Peer, isIt: (waiting: Waiting) => boolean): Waiting | undefined {
    for (const waiting of this.#waiting) {
      const { target } = waiting;
      if (target.port === port && isIt(waiting) && contains(networkOf(target.address), address)) return waiting;
    }
    return undefined;
  }

  #tell(message: string, { address, port }: InformTarget, reason: string): void {
    this.#parts.log('warning', message, { target: address, port: String(port), ...(reason === '' ? {} : { reason }) });
  }
}

/** The name of the counter that a Report carries. */
function reportOf(pdu: Pdu): string {
  if (pdu.count === 0) return 'nothing';
  const name = pdu.buffer.subarray(pdu.varbinds[field.nameStart], pdu.varbinds[field.nameEnd]);
  return Object.entries(reportOids).find(([, oid]) => encodeOid(oid).equals(name))?.[0] ?? 'something else';
}

function placeOf({ address, port }: InformTarget): string {
  return `${address} ${String(port)}`;
}

const noOctets = Buffer.alloc(0);
