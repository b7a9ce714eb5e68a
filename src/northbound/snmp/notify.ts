/**
 * The notification originator (RFC 3413 section 3.3): what modules tell goes as SNMPv2-Trap PDUs to every target, by v2c, or by v3 with
 * this engine as the authoritative one (RFC 3414 section 1.5.1); as an SNMPv1 trap by the mapping of RFC 3584 section 3.2; as an inform
 * to targets that answer.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import type { DatastoreEvent, Log, Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import { type Branch, InstanceIdentifier, type LeafSchema, type Value } from '../../yang/index.js';
import { BerWriter, encodeOid, maxDatagram, tag } from './ber.js';
import type { Counters } from './counters.js';
import { Informs, type RemoteUserSource } from './informs.js';
import { beginPdu, endPdu, versionNumber } from './message.js';
import type { Mib, MibNotification, MibObject } from './model.js';
import type { NotificationLog } from './notification-log.js';
import { informTarget, type NotificationTarget, type NotificationTargets } from './notification-target.js';
import { sampleOf } from './sample.js';
import type { UsmEngine } from './usm.js';

interface Notice {
  readonly oid: readonly number[];
  readonly objects: readonly MibObject[];
  readonly varbinds: readonly { readonly oid: Buffer; write(writer: BerWriter): void }[];
}

export interface NotifierParts {
  readonly mib: Mib;
  readonly usm: UsmEngine;
  /** Sees everything. */
  readonly session: Session;
  readonly targets: NotificationTargets;
  readonly remoteUsers: RemoteUserSource;
  readonly kept: NotificationLog;
  readonly counters: Counters;
  readonly log: Log;
}

const sysUpTime = '1.3.6.1.2.1.1.3';
const sysUpTimeInstance = encodeOid([1, 3, 6, 1, 2, 1, 1, 3, 0]);
const snmpTrapOid = encodeOid([1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0]);
/** snmpTraps (RFC 3418): those below it are the generic traps of SNMPv1. */
const snmpTraps = [1, 3, 6, 1, 6, 3, 1, 1, 5];
/** Stands for no address in an SNMPv1 trap of an IPv6 sender (RFC 3584 section 3.2). */
const noAddress = Buffer.alloc(4);
const noContext = Buffer.alloc(0);

export class Notifier {
  readonly #mib: Mib;
  readonly #usm: UsmEngine;
  readonly #session: Session;
  readonly #targets: NotificationTargets;
  readonly #kept: NotificationLog;
  readonly #log: Log;
  readonly #writer = new BerWriter();
  readonly #sockets = new Map<'udp4' | 'udp6', Socket>();
  readonly #upTime: InstanceIdentifier | undefined;
  readonly #informs: Informs;
  #requestId = randomInt(2 ** 31 - 1);
  #lastFailure = Number.NEGATIVE_INFINITY;

  constructor({ mib, usm, session, targets, remoteUsers, kept, counters, log }: NotifierParts) {
    this.#kept = kept;
    this.#mib = mib;
    this.#usm = usm;
    this.#session = session;
    this.#targets = targets;
    this.#log = log;
    this.#informs = new Informs({
      usm,
      users: remoteUsers,
      counters,
      log,
      now: () => performance.now(),
      send: (message, target) => this.#transmit(message, target),
    });
    const object = mib.objects.find((each) => each.oid.join('.') === sysUpTime);
    this.#upTime = object?.steps.reduce((at, step) => at.child(step), InstanceIdentifier.root);
  }

  /** RFC 3418: the agent has come up. */
  started(kind: 'coldStart' | 'warmStart'): void {
    this.#send({ oid: [...snmpTraps, kind === 'coldStart' ? 1 : 2], objects: [], varbinds: [] });
  }

  /** authenticationFailure (RFC 3418), at most one in a second: whoever guesses communities does not make the agent flood its targets. */
  authenticationFailed(now: number): void {
    if (now - this.#lastFailure < 1000) return;
    this.#lastFailure = now;
    this.#send({ oid: [...snmpTraps, 5], objects: [], varbinds: [] });
  }

  /** Tells the targets of an event that the MIB has a notification for. Never throws. */
  tell(event: DatastoreEvent): void {
    if (event.kind !== 'notification') return;
    const schema = event.path.last?.schema;
    const known = this.#mib.notifications.find((each) => each.schema === schema);
    if (known !== undefined) this.#send(noticeOf(known, (leaf) => leafOf(event.content, leaf.name)));
  }

  close(): void {
    this.#informs.close();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  /**
   * Sends a notification, or `all`, with sample values to those targets that would get the real one, or to the one that is named;
   * gives how many were sent. It is no event, so the log of notifications has nothing of it. Throws ConfigError invalid-value for
   * what is no notification or target.
   */
  test(name: string, targetName: string | undefined): number {
    const notices = this.#samples(name);
    const targets = this.#targets.targets().filter((target) => targetName === undefined || target.name === targetName);
    if (targets.length === 0) {
      const none =
        targetName === undefined ? 'no entry of notify chooses a target' : `no entry of notify chooses ${targetName}`;
      throw new ConfigError({ tag: 'invalid-value', message: `${none} whose parameters are complete` });
    }
    let sent = 0;
    for (const notice of notices) sent += targets.filter((target) => this.#deliver(notice, target)).length;
    return sent;
  }

  #samples(name: string): readonly Notice[] {
    const generic = genericTraps.map(([trap, arc]): Notice & { readonly names: readonly string[] } => {
      return { names: [trap], oid: [...snmpTraps, arc], objects: [], varbinds: [] };
    });
    const now = new Date();
    const known = this.#mib.notifications.map((each) => {
      const { module, schema } = each;
      const names = [each.name, schema.name, `${module.name}:${schema.name}`];
      return { names, ...noticeOf(each, (leaf) => sampleOf(leaf.type, now)) };
    });
    const found = [...generic, ...known].filter(({ names }) => name === 'all' || names.includes(name));
    if (found.length === 0)
      throw new ConfigError({ tag: 'invalid-value', message: `there is no notification ${name}` });
    return found;
  }

  #send(notice: Notice): void {
    this.#kept.add(notice.oid, notice.varbinds, this.#now());
    for (const target of this.#targets.targets()) this.#deliver(notice, target);
  }

  /** False where the target is not to have it, or it could not be made. Never throws. */
  #deliver(notice: Notice, target: NotificationTarget): boolean {
    if (target.accepts?.(notice.oid, notice.objects) === false) return false;
    try {
      const informed = informTarget(target);
      if (informed !== undefined) {
        const requestId = randomInt(1, 2 ** 31 - 1);
        const pdu = this.#informPdu(requestId, notice);
        if (pdu === undefined) return false;
        this.#informs.send(informed, requestId, pdu);
        return true;
      }
      if (!this.#write(target, notice)) return false;
      this.#transmit(Buffer.from(this.#writer.buffer.subarray(0, this.#writer.position)), target);
      return true;
    } catch (error) {
      this.#notSent(target, error);
      return false;
    }
  }

  #transmit(message: Buffer, target: Pick<NotificationTarget, 'address' | 'port'>): void {
    this.#socket(target.address).send(message, target.port, target.address, (error) => {
      if (error !== null) this.#notSent(target, error);
    });
  }

  #notSent({ address }: Pick<NotificationTarget, 'address'>, error: unknown): void {
    this.#log('warning', 'a notification was not sent', { target: address, cause: String(error) });
  }

  /** Undefined where no message could hold it. */
  #informPdu(requestId: number, notice: Notice): Buffer | undefined {
    const writer = this.#writer;
    writer.reset();
    this.#writePdu(tag.inform, requestId, notice);
    return writer.overflow ? undefined : Buffer.from(writer.buffer.subarray(0, writer.position));
  }

  /** False where the message would be too large or the target's user is none. */
  #write(target: NotificationTarget, notice: Notice): boolean {
    const writer = this.#writer;
    this.#requestId = (this.#requestId + 1) & 0x7fffffff;
    if (target.version === 'v3') {
      const principal = this.#usm.principal(target.user);
      const lacksKeys =
        principal === undefined ||
        (target.level !== 'noAuthNoPriv' && principal.authKey === undefined) ||
        (target.level === 'authPriv' && principal.privacy === undefined);
      if (lacksKeys) {
        this.#log('warning', 'a notification target names a user without keys for its level', { user: target.user });
        return false;
      }
      this.#usm.write(writer, this.#requestId, target.level, principal, noContext, () =>
        this.#writePdu(tag.trapV2, this.#requestId, notice),
      );
    } else {
      writer.reset();
      const message = writer.begin(tag.sequence);
      writer.integer(versionNumber[target.version]);
      const { community } = target;
      writer.octets(typeof community === 'string' ? Buffer.from(community) : community);
      if (target.version === 'v2c') this.#writePdu(tag.trapV2, this.#requestId, notice);
      else this.#writeTrapV1(notice);
      writer.end(message);
    }
    return !writer.overflow && writer.position <= maxDatagram;
  }

  /** RFC 3416 section 4.2.6: sysUpTime.0 and snmpTrapOID.0 come first. */
  #writePdu(type: number, requestId: number, notice: Notice): boolean {
    const writer = this.#writer;
    const marks = beginPdu(writer, type, requestId, 'noError', 0);
    const upTime = writer.beginShort();
    writer.oid(sysUpTimeInstance);
    writer.unsigned(tag.timeTicks, this.#now());
    writer.endShort(upTime);
    const trapOid = writer.beginShort();
    writer.oid(snmpTrapOid);
    writer.oid(encodeOid(notice.oid));
    writer.endShort(trapOid);
    this.#writeObjects(notice);
    endPdu(writer, marks);
    return true;
  }

  /** RFC 3584 section 3.2; Counter64 cannot be in one. */
  #writeTrapV1(notice: Notice): void {
    const writer = this.#writer;
    const isGeneric = snmpTraps.every((arc, index) => notice.oid[index] === arc);
    const enterprise = isGeneric ? snmpTraps : notice.oid.slice(0, notice.oid.at(-2) === 0 ? -2 : -1);
    const pdu = writer.begin(tag.trapV1);
    writer.oid(encodeOid(enterprise));
    writer.octets(noAddress, tag.ipAddress);
    writer.integer(isGeneric ? notice.oid.at(-1)! - 1 : 6);
    writer.integer(isGeneric ? 0 : notice.oid.at(-1)!);
    writer.unsigned(tag.timeTicks, this.#now());
    const list = writer.begin(tag.sequence);
    this.#writeObjects(notice);
    writer.end(list);
    writer.end(pdu);
  }

  #writeObjects(notice: Notice): void {
    const writer = this.#writer;
    for (const varbind of notice.varbinds) {
      const mark = writer.begin(tag.sequence);
      writer.oid(varbind.oid);
      varbind.write(writer);
      writer.end(mark);
    }
  }

  #now(): number {
    return this.#upTime === undefined ? 0 : Number(this.#session.leaf(this.#upTime) ?? 0);
  }

  #socket(address: string): Socket {
    const type = isIPv6(address) ? 'udp6' : 'udp4';
    let socket = this.#sockets.get(type);
    if (socket === undefined) {
      if (!isIPv4(address) && !isIPv6(address)) throw new RangeError(`'${address}' is no IP address`);
      socket = createSocket({ type, lookup: (host, _, callback) => callback(null, host, type === 'udp6' ? 6 : 4) });
      socket.unref();
      socket.on('error', (error) => this.#log('warning', 'the notification socket failed', { cause: String(error) }));
      socket.on('message', (message, peer) => this.#informs.receive(message, peer));
      this.#sockets.set(type, socket);
    }
    return socket;
  }
}

/** The leafs of a notification that have objects; one without a value is left out. */
function noticeOf({ oid, objects, schema }: MibNotification, valueAt: (leaf: LeafSchema) => Value | undefined): Notice {
  const present = objects.flatMap((object) => {
    const leaf = schema.dataChildren.find((child) => child.kind === 'leaf' && child.name === object.schema.name);
    const value = leaf?.kind === 'leaf' ? valueAt(leaf) : undefined;
    if (value === undefined) return [];
    const varbind = { oid: encodeOid([...object.oid, 0]), write: (to: BerWriter) => object.syntax.write(to, value) };
    return [{ object, varbind }];
  });
  return { oid, objects: present.map(({ object }) => object), varbinds: present.map(({ varbind }) => varbind) };
}

function leafOf(content: Branch, name: string): Value | undefined {
  const leaf = content.schema.dataChildren.find((child) => child.kind === 'leaf' && child.name === name);
  return leaf?.kind === 'leaf' ? content.leaf(leaf) : undefined;
}

/** RFC 3418: those that this agent sends. */
const genericTraps = [
  ['coldStart', 1],
  ['warmStart', 2],
  ['authenticationFailure', 5],
] as const;
