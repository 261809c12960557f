import type { ReadingItem } from '~/api/types';

export interface Waiting {
  minutes: number;
  /** Longer than a study of this priority should wait. */
  overdue: boolean;
}

/** Minutes after which a waiting study is pointed out, by priority. */
const PATIENCE_MINUTES: Record<string, number> = { stat: 30, asap: 120, urgent: 240, routine: 2880 };

/** How long a study has waited to be read, counted here so that it goes on between two fetches. */
export function waitingOf(item: Pick<ReadingItem, 'arrived' | 'priority'>, now: number): Waiting {
  const minutes = Math.max(0, Math.floor((now - new Date(item.arrived).getTime()) / 60_000));
  return { minutes, overdue: minutes > (PATIENCE_MINUTES[item.priority] ?? Infinity) };
}

const RANK: Record<string, number> = { stat: 0, asap: 1, urgent: 2, routine: 3 };

/** Whether a study is still to be read by somebody. */
export function isOpen(item: Pick<ReadingItem, 'status'>): boolean {
  return item.status !== 'signed';
}

/**
 * The study to read after this one: what waits for me or for nobody, the most urgent first, and of
 * these the one that has waited longest.
 */
export function nextCase(items: ReadingItem[], current: string, username: string): ReadingItem | null {
  const free = items.filter(
    item =>
      item.study_instance_uid !== current &&
      isOpen(item) &&
      (item.claimed_by_username === null || item.claimed_by_username === username),
  );
  free.sort(
    (a, b) =>
      (RANK[a.priority] ?? 9) - (RANK[b.priority] ?? 9) ||
      new Date(a.arrived).getTime() - new Date(b.arrived).getTime(),
  );
  return free[0] ?? null;
}
