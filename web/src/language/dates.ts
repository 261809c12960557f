/**
 * Dates as clinicians read them, from what the standards write: FHIR (2026, 2026-11, 2026-11-24,
 * 2026-11-24T10:00:00Z) and DICOM (20261124).
 */

const DAY = /^(\d{4})-?(\d{2})-?(\d{2})$/;
const MONTH = /^(\d{4})-(\d{2})$/;

/** The moment meant; a date without time is that day here, not at midnight in Greenwich. */
export function moment(text: string): Date | null {
  const day = DAY.exec(text);
  if (day) return new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3]));
  const month = MONTH.exec(text);
  if (month) return new Date(Number(month[1]), Number(month[2]) - 1, 1);
  if (/^\d{4}$/.test(text)) return new Date(Number(text), 0, 1);
  const parsed = new Date(text);
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}

/** A date without its time, only as precise as it was given. */
export function formatDate(text: string | null | undefined, locale: string): string {
  if (!text) return '';
  const when = moment(text);
  if (!when) return text;
  if (/^\d{4}$/.test(text)) return text;
  const parts: Intl.DateTimeFormatOptions = MONTH.test(text)
    ? { year: 'numeric', month: 'short' }
    : { year: 'numeric', month: 'short', day: '2-digit' };
  return new Intl.DateTimeFormat(locale, parts).format(when);
}

/** A date with its time where it has one. */
export function formatMoment(text: string | null | undefined, locale: string): string {
  if (!text) return '';
  if (!text.includes('T')) return formatDate(text, locale);
  const when = moment(text);
  if (!when) return text;
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
  return `${formatDate(text, locale)} ${time.format(when)}`;
}

export function formatTime(when: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(when);
}
