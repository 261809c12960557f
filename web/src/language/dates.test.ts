import { describe, expect, it } from 'vitest';
import { formatDate, formatMoment, moment } from './dates';

describe('dates', () => {
  it('reads a day as that day here', () => {
    expect(moment('1980-05-01')?.getDate()).toBe(1);
    expect(moment('19800501')?.getMonth()).toBe(4);
  });

  it('shows no more than was recorded', () => {
    expect(formatDate('1980', 'en-GB')).toBe('1980');
    expect(formatDate('1980-05', 'en-GB')).toBe('May 1980');
    expect(formatDate('1980-05-01', 'en-GB')).toBe('01 May 1980');
  });

  it('shows a time only where there is one', () => {
    expect(formatMoment('2026-11-24', 'en-GB')).toBe('24 Nov 2026');
    expect(formatMoment('2026-11-24T10:05:00', 'en-GB')).toBe('24 Nov 2026 10:05');
  });

  it('leaves alone what it cannot read', () => {
    expect(formatDate('long ago', 'fr-FR')).toBe('long ago');
    expect(formatDate(null, 'fr-FR')).toBe('');
  });
});
