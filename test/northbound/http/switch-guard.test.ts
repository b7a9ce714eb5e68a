import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { DatastoreEvent, HistoryEntry } from '../../../src/datastore/index.js';
import { type ConnectionInfo, SwitchGuard } from '../../../src/northbound/http/index.js';

describe('confirmation over HTTPS', () => {
  let epoch: number;
  let history: HistoryEntry[];
  let publish: (event: DatastoreEvent) => void;
  let guard: SwitchGuard;

  const origin = { user: 'admin', protocol: 'xmlrpc', address: '' } as const;
  const session = {
    transaction: () => history.at(-1)?.transaction ?? '',
    history: () => history,
  };
  const connection = (of: number): ConnectionInfo => ({
    epoch: of,
    address: '192.0.2.1',
    port: 1,
    clientChain: [],
  });

  beforeEach(() => {
    epoch = 1;
    history = [];
    guard = new SwitchGuard({
      epoch: () => epoch,
      subscribe: (listener) => {
        publish = listener;
        return () => {};
      },
    });
  });

  function commit(kind: string, options: { readonly switches: boolean }): void {
    if (options.switches) epoch += 1;
    const transaction = String(history.length + 1);
    history.push({ transaction, time: 0, origin, comment: '', kind });
    publish({ kind: 'commit', transaction, origin, differences: [] });
  }

  test('of a commit that switched counts only from a connection made after it', () => {
    commit('confirmed-commit', { switches: true });
    assert.throws(() => guard.check(connection(1), session), {
      tag: 'operation-failed',
      message: /^this connection was made before/,
    });
    guard.check(connection(2), session);
    guard.check(connection(Number.POSITIVE_INFINITY), session);
  });

  test('of another commit counts from any connection', () => {
    commit('commit', { switches: true });
    commit('confirmed-commit', { switches: false });
    guard.check(connection(1), session);
  });

  test('of a commit that extends one that switched needs the new connection still', () => {
    commit('confirmed-commit', { switches: true });
    commit('confirmed-commit', { switches: false });
    assert.throws(() => guard.check(connection(1), session), { name: 'ConfigError' });
    guard.check(connection(2), session);
  });

  test('before anything was switched counts from any connection', () => {
    commit('confirmed-commit', { switches: false });
    guard.check(connection(1), session);
  });
});
