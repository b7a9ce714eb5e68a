/** The SNMP agent as a whole: sockets, engine, objects and rows put together. */
import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Log, Origin, Session } from '../../datastore/index.js';
import { ConfigError } from '../../error.js';
import type { Schema } from '../../yang/index.js';
import { AccessControl } from './access-control.js';
import type { CommunitySource } from './community.js';
import { ConfigSource } from './config.js';
import { Counters } from './counters.js';
import { mapSchema } from './mapping.js';
import { type NotificationTargets, Notifier } from './notify.js';
import { TargetSource } from './notify-targets.js';
import { ObjectTable } from './objects.js';
import { Responder } from './responder.js';
import type { Memory } from './row-numbers.js';
import { Rows } from './rows.js';
import { Setter } from './set.js';
import { type EngineState, UsmEngine, type UsmUserSource } from './usm.js';

export interface SnmpEndpoint {
  /** An IP address, IPv6 without brackets. */
  readonly address: string;
  /** 0 asks for any free port. */
  readonly port: number;
}

export interface SnmpOptions {
  readonly listen: SnmpEndpoint;
  readonly schema: Schema;
  readonly engine: EngineState;
  openSession(origin: Origin): Session;
  readonly users: UsmUserSource;
  /** In place of the communities of the tree. */
  readonly communities?: CommunitySource;
  /** In place of the targets of the tree. */
  readonly targets?: NotificationTargets;
  /** Where row numbers outlast the process; without it they do not. */
  readonly memory?: Memory;
  readonly log: Log;
}

export interface RunningSnmp {
  /** Where it listens, with the port that was given for port 0. */
  readonly endpoint: SnmpEndpoint;
  readonly counters: Counters;
  close(): Promise<void>;
}

/** Octets of the socket's buffers: bursts of a walk wait there, not in the process. */
const socketBuffer = 4 * 1024 * 1024;

/** Rejects with ConfigError resource-denied where the address cannot be bound, RangeError where the schema's OIDs do not fit. */
export async function startSnmp(options: SnmpOptions): Promise<RunningSnmp> {
  const { schema, engine, log } = options;
  const mib = mapSchema(schema);
  for (const { name } of mib.unplaced)
    log('info', `SNMP shows nothing of module ${name}: it has no OIDs; make some with signet mib ${name} --assign`);
  const counters = new Counters();
  const system = options.openSession({ user: '', protocol: 'system', address: '' });
  const config = new ConfigSource(system);
  const seconds = () => performance.now() / 1000;
  const rows = new Rows(mib, system, seconds, options.memory, log);
  const objects = new ObjectTable(mib, rows, system);
  const access = new AccessControl(
    objects.readables.map(({ object }) => object),
    () => config.current(),
  );
  const usm = new UsmEngine(engine, options.users, counters, randomBytes(8));
  const notifier = new Notifier(mib, usm, system, options.targets ?? new TargetSource(config, access), log);
  const unsubscribe = system.subscribe((event) => {
    rows.update(event);
    config.update(event);
    notifier.tell(event);
    if (event.kind === 'commit') usm.forgetUsers();
  });
  const responder = new Responder({
    usm,
    objects,
    access,
    setter: new Setter(schema, objects, seconds),
    counters,
    communities: options.communities ?? config,
    authenticationFailed: () => {
      if (config.current().authenticationTraps) notifier.authenticationFailed(performance.now());
    },
    openSession: (origin) => options.openSession(origin),
    log,
    now: () => performance.now(),
  });
  const stop = () => {
    unsubscribe();
    responder.close();
    notifier.close();
    system.close();
  };
  try {
    const socket = await listen(options.listen, responder, log);
    notifier.started();
    return {
      endpoint: { address: socket.address().address, port: socket.address().port },
      counters,
      close: () =>
        new Promise((resolve) => {
          stop();
          socket.close(() => resolve());
        }),
    };
  } catch (error) {
    stop();
    throw error;
  }
}

async function listen({ address, port }: SnmpEndpoint, responder: Responder, log: Log): Promise<Socket> {
  const family = isIPv6(address) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    recvBufferSize: socketBuffer,
    sendBufferSize: socketBuffer,
    // the peer's address is one: no resolver on the way of an answer
    lookup: (host, _, callback) => callback(null, host, family),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (cause) => reject(bindError(address, port, cause)));
    socket.bind({ address, port }, resolve);
  });
  socket.removeAllListeners('error');
  socket.on('error', (error) => log('error', 'the SNMP socket failed', { cause: String(error) }));
  socket.on('message', (message: Buffer, peer: RemoteInfo) => {
    responder.handle(message, peer, (answer) => {
      socket.send(answer, peer.port, peer.address, (error) => {
        if (error !== null) log('debug', 'an SNMP answer was not sent', { cause: String(error) });
      });
    });
  });
  return socket;
}

function format({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${String(port)}`;
}

function bindError(address: string, port: number, cause: Error): ConfigError {
  const code = 'code' in cause ? String(cause.code) : cause.message;
  const place = format({ address, port });
  const advice = code === 'EADDRINUSE' ? 'another process uses it; name another with --snmp' : code;
  return new ConfigError(
    { tag: 'resource-denied', message: `cannot listen for SNMP on ${place}: ${advice}` },
    { cause },
  );
}
