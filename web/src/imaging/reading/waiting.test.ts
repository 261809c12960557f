import { describe, expect, it } from 'vitest';
import type { ReadingItem } from '~/api/types';
import { nextCase, waitingOf } from './waiting';

const NOW = new Date('2026-11-24T12:00:00Z').getTime();

const item = (uid: string, more: Partial<ReadingItem> = {}): ReadingItem => ({
  study_instance_uid: uid,
  patient: { id: '1', name: 'A', mrn: '1', birthDate: null, sex: null },
  order: null,
  accession_number: null,
  modality: 'CT',
  body_part: null,
  description: null,
  study_date: null,
  arrived: '2026-11-24T11:00:00Z',
  arriving: false,
  priority: 'routine',
  waiting_seconds: 0,
  status: 'unread',
  claimed_by: null,
  claimed_by_username: null,
  instances: 1,
  series: 1,
  priors: 0,
  report: null,
  ...more,
});

describe('waitingOf', () => {
  it('is impatient with STAT only', () => {
    expect(waitingOf(item('1'), NOW)).toEqual({ minutes: 60, overdue: false });
    expect(waitingOf(item('1', { priority: 'stat' }), NOW).overdue).toBe(true);
  });

  it('is never negative when clocks differ', () => {
    expect(waitingOf(item('1', { arrived: '2026-11-24T12:05:00Z' }), NOW).minutes).toBe(0);
  });
});

describe('nextCase', () => {
  it('takes the most urgent, then the one that waited longest', () => {
    const items = [
      item('routine old', { arrived: '2026-11-20T00:00:00Z' }),
      item('stat new', { priority: 'stat' }),
      item('stat old', { priority: 'stat', arrived: '2026-11-24T09:00:00Z' }),
    ];
    expect(nextCase(items, '', 'anna')?.study_instance_uid).toBe('stat old');
  });

  it('passes over what others read, what is signed and what is open', () => {
    const items = [
      item('theirs', { claimed_by_username: 'bob', status: 'claimed' }),
      item('signed', { status: 'signed' }),
      item('this'),
      item('mine', { claimed_by_username: 'anna', status: 'claimed' }),
    ];
    expect(nextCase(items, 'this', 'anna')?.study_instance_uid).toBe('mine');
    expect(nextCase(items.slice(0, 3), 'this', 'anna')).toBeNull();
  });
});
