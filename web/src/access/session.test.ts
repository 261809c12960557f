import { describe, expect, it } from 'vitest';
import type { Session } from '~/api/types';
import { permits } from './session';

const session = (permissions: string[]): Session => ({
  username: 'anna',
  display: 'Anna',
  roles: [],
  permissions,
  csrf_token: '',
  language: null,
});

describe('permits', () => {
  it('denies without a session', () => {
    expect(permits(null, 'study.read')).toBe(false);
  });

  it('takes a star after the colon for every type', () => {
    expect(permits(session(['record.read:*']), 'record.read:Patient')).toBe(true);
    expect(permits(session(['record.read:Patient']), 'record.read:Observation')).toBe(false);
  });

  it('does not take one permission for another', () => {
    expect(permits(session(['report.write']), 'report.sign')).toBe(false);
  });
});
