/** The server's news as they happen (text/event-stream), whatever their names are. */

export interface News {
  name: string;
  data: Record<string, unknown>;
}

/** Cuts a stream of text into events, after the HTML standard's section on server-sent events. */
export class EventCutter {
  private rest = '';

  feed(text: string): News[] {
    this.rest += text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
    const news: News[] = [];
    for (;;) {
      const end = this.rest.indexOf('\n\n');
      if (end < 0) return news;
      const found = parse(this.rest.slice(0, end));
      this.rest = this.rest.slice(end + 2);
      if (found) news.push(found);
    }
  }
}

function parse(block: string): News | null {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  if (data.length === 0) return null;
  try {
    return { name, data: JSON.parse(data.join('\n')) as Record<string, unknown> };
  } catch {
    return null;
  }
}

export type Connection = 'connecting' | 'live' | 'lost';

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;

/**
 * Listens until `signal` aborts; connects again by itself, ever more slowly. `onReconnected` is
 * called after a gap, since news may have been missed in it.
 */
export async function listen(
  path: string,
  signal: AbortSignal,
  told: {
    news: (news: News) => void;
    connection: (connection: Connection) => void;
    reconnected: () => void;
  },
): Promise<void> {
  let wait = FIRST_RETRY_MS;
  let gap = false;
  while (!signal.aborted) {
    told.connection(gap ? 'lost' : 'connecting');
    try {
      const response = await fetch(path, {
        signal,
        headers: { Accept: 'text/event-stream' },
        credentials: 'same-origin',
      });
      if (response.status === 401 || response.status === 403) return;
      if (!response.ok || !response.body) throw new Error(String(response.status));
      told.connection('live');
      if (gap) told.reconnected();
      wait = FIRST_RETRY_MS;
      const cutter = new EventCutter();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const news of cutter.feed(value)) told.news(news);
      }
    } catch {
      if (signal.aborted) return;
    }
    gap = true;
    told.connection('lost');
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_RETRY_MS);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
