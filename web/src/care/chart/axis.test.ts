import { describe, expect, it } from 'vitest';
import { clusters, DAY, moved, place, spanOf, ticks, YEAR, zoomed } from './axis';

const NOW = new Date(2026, 10, 24).getTime();

describe('spanOf', () => {
  it('holds every entry and today', () => {
    const first = new Date(1990, 0, 1).getTime();
    const span = spanOf([first], NOW);
    expect(place(first, span)).toBeGreaterThan(0);
    expect(place(NOW, span)).toBeLessThan(1);
  });

  it('shows some months of a patient without history', () => {
    const span = spanOf([], NOW);
    expect(span.to - span.from).toBeGreaterThan(80 * DAY);
  });
});

describe('zoomed', () => {
  it('keeps the point under the pointer where it is', () => {
    const span = { from: 0, to: 10 * YEAR };
    expect(place(2.5 * YEAR, zoomed(span, 0.5, 0.25))).toBeCloseTo(0.25);
  });

  it('goes no closer than two weeks', () => {
    const span = zoomed({ from: 0, to: 15 * DAY }, 0.01, 0.5);
    expect(span.to - span.from).toBe(14 * DAY);
  });
});

describe('moved', () => {
  it('moves by a share of what is shown', () => {
    expect(moved({ from: 0, to: 100 }, 0.1)).toEqual({ from: 10, to: 110 });
  });
});

describe('ticks', () => {
  it('are round dates, not more than asked', () => {
    const span = { from: new Date(1971, 3, 5).getTime(), to: NOW };
    const found = ticks(span, 10);
    expect(found.length).toBeLessThanOrEqual(10);
    expect(found.every(tick => tick.getMonth() === 0 && tick.getFullYear() % 10 === 0)).toBe(true);
  });

  it('are months when the span is short', () => {
    const found = ticks({ from: new Date(2026, 0, 15).getTime(), to: new Date(2026, 6, 15).getTime() }, 8);
    expect(found.map(tick => tick.getMonth())).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('clusters', () => {
  it('joins what cannot be told apart and drops what is outside', () => {
    const span = { from: new Date(2020, 0, 1).getTime(), to: new Date(2021, 0, 1).getTime() };
    const entries = ['2020-03-01', '2020-03-02', '2020-09-01', '2019-12-31'].map(when => ({ when }));
    const found = clusters(entries, span, 0.02);
    expect(found.map(cluster => cluster.entries.length)).toEqual([2, 1]);
  });
});
