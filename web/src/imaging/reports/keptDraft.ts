import type { Content } from './draft';

/**
 * The last words typed, kept in the tab until the server has them. In the tab's storage and not the
 * browser's: it survives a reload, and ends with the tab, so that the next user of a shared machine
 * does not find it.
 */
export interface KeptDraft {
  content: Content;
  revision: number;
}

const keyOf = (study: string, username: string) => `vesalius.draft.${username}.${study}`;

export function keepDraft(study: string, username: string, draft: KeptDraft): void {
  sessionStorage.setItem(keyOf(study, username), JSON.stringify(draft));
}

export function keptDraft(study: string, username: string): KeptDraft | null {
  const text = sessionStorage.getItem(keyOf(study, username));
  if (text === null) return null;
  try {
    return JSON.parse(text) as KeptDraft;
  } catch {
    return null;
  }
}

export function forgetDraft(study: string, username: string): void {
  sessionStorage.removeItem(keyOf(study, username));
}
