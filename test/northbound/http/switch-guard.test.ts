import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { DatastoreEvent, HistoryEntry } from '../../../src/datastore/index.js';
import { type ConnectionInfo, SwitchGuard } from '../../../src/northbound/http/index.js';

describe('confirmation over HTTPS', () => {
  let epoch: number;
  let presented: ReadonlyMap<string, string>;
  let history: HistoryEntry[];
  let publish: (event: DatastoreEvent) => void;
  let guard: SwitchGuard;

  const origin = { user: 'admin', protocol: 'xmlrpc', address: '' } as const;
  const session = {
    transaction: () => history.at(-1)?.transaction ?? '',
    history: () => history,
  };
  const connection = (of: number, presentedFor = ''): ConnectionInfo => ({
    epoch: of,
    presentedFor,
    address: '192.0.2.1',
    port: 1,
    clientChain: [],
  });

  beforeEach(() => {
    epoch = 1;
    presented = new Map([
      ['', 'main'],
      ['foo.example.net', 'web'],
    ]);
    history = [];
    guard = new SwitchGuard({
      epoch: () => epoch,
      presented: () => presented,
      subscribe: (listener) => {
        publish = listener;
        return () => {};
      },
    });
  });

  function commit(
    kind: string,
    options: { readonly switches: boolean; readonly presents?: Readonly<Record<string, string>> },
  ): void {
    if (options.switches) epoch += 1;
    if (options.presents !== undefined) presented = new Map(Object.entries(options.presents));
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

  const notPresented = (names: string) => ({
    tag: 'operation-failed',
    message: new RegExp(`^this connection was not presented .* over one that names ${names},`),
  });

  test('of a commit that changed the main certificate does not count from a client that was shown another', () => {
    commit('confirmed-commit', { switches: true, presents: { '': 'other', 'foo.example.net': 'web' } });
    assert.throws(() => guard.check(connection(2, 'foo.example.net'), session), notPresented('none of https/sni'));
    guard.check(connection(2), session);
    guard.check(connection(Number.POSITIVE_INFINITY), session);
  });

  test('of a commit that changed the certificate of a server name counts only from who names it', () => {
    commit('confirmed-commit', { switches: true, presents: { '': 'main', 'foo.example.net': 'other' } });
    assert.throws(() => guard.check(connection(2), session), notPresented('foo\\.example\\.net'));
    guard.check(connection(2, 'foo.example.net'), session);
  });

  test('of a commit that gives a name what it was shown before by another entry counts from any new connection', () => {
    commit('confirmed-commit', { switches: true, presents: { '': 'main', '*.example.net': 'web' } });
    assert.throws(() => guard.check(connection(2), session), notPresented('\\*\\.example\\.net'));
    guard.check(connection(2, '*.example.net'), session);
    commit('commit', { switches: false });
    const same = { '': 'main', '*.example.net': 'web', 'foo.example.net': 'web', 'bar.org': 'main' };
    commit('confirmed-commit', { switches: true, presents: same });
    guard.check(connection(3), session);
  });

  test('what is presented when the service opens is no change of the first commit', () => {
    epoch += 1;
    presented = new Map([
      ['', 'main'],
      ['foo.example.net', 'new'],
    ]);
    guard.begin();
    commit('confirmed-commit', { switches: true, presents: { '': 'other', 'foo.example.net': 'new' } });
    assert.throws(() => guard.check(connection(3, 'foo.example.net'), session), notPresented('none of https/sni'));
    guard.check(connection(3), session);
  });

  test('of a commit that extends one that changed a certificate needs that certificate still', () => {
    commit('confirmed-commit', { switches: true, presents: { '': 'other', 'foo.example.net': 'web' } });
    commit('confirmed-commit', { switches: true });
    assert.throws(() => guard.check(connection(2), session), /made before/);
    assert.throws(() => guard.check(connection(3, 'foo.example.net'), session), notPresented('none of https/sni'));
    guard.check(connection(3), session);
  });
});
