import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, ApiError, path } from '~/api/client';
import type { Report, SavedDraft } from '~/api/types';
import { reportQuery } from './report';
import { contentOf, sameContent, type Content } from './draft';
import { forgetDraft, keepDraft, keptDraft } from './keptDraft';

/** A pause in typing after which a draft is saved. */
const SAVE_AFTER_MS = 900;

export type Saving =
  | { state: 'saved'; at: Date | null }
  | { state: 'unsaved' }
  | { state: 'saving' }
  | { state: 'failed'; error: unknown };

export interface ReportDrafting {
  content: Content;
  change: (part: Partial<Content>) => void;
  saving: Saving;
  /** Somebody else saved meanwhile: theirs, to be chosen from. */
  conflict: Report | null;
  keepMine: () => void;
  takeTheirs: () => void;
  /** Resolves when the server has everything; rejects when it has not. */
  saveNow: () => Promise<void>;
  /** Text that had not reached the server before the page was left was brought back. */
  recovered: boolean;
}

/**
 * Saves a draft while it is typed. Each save says which revision it is based on; when that is not
 * the newest any more nothing is overwritten: the reader chooses.
 */
export function useReportDraft(
  study: string,
  username: string,
  report: Report | null,
  writable: boolean,
): ReportDrafting {
  const client = useQueryClient();
  const [start] = useState(() => beginning(study, username, report));
  const [content, setContent] = useState(start.content);
  const [saving, setSaving] = useState<Saving>(start.recovered ? { state: 'unsaved' } : { state: 'saved', at: null });
  const [conflict, setConflict] = useState<Report | null>(null);

  const revision = useRef(start.revision);
  const saved = useRef(start.saved);
  const latest = useRef(content);
  const running = useRef<Promise<void> | null>(null);

  const send = useCallback(async () => {
    const sent = latest.current;
    if (sameContent(sent, saved.current)) return;
    setSaving({ state: 'saving' });
    try {
      const answer = await api.put<SavedDraft>(path`/api/studies/${study}/report`, { ...sent, revision: revision.current });
      revision.current = answer.revision;
      saved.current = sent;
      if (sameContent(sent, latest.current)) forgetDraft(study, username);
      client.setQueryData(reportQuery(study).queryKey, before =>
        before ? { ...before, ...sent, ...answer, status: 'draft' as const } : before,
      );
      setSaving({ state: 'saved', at: new Date() });
    } catch (error) {
      setSaving({ state: 'failed', error });
      if (error instanceof ApiError && error.status === 409) {
        setConflict(await api.get<Report>(path`/api/studies/${study}/report`));
      }
      throw error;
    }
  }, [client, study, username]);

  /** One save at a time, the next one based on the revision the last one made. */
  const saveNow = useCallback((): Promise<void> => {
    const after = (running.current ?? Promise.resolve()).catch(() => undefined).then(send);
    running.current = after;
    return after;
  }, [send]);

  const change = useCallback(
    (part: Partial<Content>) => {
      latest.current = { ...latest.current, ...part };
      setContent(latest.current);
      setSaving({ state: 'unsaved' });
      keepDraft(study, username, { content: latest.current, revision: revision.current });
    },
    [study, username],
  );

  useEffect(() => {
    if (!writable || conflict || sameContent(content, saved.current)) return;
    const timer = setTimeout(() => void saveNow().catch(() => undefined), SAVE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [content, conflict, saveNow, writable]);

  // Leaving for another page saves too; leaving the tab keeps the draft in it.
  useEffect(() => {
    return () => {
      if (writable && !sameContent(latest.current, saved.current)) void saveNow().catch(() => undefined);
    };
  }, [saveNow, writable]);

  const keepMine = useCallback(() => {
    if (!conflict) return;
    revision.current = conflict.revision;
    setConflict(null);
    void saveNow().catch(() => undefined);
  }, [conflict, saveNow]);

  const takeTheirs = useCallback(() => {
    if (!conflict) return;
    revision.current = conflict.revision;
    saved.current = contentOf(conflict);
    latest.current = saved.current;
    setContent(saved.current);
    setConflict(null);
    setSaving({ state: 'saved', at: null });
    forgetDraft(study, username);
  }, [conflict, study, username]);

  return {
    content,
    change,
    saving,
    conflict,
    keepMine,
    takeTheirs,
    saveNow,
    recovered: start.recovered,
  };
}

function beginning(study: string, username: string, report: Report | null) {
  const saved = contentOf(report);
  const kept = keptDraft(study, username);
  const recovered = kept !== null && !sameContent(kept.content, saved);
  return {
    saved,
    content: recovered ? kept.content : saved,
    // Based on what it was typed over, so that a change elsewhere is noticed.
    revision: recovered ? kept.revision : (report?.revision ?? 0),
    recovered,
  };
}
