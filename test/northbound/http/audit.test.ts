import assert from 'node:assert/strict';
import { beforeEach, describe, mock, test } from 'node:test';
import { type AuditEvent, AuditThrottle } from '../../../src/northbound/http/audit.js';

describe('audit of logins', () => {
  let reported: AuditEvent[];
  beforeEach(() => {
    reported = [];
  });
  const event = (user: string, kind: AuditEvent['kind'] = 'refused'): AuditEvent => ({
    kind,
    user,
    address: '192.0.2.1',
    method: 'password',
  });

  test('the first is reported at once, those alike are counted and told together', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const throttle = new AuditThrottle((each) => reported.push(each), { interval: 1000 });
    for (let count = 0; count < 100; count += 1) throttle.report(event('admin'));
    throttle.report(event('other'));
    throttle.report(event('admin', 'accepted'));
    assert.deepEqual(reported, [event('admin'), event('other'), event('admin', 'accepted')]);
    mock.timers.tick(1000);
    assert.deepEqual(reported.slice(3), [{ ...event('admin'), suppressed: 99 }]);
    throttle.report(event('admin'));
    assert.deepEqual(reported.at(-1), event('admin'));
    throttle.close();
    mock.timers.reset();
  });

  test('however many names are tried, little is written and what was left out is counted', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const throttle = new AuditThrottle((each) => reported.push(each), { interval: 1000, capacity: 3 });
    for (let count = 0; count < 50; count += 1) throttle.report(event(`user${count}`));
    assert.equal(reported.length, 3);
    mock.timers.tick(1000);
    throttle.report(event('admin'));
    assert.deepEqual(reported.at(-1), { ...event('admin'), suppressed: 47 });
    throttle.close();
    mock.timers.reset();
  });
});
