import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { Language } from '~/api/types';
import { en, type Catalogue, type Key } from './en';
import { fr } from './fr';
import { say, type Parameters } from './message';

export const CATALOGUES: Record<Language, Catalogue> = { en, fr };
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', fr: 'Français' };

/** Dates and numbers follow the language; English ones are day-month-year, as clinics write them. */
const LOCALES: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' };
const RIGHT_TO_LEFT = /^(?:ar|he|fa|ur)\b/;
const REMEMBERED = 'vesalius.language';

interface Spoken {
  language: Language;
  locale: string;
  t: (key: Key, parameters?: Parameters) => string;
  setLanguage: (language: Language) => void;
}

const LanguageContext = createContext<Spoken | null>(null);

function isLanguage(value: string | null | undefined): value is Language {
  return value !== null && value !== undefined && Object.hasOwn(CATALOGUES, value);
}

function firstLanguage(): Language {
  const remembered = localStorage.getItem(REMEMBERED);
  if (isLanguage(remembered)) return remembered;
  const preferred = navigator.languages.map(tag => tag.split('-')[0]);
  return preferred.find(isLanguage) ?? 'en';
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(firstLanguage);

  const setLanguage = useCallback((next: string) => {
    if (!isLanguage(next)) return;
    localStorage.setItem(REMEMBERED, next);
    choose(next);
  }, []);

  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = RIGHT_TO_LEFT.test(language) ? 'rtl' : 'ltr';
  }, [language]);

  const spoken = useMemo<Spoken>(() => {
    const locale = LOCALES[language];
    return {
      language,
      locale,
      setLanguage,
      t: (key, parameters = {}) => say(CATALOGUES[language][key], parameters, locale),
    };
  }, [language, setLanguage]);

  return <LanguageContext value={spoken}>{children}</LanguageContext>;
}

export function useLanguage(): Spoken {
  const spoken = useContext(LanguageContext);
  if (!spoken) throw new Error('no language around this component');
  return spoken;
}

export function useText(): Spoken['t'] {
  return useLanguage().t;
}
