/**
 * The command responder (RFC 3413 section 3.2): one datagram in, at most one answer out. Whatever a datagram holds, nothing is thrown.
 */
import { createHash } from 'node:crypto';
import type { Log, Origin, Session } from '../../datastore/index.js';
import type { AccessControl, Requester } from './access-control.js';
import { BerReader, BerWriter, malformed, maxDatagram, tag } from './ber.js';
import type { CommunitySource } from './community.js';
import type { Counters, ReportName } from './counters.js';
import { type ErrorStatusName, statusOfVersion1 } from './errors.js';
import {
  beginPdu,
  echoVarbinds,
  endPdu,
  field,
  type HeaderData,
  isConfirmed,
  type Pdu,
  readHeaderData,
  readPdu,
  readScopedPdu,
  type ScopedPdu,
  type Version,
  versionNumber,
} from './message.js';
import type { ObjectTable } from './objects.js';
import { type Outcome, type Reader, Retrieval } from './retrieval.js';
import type { SetOutcome, Setter } from './set.js';
import { Unready } from './sliced.js';
import type { Principal, SecurityLevel, UsmEngine } from './usm.js';
import { highestLevel } from './vacm.js';
import { type View, visibility } from './views.js';

export interface Peer {
  readonly address: string;
  readonly port: number;
}

export interface ResponderParts {
  readonly usm: UsmEngine;
  readonly objects: ObjectTable;
  readonly access: AccessControl;
  readonly setter: Setter;
  readonly counters: Counters;
  readonly communities: CommunitySource;
  openSession(origin: Origin): Session;
  /** A message came with a community that is none, or from where it may not come. */
  authenticationFailed(): void;
  readonly log: Log;
  /** Monotonic milliseconds. */
  now(): number;
}

type Reply = (message: Buffer) => void;

/** Writes one message around a PDU; false from `writePdu` comes back. */
type Envelope = (writePdu: (writer: BerWriter) => boolean) => boolean;

/** One request that may be answered. */
interface Request {
  readonly version: Version;
  readonly pdu: Pdu;
  readonly limit: number;
  readonly session: Session;
  /** Keys by which a SET that is sent again is known; of one that changes nothing there are none. */
  readonly duplicates: readonly string[];
  readonly envelope: Envelope;
  readonly reply: Reply;
}

/** Varbinds and milliseconds that one GETBULK may take. */
const bulkVarbinds = 1000;
const bulkSlice = 5;
/** How long a SET may take, and how long its answer is remembered: milliseconds. */
const setDeadline = 30_000;
const setMemory = 60_000;
const maxRemembered = 4096;
const maxRunning = 256;
const busy: SetOutcome = { status: 'resourceUnavailable', index: 0 };
const maxSessions = 64;
/** Requests at a time that wait for rows to be read, and for how many lists one of them may. */
const maxHeld = 256;
const maxWaited = 16;
const nothing: readonly object[] = [];
const noContext = Buffer.alloc(0);

export class Responder {
  readonly #parts: ResponderParts;
  readonly #retrieval: Retrieval;
  readonly #writer = new BerWriter();
  readonly #sessions = new Map<string, Session>();
  #running = 0;
  #held = 0;
  readonly #answered = new Map<string, { readonly outcome: Promise<SetOutcome>; readonly until: number }>();

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    this.#retrieval = new Retrieval(parts.objects);
  }

  /** Calls `reply` once, at once or later, or never. Never throws. */
  handle(message: Buffer, peer: Peer, reply: Reply): void {
    const { counters, log } = this.#parts;
    counters.count('snmpInPkts');
    try {
      this.#message(message, peer, reply);
    } catch (error) {
      if (error === malformed) {
        counters.count('snmpInASNParseErrs');
        return;
      }
      counters.count('internalErrors');
      log('error', 'an SNMP request failed', { cause: String(error) });
    }
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  #message(message: Buffer, peer: Peer, reply: Reply): void {
    const reader = new BerReader(message);
    reader.enter(tag.sequence);
    if (reader.end !== message.length) throw malformed;
    const version = reader.integer();
    if (version === versionNumber.v1 || version === versionNumber.v2c) {
      this.#community(reader, version === versionNumber.v1 ? 'v1' : 'v2c', peer, reply);
    } else if (version === versionNumber.v3) {
      this.#version3(message, reader, peer, reply);
    } else {
      this.#parts.counters.count('snmpInBadVersions');
    }
  }

  /** RFC 1901 messages, and RFC 1157's. */
  #community(reader: BerReader, version: 'v1' | 'v2c', peer: Peer, reply: Reply): void {
    const { counters, communities } = this.#parts;
    const name = reader.octets();
    const pdu = readPdu(reader);
    if (!reader.atEnd) throw malformed;
    const community = communities.community(name, peer.address);
    if (community === undefined) {
      counters.count('snmpInBadCommunityNames');
      this.#parts.authenticationFailed();
      return;
    }
    if (!isTaken(pdu.type, version)) {
      counters.count('snmpUnknownPDUHandlers');
      return;
    }
    if (version === 'v1' && hasCounter64(pdu)) return;
    if (community.context !== '') {
      // the only context is the default one; without v3 there is no Report to say so
      counters.count('snmpUnknownContexts');
      return;
    }
    const { securityName } = community;
    const level = 'noAuthNoPriv';
    const request: Request = {
      version,
      pdu,
      limit: maxDatagram,
      session: this.#session(securityName, peer),
      duplicates: pdu.type === tag.set ? [sentBy(`${version} ${name.toString('latin1')}`, pdu, level, peer)] : [],
      envelope: (writePdu) => this.#writeCommunityMessage(version, name, writePdu),
      reply,
    };
    this.#authorize(request, { model: version, securityName, level, highest: level });
  }

  #version3(message: Buffer, reader: BerReader, peer: Peer, reply: Reply): void {
    const { counters, usm } = this.#parts;
    const header = readHeaderData(reader);
    if (header.securityModel !== 3) {
      counters.count('snmpUnknownSecurityModels');
      return;
    }
    if (header.encrypted && !header.authenticated) {
      counters.count('snmpInvalidMsgs');
      return;
    }
    const incoming = usm.receive(message, reader, header);
    if (incoming.kind === 'dropped') return;
    if (incoming.kind === 'report') {
      const { report, level, principal } = incoming;
      this.#report(header, readablePdu(header, reader), report, level, principal, reply);
      return;
    }
    const { principal, level } = incoming;
    const scoped = this.#scopedPdu(incoming.scopedPdu, header);
    if (scoped === undefined) return;
    const { pdu, contextEngineId, contextName } = scoped;
    const failure = this.#unknownContext(contextEngineId, contextName, pdu);
    if (failure !== undefined) {
      counters.count(failure);
      this.#report(header, pdu, failure, level, principal, reply);
      return;
    }
    if (!isTaken(pdu.type, 'v3')) return;
    const request: Request = {
      version: 'v3',
      pdu,
      limit: Math.min(maxDatagram, header.maxSize),
      session: this.#session(principal.name, peer),
      duplicates: pdu.type === tag.set ? duplicatesOf(message, pdu, level, peer, principal) : [],
      envelope: (writePdu) => usm.write(this.#writer, header.msgId, level, principal, noContext, writePdu),
      reply,
    };
    const highest = highestLevel(principal);
    this.#authorize(request, { model: 'usm', securityName: principal.name, level, highest });
  }

  /** RFC 3413 section 3.2 step 5: with no view at all there is no access. */
  #authorize(request: Request, requester: Requester): void {
    const isSet = request.pdu.type === tag.set;
    const view = this.#parts.access.view(requester, isSet ? 'write' : 'read');
    if (isSet && requester.model !== 'usm' && !view?.leaves.some((leaf) => leaf !== visibility.hidden))
      this.#parts.counters.count('snmpInBadCommunityUses');
    if (view === undefined) this.#fail(request, 'authorizationError', 0);
    else if (isSet) this.#set(request, view);
    else this.#answer(request, { session: request.session, view, isVersion1: request.version === 'v1' });
  }

  /** RFC 3412 section 6.8; what was decrypted may have padding behind it. Undefined where a wrong key made octets of no meaning. */
  #scopedPdu(reader: BerReader, header: HeaderData): ScopedPdu | undefined {
    try {
      return readScopedPdu(reader, header.encrypted);
    } catch (error) {
      if (error !== malformed || !header.encrypted) throw error;
      this.#parts.counters.count('usmStatsDecryptionErrors');
      return undefined;
    }
  }

  #unknownContext(contextEngineId: Buffer, contextName: Buffer, pdu: Pdu): ReportName | undefined {
    if (!contextEngineId.equals(this.#parts.usm.state.engineId) || !isTaken(pdu.type, 'v3'))
      return 'snmpUnknownPDUHandlers';
    return contextName.length === 0 ? undefined : 'snmpUnknownContexts';
  }

  /** RFC 3412 section 7.1.3 step 3: only for what can be answered. */
  #report(
    header: HeaderData,
    pdu: Pdu | undefined,
    report: ReportName,
    level: SecurityLevel,
    principal: Principal,
    reply: Reply,
  ): void {
    if (!header.reportable || (pdu !== undefined && !isConfirmed(pdu.type))) return;
    this.#parts.usm.writeReport(this.#writer, header.msgId, report, level, principal, pdu?.requestId ?? 0);
    this.#send(reply);
  }

  /** `waited`: what the request has waited for already. */
  #answer(request: Request, reader: Reader, waited: readonly object[] = nothing): void {
    let outcome: Outcome = { kind: 'complete' };
    const answer = () =>
      request.envelope((writer) => {
        const marks = beginPdu(writer, tag.response, request.pdu.requestId, 'noError', 0);
        outcome = this.#retrieve(request, reader, writer);
        endPdu(writer, marks);
        return true;
      });
    try {
      if (waited === nothing) answer();
      else this.#parts.objects.afterWaiting(new Set(waited), answer);
    } catch (error) {
      if (error instanceof Unready && this.#held < maxHeld && waited.length < maxWaited) {
        this.#hold(error.ready, () => this.#answer(request, reader, [...waited, error.source]));
        return;
      }
      this.#parts.log('error', 'an SNMP read failed', { cause: String(error) });
      this.#fail(request, 'genErr', this.#retrieval.current);
      return;
    }
    this.#finish(request, outcome);
  }

  /** The answer comes when what it needs is read; nobody else waits for that. */
  #hold(ready: Promise<void>, answer: () => void): void {
    this.#held += 1;
    ready
      .catch((error: unknown) => this.#parts.log('error', 'rows could not be read for SNMP', { cause: String(error) }))
      .then(() => {
        this.#held -= 1;
        answer();
      })
      .catch((error: unknown) => this.#parts.log('error', 'an SNMP answer failed', { cause: String(error) }));
  }

  #retrieve({ pdu, limit }: Request, reader: Reader, writer: BerWriter): Outcome {
    const retrieval = this.#retrieval;
    if (pdu.type === tag.get) return retrieval.get(reader, pdu, writer, limit);
    if (pdu.type === tag.getNext) return retrieval.getNext(reader, pdu, writer, limit);
    return retrieval.getBulk(reader, pdu, writer, limit, {
      varbinds: bulkVarbinds,
      slice: bulkSlice,
      now: this.#parts.now,
    });
  }

  #finish(request: Request, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'complete':
        this.#send(request.reply);
        return;
      case 'full':
        this.#fail(request, 'tooBig', 0);
        return;
      case 'noSuchName':
        this.#fail(request, 'noSuchName', outcome.index);
    }
  }

  #set(request: Request, view: View): void {
    const { log, setter } = this.#parts;
    if (!this.#echo(request, 'noError', 0)) {
      this.#fail(request, 'tooBig', 0);
      return;
    }
    const writer = { session: request.session, view };
    const outcome = this.#once(request, () => withDeadline(setter.set(writer, request.pdu), setDeadline));
    outcome
      .then(({ status, index }) => {
        if (status === 'noError' && this.#echo(request, 'noError', 0)) this.#send(request.reply);
        else this.#fail(request, status, index);
      })
      .catch((error: unknown) => log('error', 'an SNMP answer failed', { cause: String(error) }));
  }

  /**
   * A manager that sends a SET again, for the answer was late, gets the answer of the first, and it runs once; so does whoever
   * replays the octets. Of more SETs at once than can be remembered some are refused.
   */
  #once(request: Request, run: () => Promise<SetOutcome>): Promise<SetOutcome> {
    const now = this.#parts.now();
    for (const [key, { until }] of this.#answered) {
      if (until > now) break;
      this.#answered.delete(key);
    }
    for (const key of request.duplicates) {
      const known = this.#answered.get(key);
      if (known !== undefined) return known.outcome;
    }
    if (request.duplicates.length > 0 && this.#running >= maxRunning) return Promise.resolve(busy);
    this.#running += 1;
    const outcome = run().finally(() => {
      this.#running -= 1;
    });
    for (const key of request.duplicates) this.#answered.set(key, { outcome, until: now + setMemory });
    for (const key of this.#answered.keys()) {
      if (this.#answered.size <= maxRemembered) break;
      this.#answered.delete(key);
    }
    return outcome;
  }

  /** Writes an answer that repeats the varbinds of the request; false where it is too big. */
  #echo(request: Request, status: ErrorStatusName, index: number): boolean {
    return request.envelope((writer) => {
      const marks = beginPdu(writer, tag.response, request.pdu.requestId, status, index);
      echoVarbinds(writer, request.pdu);
      endPdu(writer, marks);
      return !writer.overflow && writer.position <= request.limit;
    });
  }

  #fail(request: Request, status: ErrorStatusName, index: number): void {
    const isVersion1 = request.version === 'v1';
    const told = isVersion1 ? statusOfVersion1[status] : status;
    // RFC 3416 section 4.2.1: a tooBig response has no varbinds; RFC 1157 repeats them
    const fits = status === 'tooBig' && !isVersion1 ? this.#empty(request, told) : this.#echo(request, told, index);
    if (fits) this.#send(request.reply);
    else if (status !== 'tooBig') this.#fail(request, 'tooBig', 0);
    else this.#parts.counters.count('snmpSilentDrops');
  }

  #empty(request: Request, status: ErrorStatusName): boolean {
    return request.envelope((writer) => {
      endPdu(writer, beginPdu(writer, tag.response, request.pdu.requestId, status, 0));
      return writer.position <= request.limit;
    });
  }

  #writeCommunityMessage(version: 'v1' | 'v2c', community: Buffer, writePdu: (writer: BerWriter) => boolean): boolean {
    const writer = this.#writer;
    writer.reset();
    const message = writer.begin(tag.sequence);
    writer.integer(versionNumber[version]);
    writer.octets(community);
    const complete = writePdu(writer);
    writer.end(message);
    return complete;
  }

  /** A copy goes out: the socket may keep it for a while. */
  #send(reply: Reply): void {
    reply(Buffer.from(this.#writer.buffer.subarray(0, this.#writer.position)));
  }

  #session(user: string, peer: Peer): Session {
    const key = `${user} ${peer.address}`;
    let session = this.#sessions.get(key);
    if (session !== undefined) return session;
    if (this.#sessions.size >= maxSessions) {
      const [oldest] = this.#sessions.keys();
      // a SET that is under way may still use it, so it is left to the collector
      this.#sessions.delete(oldest!);
    }
    session = this.#parts.openSession({ user, protocol: 'snmp', address: peer.address });
    this.#sessions.set(key, session);
    return session;
  }
}

/** By the whole message where it is authentic, and by user, sender, request-id and varbinds. */
function duplicatesOf(message: Buffer, pdu: Pdu, level: SecurityLevel, peer: Peer, principal: Principal): string[] {
  const sent = sentBy(principal.name, pdu, level, peer);
  return level === 'noAuthNoPriv' ? [sent] : [hash(message), sent];
}

function sentBy(who: string, pdu: Pdu, level: SecurityLevel, peer: Peer): string {
  const from = pdu.varbinds[field.nameStart] ?? 0;
  const varbinds = hash(pdu.buffer.subarray(from, pdu.varbinds.at(-1) ?? from));
  return `${peer.address} ${String(peer.port)} ${who} ${level} ${String(pdu.requestId)} ${varbinds}`;
}

function hash(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('base64');
}

/** The PDU of a message that is refused, where it can be read. */
function readablePdu(header: HeaderData, reader: BerReader): Pdu | undefined {
  if (header.encrypted) return undefined;
  try {
    return readScopedPdu(reader, false).pdu;
  } catch (error) {
    if (error === malformed) return undefined;
    throw error;
  }
}

/** What a command responder takes (RFC 3413 section 3.2); GETBULK is not in SNMPv1. */
function isTaken(type: number, version: Version): boolean {
  return type === tag.get || type === tag.getNext || type === tag.set || (type === tag.getBulk && version !== 'v1');
}

/** RFC 3584 section 4.2.2.1: not in SNMPv1. */
function hasCounter64(pdu: Pdu): boolean {
  for (let at = field.valueTag; at < pdu.varbinds.length; at += field.size)
    if (pdu.varbinds[at] === tag.counter64) return true;
  return false;
}

/** D10: genErr where a commit does not end. */
function withDeadline(outcome: Promise<SetOutcome>, milliseconds: number): Promise<SetOutcome> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve({ status: 'genErr', index: 0 }), milliseconds);
    timer.unref();
    outcome.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
