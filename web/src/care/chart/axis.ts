import { moment } from '~/language/dates';

/** The part of time that the axis shows, in milliseconds. */
export interface Span {
  from: number;
  to: number;
}

export const DAY = 86_400_000;
export const YEAR = 365.25 * DAY;
const SHORTEST = 14 * DAY;
const LONGEST = 120 * YEAR;

/** Where a moment stands between 0 (start) and 1 (end). */
export function place(when: number, span: Span): number {
  return (when - span.from) / (span.to - span.from);
}

/** From the first entry to today, with a little air on both sides. */
export function spanOf(moments: number[], now: number): Span {
  const from = Math.min(now - 90 * DAY, ...moments);
  const to = Math.max(now, ...moments);
  const air = (to - from) * 0.03;
  return { from: from - air, to: to + air };
}

/** Closer or farther around a point between 0 and 1. */
export function zoomed(span: Span, factor: number, around: number): Span {
  const length = span.to - span.from;
  const next = Math.min(LONGEST, Math.max(SHORTEST, length * factor));
  const fixed = span.from + length * around;
  return { from: fixed - next * around, to: fixed + next * (1 - around) };
}

export function moved(span: Span, share: number): Span {
  const by = (span.to - span.from) * share;
  return { from: span.from + by, to: span.to + by };
}

const MONTH_STEPS = [1, 3, 6, 12, 24, 60, 120, 240];

/** The dates written below the axis: round ones, at most `most` of them. */
export function ticks(span: Span, most: number): Date[] {
  const months = (span.to - span.from) / (YEAR / 12);
  const step = MONTH_STEPS.find(candidate => months / candidate <= most) ?? 240;
  const first = new Date(span.from);
  const start = Math.ceil((first.getFullYear() * 12 + first.getMonth() + 1) / step) * step;
  const found: Date[] = [];
  for (let month = start; ; month += step) {
    const tick = new Date(Math.floor(month / 12), month % 12, 1);
    if (tick.getTime() > span.to) return found;
    if (tick.getTime() >= span.from) found.push(tick);
  }
}

export interface Cluster<Entry> {
  at: number;
  entries: Entry[];
}

/** Entries too close to be told apart stand together, `gap` being a share of the axis. */
export function clusters<Entry extends { when: string }>(
  entries: Entry[],
  span: Span,
  gap: number,
): Cluster<Entry>[] {
  const placed = entries
    .map(entry => ({ entry, at: place(moment(entry.when)?.getTime() ?? 0, span) }))
    .filter(({ at }) => at >= 0 && at <= 1)
    .sort((a, b) => a.at - b.at);
  const found: Cluster<Entry>[] = [];
  for (const { entry, at } of placed) {
    const last = found.at(-1);
    if (last && at - last.at < gap) last.entries.push(entry);
    else found.push({ at, entries: [entry] });
  }
  return found;
}
