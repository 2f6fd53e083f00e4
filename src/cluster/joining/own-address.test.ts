import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { boardNameFor, ownAddress, splitAddress, withPort } from './own-address.ts';

function at(address: string, internal = false): NetworkInterfaceInfo {
  const family = address.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const };
  return { address, netmask: '', mac: '', internal, cidr: null, ...family };
}

test('a machine is named by the address that its neighbours are most likely to reach', () => {
  const cases: [Record<string, NetworkInterfaceInfo[]>, string | undefined][] = [
    [{ lo: [at('127.0.0.1', true)], eth0: [at('198.51.100.7'), at('10.0.0.5')] }, '10.0.0.5'],
    [{ eth0: [at('fe80::1'), at('fd00::5')] }, 'fd00::5'],
    [{ eth0: [at('2001:db8::5'), at('198.51.100.7')] }, '198.51.100.7'],
    [{ eth0: [at('2001:db8::5')] }, '2001:db8::5'],
    [{ lo: [at('127.0.0.1', true)], eth0: [at('fe80::1')] }, undefined],
  ];
  for (const [interfaces, expected] of cases) assert.equal(ownAddress(interfaces), expected);
});

test('an address has a port, the usual one unless it is said', () => {
  const cases = [
    ['10.0.0.5', '10.0.0.5:8470'],
    ['10.0.0.5:443', '10.0.0.5:443'],
    ['fd00::5', '[fd00::5]:8470'],
    ['[fd00::5]:443', '[fd00::5]:443'],
    ['b1.example.org', 'b1.example.org:8470'],
    ['b1.example.org:8471', 'b1.example.org:8471'],
    ['', undefined],
    ['a/b', undefined],
    ['user@host', undefined],
    ['10.0.0.5:99999', undefined],
  ] as const;
  for (const [text, expected] of cases) assert.equal(withPort(text, 8470), expected, text);
  assert.deepEqual(splitAddress('[fd00::5]:443'), { host: 'fd00::5', port: 443 });
  assert.deepEqual(splitAddress('10.0.0.5:8470'), { host: '10.0.0.5', port: 8470 });
});

test('a host name makes a name of a board', () => {
  const cases = [
    ['b7', 'b7'],
    ['Node-03.rack.example.org', 'node-03'],
    ['_odd_', 'odd'],
    ['', 'board'],
    ['x'.repeat(63), 'x'.repeat(30)],
  ] as const;
  for (const [host, expected] of cases) assert.equal(boardNameFor(host), expected);
});
