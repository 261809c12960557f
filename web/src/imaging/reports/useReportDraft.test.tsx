import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Report } from '~/api/types';
import { EMPTY } from './draft';
import { keepDraft, keptDraft } from './keptDraft';
import { useReportDraft } from './useReportDraft';

const STUDY = '1.2.3';
const report = (revision: number, conclusion: string): Report => ({
  ...EMPTY,
  conclusion,
  revision,
  status: 'draft',
  author: null,
  changed: null,
  addenda: [],
});

/** A server with one report, which refuses a save that is not based on its newest revision. */
class Server {
  report = report(1, 'first');
  down = false;

  answer = (_path: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    if (this.down) return Promise.reject(new TypeError('no network'));
    if (init?.method === 'PUT') {
      const sent = JSON.parse(init.body as string) as Report;
      if (sent.revision !== this.report.revision) {
        return Promise.resolve(Response.json({ error: 'conflict', message: 'stale' }, { status: 409 }));
      }
      this.report = { ...this.report, ...sent, revision: sent.revision + 1 };
      const { revision } = this.report;
      return Promise.resolve(Response.json({ revision, changed: '2026-11-24T12:00:00Z' }));
    }
    return Promise.resolve(Response.json(this.report));
  };
}

function open(server: Server) {
  vi.stubGlobal('fetch', server.answer);
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook(() => useReportDraft(STUDY, 'anna', server.report, true), { wrapper });
}

describe('useReportDraft', () => {
  let server: Server;
  beforeEach(() => {
    server = new Server();
  });
  afterEach(() => {
    sessionStorage.clear();
    vi.unstubAllGlobals();
  });

  it('saves after a pause in typing', async () => {
    const { result } = open(server);
    act(() => result.current.change({ conclusion: 'second' }));
    expect(result.current.saving.state).toBe('unsaved');
    await waitFor(() => expect(server.report.conclusion).toBe('second'), { timeout: 3000 });
    await waitFor(() => expect(result.current.saving.state).toBe('saved'));
    expect(keptDraft(STUDY, 'anna')).toBeNull();
  });

  it('bases every save on the one before', async () => {
    const { result } = open(server);
    act(() => result.current.change({ conclusion: 'a' }));
    await act(() => result.current.saveNow());
    act(() => result.current.change({ conclusion: 'b' }));
    await act(() => result.current.saveNow());
    expect(server.report).toMatchObject({ conclusion: 'b', revision: 3 });
  });

  it('overwrites nothing that somebody else saved, and lets the reader choose', async () => {
    const { result } = open(server);
    server.report = report(2, 'theirs');
    act(() => result.current.change({ conclusion: 'mine' }));
    await act(() => result.current.saveNow().catch(() => undefined));
    expect(server.report.conclusion).toBe('theirs');
    expect(result.current.conflict?.conclusion).toBe('theirs');

    act(() => result.current.keepMine());
    await waitFor(() => expect(server.report.conclusion).toBe('mine'));
    expect(result.current.conflict).toBeNull();
  });

  it('takes theirs when the reader says so', async () => {
    const { result } = open(server);
    server.report = report(2, 'theirs');
    act(() => result.current.change({ conclusion: 'mine' }));
    await act(() => result.current.saveNow().catch(() => undefined));
    act(() => result.current.takeTheirs());
    expect(result.current.content.conclusion).toBe('theirs');
    expect(keptDraft(STUDY, 'anna')).toBeNull();
  });

  it('keeps what was typed while the server is away', async () => {
    const { result } = open(server);
    server.down = true;
    act(() => result.current.change({ conclusion: 'typed' }));
    await act(() => result.current.saveNow().catch(() => undefined));
    expect(result.current.saving.state).toBe('failed');
    expect(keptDraft(STUDY, 'anna')?.content.conclusion).toBe('typed');
  });

  it('brings back what was typed before a reload', () => {
    keepDraft(STUDY, 'anna', { content: { ...EMPTY, conclusion: 'typed' }, revision: 1 });
    const { result } = open(server);
    expect(result.current.recovered).toBe(true);
    expect(result.current.content.conclusion).toBe('typed');
  });

  it('does not bring back the text of another user', () => {
    keepDraft(STUDY, 'bob', { content: { ...EMPTY, conclusion: 'typed' }, revision: 1 });
    expect(open(server).result.current.recovered).toBe(false);
  });
});
