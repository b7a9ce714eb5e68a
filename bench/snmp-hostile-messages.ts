/** Hostile datagrams: floods without credentials, mutants of what has some, and now and then a walk as large as a stolen community can ask for. */
import { pdu, type as pduType, type V3, v1, v2c, v3Message, varbind } from '../test/northbound/snmp/support/raw.js';
import { community } from './snmp-peers.js';

const names = [varbind('1.3.6.1.2.1.1.3.0'), varbind('1.3.6.1.4.1.32473.1.1')];

export function hostileMessages(): readonly Buffer[] {
  const random = generator(20261127);
  const get = pdu(pduType.get, 1, names);
  const bodies = [get, pdu(pduType.getNext, 2, names), pdu(pduType.getBulk, 3, names, 0, 10)];
  const endless = v2c(pdu(pduType.getBulk, 4, names, 0, 2 ** 31 - 1), community);
  const claimed: V3 = {
    flags: 7,
    user: 'admin',
    engineId: Buffer.from('80001f8805aabbccdd', 'hex'),
    boots: 1,
    time: 1,
  };
  const seeds = bodies.flatMap((body) => [v1(body, community), v2c(body, community), v3Message({}, body)]);
  const messages: Buffer[] = [];
  for (let at = 0; at < 5000; at += 1) {
    const engineId = Buffer.from(`80001f8805${at.toString(16).padStart(8, '0')}`, 'hex');
    messages.push(
      v3Message({ ...claimed, engineId }, get),
      v3Message({ ...claimed, flags: 4, user: `nobody ${String(at)}` }, get),
      v2c(get, `guess ${String(at)}`),
      ...Array.from({ length: 6 }, () => mutated(seeds[random(seeds.length)]!, random)),
    );
    if (at % 50 === 0) messages.push(endless);
  }
  return messages;
}

function mutated(seed: Buffer, random: (below: number) => number): Buffer {
  if (random(7) === 0) return seed.subarray(0, random(seed.length));
  const octets = Buffer.from(seed);
  for (let rounds = 1 + random(4); rounds > 0; rounds -= 1) octets[random(octets.length)] = random(256);
  return octets;
}

/** Numbers that are the same in every run (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
