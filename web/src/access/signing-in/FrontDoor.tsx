import { Group, Title, UnstyledButton } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import type { Language } from '~/api/types';
import { LANGUAGE_NAMES, useLanguage } from '~/language/LanguageProvider';
import classes from './FrontDoor.module.css';

/** The page before the house: one small sheet, and the choice of language. */
export function FrontDoor({ title, children }: { title: string; children: ReactNode }) {
  const { t, language, setLanguage } = useLanguage();
  useDocumentTitle(`${title} · ${t('app.name')}`);
  return (
    <main className={classes.door}>
      <section className={`sheet ${classes.sheet}`}>
        <Group gap="sm" mb="lg">
          <img src="/favicon.svg" width={30} height={30} alt="" />
          <div>
            <div className={classes.brand}>{t('app.name')}</div>
            <Title order={1}>{title}</Title>
          </div>
        </Group>
        {children}
      </section>
      <Group gap="md" justify="center">
        {(Object.entries(LANGUAGE_NAMES) as [Language, string][]).map(([code, name]) => (
          <UnstyledButton
            key={code}
            lang={code}
            className={classes.language}
            aria-pressed={code === language}
            onClick={() => setLanguage(code)}
          >
            {name}
          </UnstyledButton>
        ))}
      </Group>
      <p className={classes.notice}>{t('app.notCertified')}</p>
    </main>
  );
}
