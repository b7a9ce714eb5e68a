/**
 * The user-based security model (RFC 3414) of an authoritative engine. What a packet can cost is bounded: the engine ID is compared
 * before any user is looked up, keys come localised from the tree, and nothing that a packet names is remembered.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { BerReader, type BerWriter, encodeOid, maxDatagram, tag } from './ber.js';
import { type Counters, type ReportName, reportOids } from './counters.js';
import { type AuthProtocol, authAlgorithms, digestMatches, messageDigest, type PrivProtocol } from './keys.js';
import { beginPdu, endPdu, type HeaderData, versionNumber } from './message.js';
import { type Privacy, privacyOf } from './privacy.js';

/** RFC 3414 section 2.2: who this engine is, and its time. */
export interface EngineState {
  readonly engineId: Buffer;
  /** snmpEngineBoots of this start, on disk before any socket opens; 2147483647 blocks authenticated traffic. */
  readonly boots: number;
  /** Seconds since that start, from a monotonic clock. */
  now(): number;
}

/** A user with localised keys. A user without authKey can be used without authentication only. */
export interface UsmUser {
  readonly authProtocol: AuthProtocol;
  readonly authKey: Buffer | undefined;
  readonly privProtocol: PrivProtocol;
  readonly privKey: Buffer | undefined;
}

export interface UsmUserSource {
  user(name: string): UsmUser | undefined;
}

export type SecurityLevel = 'noAuthNoPriv' | 'authNoPriv' | 'authPriv';

/** A user whose keys are ready for use. */
export interface Principal {
  readonly name: string;
  readonly authProtocol: AuthProtocol;
  readonly authKey: KeyObject | undefined;
  readonly privProtocol: PrivProtocol;
  readonly privacy: Privacy | undefined;
}

export type Incoming =
  | {
      readonly kind: 'accepted';
      readonly principal: Principal;
      readonly level: SecurityLevel;
      readonly scopedPdu: BerReader;
    }
  | {
      readonly kind: 'report';
      readonly report: ReportName;
      readonly level: SecurityLevel;
      readonly principal: Principal;
    }
  | { readonly kind: 'dropped' };

const maxBoots = 2_147_483_647;
const timeWindow = 150;
const dropped: Incoming = { kind: 'dropped' };

export class UsmEngine {
  readonly state: EngineState;
  readonly #users: UsmUserSource;
  readonly #counters: Counters;
  readonly #principals = new Map<string, { readonly user: UsmUser; readonly principal: Principal }>();
  /** Those asked for since the last commit. */
  readonly #fresh = new Map<string, Principal>();
  #saltHigh: number;
  #saltLow: number;

  /** `seed`: eight random octets, so that a salt does not repeat after a restart within one second (RFC 3826 3.1.2.1). */
  constructor(state: EngineState, users: UsmUserSource, counters: Counters, seed: Buffer) {
    this.state = state;
    this.#users = users;
    this.#counters = counters;
    this.#saltHigh = seed.readUInt32BE(0);
    this.#saltLow = seed.readUInt32BE(4);
  }

  time(): number {
    return Math.floor(this.state.now()) % 2_147_483_648;
  }

  /**
   * RFC 3414 section 3.2, in the order engine ID, user, level, digest, time window, decryption. `reader` stands at the security
   * parameters of the message in `message`.
   */
  receive(message: Buffer, reader: BerReader, header: HeaderData): Incoming {
    const parameters = readParameters(reader);
    if (!parameters.engineId.equals(this.state.engineId)) return this.#report('usmStatsUnknownEngineIDs');
    const principal = this.principal(parameters.userName.toString('utf8'));
    if (principal === undefined) return this.#report('usmStatsUnknownUserNames');
    if (
      (header.authenticated && principal.authKey === undefined) ||
      (header.encrypted && principal.privacy === undefined)
    ) {
      return this.#report('usmStatsUnsupportedSecLevels');
    }
    if (header.authenticated) {
      const failure = this.#authenticate(message, parameters, principal);
      if (failure !== undefined) return failure;
    }
    if (!header.encrypted) {
      return {
        kind: 'accepted',
        principal,
        level: header.authenticated ? 'authNoPriv' : 'noAuthNoPriv',
        scopedPdu: reader,
      };
    }
    if (parameters.salt.length !== 8) return this.#report('usmStatsDecryptionErrors');
    const secret = reader.octets();
    const plain = principal.privacy!.decrypt(parameters.boots, parameters.time, parameters.salt, secret);
    if (plain === undefined) return this.#report('usmStatsDecryptionErrors');
    return { kind: 'accepted', principal, level: 'authPriv', scopedPdu: new BerReader(plain) };
  }

  /** To be called after every commit: keys are asked for again. */
  forgetUsers(): void {
    this.#fresh.clear();
  }

  /** The user of that name with keys ready; undefined where there is none. Only names of users are remembered. */
  principal(name: string): Principal | undefined {
    const fresh = this.#fresh.get(name);
    if (fresh !== undefined) return fresh;
    const user = this.#users.user(name);
    if (user === undefined) {
      this.#principals.delete(name);
      return undefined;
    }
    const known = this.#principals.get(name);
    if (known !== undefined && sameUser(known.user, user)) {
      this.#fresh.set(name, known.principal);
      return known.principal;
    }
    const principal: Principal = {
      name,
      authProtocol: user.authProtocol,
      authKey: user.authKey === undefined ? undefined : createSecretKey(user.authKey),
      privProtocol: user.privProtocol,
      privacy:
        user.privKey === undefined || user.authKey === undefined
          ? undefined
          : privacyOf(user.privProtocol, user.privKey),
    };
    this.#principals.set(name, { user, principal });
    this.#fresh.set(name, principal);
    return principal;
  }

  /**
   * Writes a whole v3 message with this engine as the authoritative one (RFC 3414 section 3.1); `writePdu` writes the PDU, and its
   * answer is this function's. The result is `writer.buffer` up to `writer.position`.
   */
  write(
    writer: BerWriter,
    msgId: number,
    level: SecurityLevel,
    principal: Principal,
    contextName: Buffer,
    writePdu: (writer: BerWriter) => boolean,
  ): boolean {
    writer.reset();
    const time = this.time();
    const authenticated = level !== 'noAuthNoPriv';
    const encrypted = level === 'authPriv';
    const message = writer.begin(tag.sequence);
    writer.integer(versionNumber.v3);
    const header = writer.begin(tag.sequence);
    writer.integer(msgId);
    writer.integer(maxDatagram);
    writer.octets(flagOctets[level]);
    writer.integer(3);
    writer.end(header);
    const digestLength = authenticated ? authAlgorithms[principal.authProtocol].truncated : 0;
    const salt = encrypted ? this.#nextSalt(principal.privProtocol) : noOctets;
    const digestAt = this.#writeParameters(writer, time, principal.name, digestLength, salt);

    const wrapper = encrypted ? writer.begin(tag.octetString) : 0;
    const scopedAt = writer.position;
    const scoped = writer.begin(tag.sequence);
    writer.octets(this.state.engineId);
    writer.octets(contextName);
    const complete = writePdu(writer);
    writer.end(scoped);
    if (encrypted) {
      const plain = writer.buffer.subarray(scopedAt, writer.position);
      const secret = principal.privacy!.encrypt(this.state.boots, time, salt, plain);
      writer.position = scopedAt;
      writer.raw(secret);
      writer.end(wrapper);
    }
    writer.end(message);
    if (authenticated) {
      const digest = messageDigest(
        principal.authProtocol,
        principal.authKey!,
        writer.buffer.subarray(0, writer.position),
      );
      writer.buffer.set(digest, digestAt);
    }
    return complete;
  }

  /** Writes the Report of one of the counters (RFC 3412 section 7.1.3), the value of which it carries. */
  writeReport(
    writer: BerWriter,
    msgId: number,
    report: ReportName,
    level: SecurityLevel,
    principal: Principal,
    requestId: number,
  ): void {
    this.write(writer, msgId, level, principal, noOctets, () => {
      const marks = beginPdu(writer, tag.report, requestId, 'noError', 0);
      const varbind = writer.beginShort();
      writer.oid(encodeOid(reportOids[report]));
      writer.unsigned(tag.counter32, this.#counters[report]);
      writer.endShort(varbind);
      endPdu(writer, marks);
      return true;
    });
  }

  #report(report: ReportName): Incoming {
    this.#counters.count(report);
    return { kind: 'report', report, level: 'noAuthNoPriv', principal: nobody };
  }

  /** RFC 3414 section 3.2 steps 6 and 7a. */
  #authenticate(message: Buffer, parameters: SecurityParameters, principal: Principal): Incoming | undefined {
    const { digestAt, digestLength } = parameters;
    if (!digestMatches(principal.authProtocol, principal.authKey!, message, digestAt, digestLength)) {
      return this.#report('usmStatsWrongDigests');
    }
    const { boots } = this.state;
    if (boots !== maxBoots && parameters.boots === boots && Math.abs(parameters.time - this.time()) <= timeWindow)
      return undefined;
    this.#counters.count('usmStatsNotInTimeWindows');
    // with the last number of boots nothing authenticated leaves this engine until its ID or keys are new (RFC 3414 section 2.2.2)
    if (boots === maxBoots) return dropped;
    return { kind: 'report', report: 'usmStatsNotInTimeWindows', level: 'authNoPriv', principal };
  }

  #writeParameters(writer: BerWriter, time: number, userName: string, digestLength: number, salt: Buffer): number {
    const wrapper = writer.begin(tag.octetString);
    const sequence = writer.begin(tag.sequence);
    writer.octets(this.state.engineId);
    writer.integer(this.state.boots);
    writer.integer(time);
    writer.text(userName);
    writer.octets(zeros.subarray(0, digestLength));
    const digestAt = writer.position - digestLength;
    writer.octets(salt);
    writer.end(sequence);
    writer.end(wrapper);
    return digestAt;
  }

  /** RFC 3826 3.1.2.1: 64 bits that count; RFC 3414 8.1.1.1, DES: the boots and 32 that count. */
  #nextSalt(protocol: PrivProtocol): Buffer {
    this.#saltLow = (this.#saltLow + 1) >>> 0;
    if (this.#saltLow === 0) this.#saltHigh = (this.#saltHigh + 1) >>> 0;
    const salt = Buffer.allocUnsafe(8);
    salt.writeUInt32BE(protocol === 'des' ? this.state.boots : this.#saltHigh, 0);
    salt.writeUInt32BE(this.#saltLow, 4);
    return salt;
  }
}

interface SecurityParameters {
  readonly engineId: Buffer;
  readonly boots: number;
  readonly time: number;
  readonly userName: Buffer;
  /** Where the digest stands in the message. */
  readonly digestAt: number;
  readonly digestLength: number;
  readonly salt: Buffer;
}

/** UsmSecurityParameters (RFC 3414 section 2.4), inside the OCTET STRING that carries them. */
function readParameters(reader: BerReader): SecurityParameters {
  const outer = reader.enter(tag.octetString);
  const sequence = reader.enter(tag.sequence);
  const engineId = reader.octets();
  const boots = reader.integer();
  const time = reader.integer();
  const userName = reader.octets();
  const digest = reader.octets();
  const digestAt = reader.position - digest.length;
  const salt = reader.octets();
  reader.leave(sequence);
  reader.leave(outer);
  return { engineId, boots, time, userName, digestAt, digestLength: digest.length, salt };
}

function sameUser(one: UsmUser, other: UsmUser): boolean {
  return (
    one === other ||
    (one.authProtocol === other.authProtocol &&
      one.privProtocol === other.privProtocol &&
      sameKey(one.authKey, other.authKey) &&
      sameKey(one.privKey, other.privKey))
  );
}

function sameKey(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}

/** Stands for no user in Reports that are not authenticated. */
const nobody: Principal = {
  name: '',
  authProtocol: 'sha256',
  authKey: undefined,
  privProtocol: 'aes128',
  privacy: undefined,
};

const noOctets = Buffer.alloc(0);
const zeros = Buffer.alloc(48);
const flagOctets: Readonly<Record<SecurityLevel, Buffer>> = {
  noAuthNoPriv: Buffer.from([0]),
  authNoPriv: Buffer.from([1]),
  authPriv: Buffer.from([3]),
};
