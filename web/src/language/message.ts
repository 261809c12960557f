import type { Message } from './en';

export type Parameters = Record<string, string | number>;

/** A message with its parameters put in; a plural one is chosen by `count` in the language's rules. */
export function say(message: Message, parameters: Parameters, language: string): string {
  const text = typeof message === 'string' ? message : plural(message, parameters.count, language);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = parameters[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
  });
}

function plural(
  message: Exclude<Message, string>,
  count: string | number | undefined,
  language: string,
): string {
  const rule = new Intl.PluralRules(language).select(Number(count ?? 0));
  return message[rule] ?? message.other;
}
