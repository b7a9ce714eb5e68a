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
    const scopedPdu = openScopedPdu(principal, parameters, reader.octets());
    if (scopedPdu === undefined) return this.#report('usmStatsDecryptionErrors');
    return { kind: 'accepted', principal, level: 'authPriv', scopedPdu };
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
    const principal = preparePrincipal(name, user);
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
    return writeMessage(writer, {
      authority: { engineId: this.state.engineId, boots: this.state.boots, time: this.time() },
      contextEngineId: this.state.engineId,
      contextName,
      msgId,
      level,
      reportable: false,
      principal,
      salt: level === 'authPriv' ? this.salt(principal.privProtocol) : noOctets,
      writePdu,
    });
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
    if (!digestMatchesOf(principal, message, parameters)) return this.#report('usmStatsWrongDigests');
    const { boots } = this.state;
    if (boots !== maxBoots && parameters.boots === boots && Math.abs(parameters.time - this.time()) <= timeWindow)
      return undefined;
    this.#counters.count('usmStatsNotInTimeWindows');
    // with the last number of boots nothing authenticated leaves this engine until its ID or keys are new (RFC 3414 section 2.2.2)
    if (boots === maxBoots) return dropped;
    return { kind: 'report', report: 'usmStatsNotInTimeWindows', level: 'authNoPriv', principal };
  }

  /** RFC 3826 3.1.2.1: 64 bits that count; RFC 3414 8.1.1.1, DES: the boots and 32 that count. */
  salt(protocol: PrivProtocol): Buffer {
    this.#saltLow = (this.#saltLow + 1) >>> 0;
    if (this.#saltLow === 0) this.#saltHigh = (this.#saltHigh + 1) >>> 0;
    const salt = Buffer.allocUnsafe(8);
    salt.writeUInt32BE(protocol === 'des' ? this.state.boots : this.#saltHigh, 0);
    salt.writeUInt32BE(this.#saltLow, 4);
    return salt;
  }
}

export interface SecurityParameters {
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
export function readParameters(reader: BerReader): SecurityParameters {
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

export function digestMatchesOf(principal: Principal, message: Buffer, parameters: SecurityParameters): boolean {
  const { digestAt, digestLength } = parameters;
  return digestMatches(principal.authProtocol, principal.authKey!, message, digestAt, digestLength);
}

/** Undefined where the octets cannot come from the cipher. */
export function openScopedPdu(
  principal: Principal,
  parameters: SecurityParameters,
  secret: Buffer,
): BerReader | undefined {
  const { boots, time, salt } = parameters;
  if (salt.length !== 8) return undefined;
  const plain = principal.privacy!.decrypt(boots, time, salt, secret);
  return plain === undefined ? undefined : new BerReader(plain);
}

/** The keys made ready for use. */
export function preparePrincipal(name: string, user: UsmUser): Principal {
  return {
    name,
    authProtocol: user.authProtocol,
    authKey: user.authKey === undefined ? undefined : createSecretKey(user.authKey),
    privProtocol: user.privProtocol,
    privacy:
      user.privKey === undefined || user.authKey === undefined ? undefined : privacyOf(user.privProtocol, user.privKey),
  };
}

/** A v3 message but for its PDU. */
export interface V3Message {
  /** The engine by whose clock and keys the message is protected. */
  readonly authority: { readonly engineId: Buffer; readonly boots: number; readonly time: number };
  readonly contextEngineId: Buffer;
  readonly contextName: Buffer;
  readonly msgId: number;
  readonly level: SecurityLevel;
  readonly reportable: boolean;
  readonly principal: Principal;
  /** Eight octets, where the level is authPriv. */
  readonly salt: Buffer;
  /** Its answer is that of {@link writeMessage}. */
  writePdu(writer: BerWriter): boolean;
}

/** RFC 3414 section 3.1. The result is `writer.buffer` up to `writer.position`. */
export function writeMessage(writer: BerWriter, parts: V3Message): boolean {
  const { authority, level, principal, salt } = parts;
  writer.reset();
  const authenticated = level !== 'noAuthNoPriv';
  const encrypted = level === 'authPriv';
  const message = writer.begin(tag.sequence);
  writer.integer(versionNumber.v3);
  const header = writer.begin(tag.sequence);
  writer.integer(parts.msgId);
  writer.integer(maxDatagram);
  writer.octets(flagOctets[parts.reportable ? 'reportable' : 'final'][level]);
  writer.integer(3);
  writer.end(header);
  const digestAt = writeParameters(writer, parts);

  const wrapper = encrypted ? writer.begin(tag.octetString) : 0;
  const scopedAt = writer.position;
  const scoped = writer.begin(tag.sequence);
  writer.octets(parts.contextEngineId);
  writer.octets(parts.contextName);
  const complete = parts.writePdu(writer);
  writer.end(scoped);
  if (encrypted) {
    const plain = writer.buffer.subarray(scopedAt, writer.position);
    const secret = principal.privacy!.encrypt(authority.boots, authority.time, salt, plain);
    writer.position = scopedAt;
    writer.raw(secret);
    writer.end(wrapper);
  }
  writer.end(message);
  if (authenticated) {
    const whole = writer.buffer.subarray(0, writer.position);
    writer.buffer.set(messageDigest(principal.authProtocol, principal.authKey!, whole), digestAt);
  }
  return complete;
}

/** Gives where the digest belongs. */
function writeParameters(writer: BerWriter, { authority, level, principal, salt }: V3Message): number {
  const digestLength = level === 'noAuthNoPriv' ? 0 : authAlgorithms[principal.authProtocol].truncated;
  const wrapper = writer.begin(tag.octetString);
  const sequence = writer.begin(tag.sequence);
  writer.octets(authority.engineId);
  writer.integer(authority.boots);
  writer.integer(authority.time);
  writer.text(principal.name);
  writer.octets(zeros.subarray(0, digestLength));
  const digestAt = writer.position - digestLength;
  writer.octets(salt);
  writer.end(sequence);
  writer.end(wrapper);
  return digestAt;
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

/** Stands for no user where nothing is authenticated. */
export const nobody: Principal = {
  name: '',
  authProtocol: 'sha256',
  authKey: undefined,
  privProtocol: 'aes128',
  privacy: undefined,
};

const noOctets = Buffer.alloc(0);
const zeros = Buffer.alloc(48);
const flagOctets: Readonly<Record<'final' | 'reportable', Readonly<Record<SecurityLevel, Buffer>>>> = {
  final: { noAuthNoPriv: Buffer.from([0]), authNoPriv: Buffer.from([1]), authPriv: Buffer.from([3]) },
  reportable: { noAuthNoPriv: Buffer.from([4]), authNoPriv: Buffer.from([5]), authPriv: Buffer.from([7]) },
};
