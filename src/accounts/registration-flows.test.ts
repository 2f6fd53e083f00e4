import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON } from './applications.ts';
import { PROOF_OF_WORK } from './proof-of-work.ts';
import { type FlowSettings, registrationFlows } from './registration-flows.ts';

const TERMS = 'm.login.terms';
const TOKEN = 'm.login.registration_token';

const cases: readonly (readonly [Partial<FlowSettings>, readonly (readonly string[])[]])[] = [
  [{}, [['m.login.dummy']]],
  [{ hasTerms: true }, [[TERMS]]],
  [{ work: 'optional' }, [['m.login.dummy'], [PROOF_OF_WORK]]],
  [{ work: 'required' }, [[PROOF_OF_WORK]]],
  [{ work: 'required', hasTerms: true }, [[PROOF_OF_WORK, TERMS]]],
  [{ asksReason: true }, [['m.login.dummy']]],
  [{ mode: 'approval', asksReason: true, hasTerms: true }, [[REASON, TERMS]]],
  [{ mode: 'approval', work: 'optional' }, [['m.login.dummy'], [PROOF_OF_WORK]]],
  [{ mode: 'approval', asksReason: true, work: 'required' }, [[PROOF_OF_WORK, REASON]]],
  [{ mode: 'token', work: 'required', asksReason: true }, [[TOKEN]]],
  [{ mode: 'token', hasTerms: true }, [[TOKEN, TERMS]]],
];

test('each way to be let in asks for what it needs', () => {
  for (const [settings, flows] of cases) {
    const all: FlowSettings = { mode: 'open', hasTerms: false, asksReason: false, work: 'none', ...settings };
    assert.deepEqual(registrationFlows(all), flows, JSON.stringify(settings));
  }
});
