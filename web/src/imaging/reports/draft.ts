import type { Report, ReportDraft, ReportTemplate } from '~/api/types';

/** What the reader typed: a draft without the revision it is based on. */
export type Content = Omit<ReportDraft, 'revision'>;

export const EMPTY: Content = {
  template: null,
  language: null,
  sections: {},
  conclusion: '',
  critical: false,
  follow_up: null,
};

export function contentOf(draft: ReportDraft | null | undefined): Content {
  if (!draft) return EMPTY;
  const { template, language, sections, conclusion, critical, follow_up } = draft;
  return { template, language, sections, conclusion, critical, follow_up };
}

export function sameContent(a: Content, b: Content): boolean {
  const text = (content: Content) =>
    JSON.stringify([
      content.template,
      Object.entries(content.sections)
        .filter(([, value]) => value !== '')
        .sort(([one], [other]) => one.localeCompare(other)),
      content.conclusion,
      content.critical,
      content.follow_up ?? '',
    ]);
  return text(a) === text(b);
}

/** A draft in a template: its own texts stay, empty sections begin with the template's. */
export function inTemplate(content: Content, template: ReportTemplate): Content {
  const sections = Object.fromEntries(
    template.sections.map(section => [section.id, content.sections[section.id] || section.text]),
  );
  // A text whose section the new template does not have is kept below its conclusion, never dropped.
  const homeless = Object.entries(content.sections)
    .filter(([id, text]) => text.trim() !== '' && !(id in sections))
    .map(([, text]) => text);
  return {
    ...content,
    template: template.id,
    language: template.language,
    sections,
    conclusion: [content.conclusion, ...homeless].filter(Boolean).join('\n\n'),
  };
}

/** Titles of what must not be empty and is. */
export function missing(content: Content, template: ReportTemplate, conclusion: string): string[] {
  const empty = template.sections
    .filter(section => section.required && !(content.sections[section.id] ?? '').trim())
    .map(section => section.title);
  return content.conclusion.trim() === '' ? [...empty, conclusion] : empty;
}

/** The texts of a report in the order of its template; whatever that does not know comes last. */
export function inOrder(
  sections: Record<string, string>,
  template: ReportTemplate | undefined,
): [string, string][] {
  const order = template?.sections.map(section => section.id) ?? [];
  const rank = (id: string) => (order.includes(id) ? order.indexOf(id) : order.length);
  return Object.entries(sections).sort(([one], [other]) => rank(one) - rank(other));
}

const FINISHED = new Set(['final', 'amended', 'appended']);

/** Whether nothing can be changed any more but by an addendum. */
export function isSigned(report: Report | null): report is Report & { signed_status: string } {
  return report !== null && FINISHED.has(report.status);
}

const MACRO = /(^|\s)\.([\p{L}\p{N}_-]+)$/u;

/**
 * A macro is written out when a space follows its key: `.normal ` becomes its text. Returns the new
 * text and where the caret goes, or null when there is no such key before the caret.
 */
export function expandMacro(
  text: string,
  caret: number,
  macros: { key: string; text: string }[],
): { text: string; caret: number } | null {
  const before = text.slice(0, caret);
  const found = MACRO.exec(before);
  const macro = found && macros.find(one => one.key.toLowerCase() === found[2]?.toLowerCase());
  if (!found || !macro) return null;
  const start = before.length - (found[2]?.length ?? 0) - 1;
  const written = `${macro.text} `;
  return { text: text.slice(0, start) + written + text.slice(caret), caret: start + written.length };
}
