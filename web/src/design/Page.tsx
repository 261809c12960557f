import { Group, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { type ReactNode } from 'react';
import { useText } from '~/language/LanguageProvider';
import classes from './Page.module.css';

/** The frame of an ordinary page: a title, what can be done, the content. */
export function Page({
  title,
  aside,
  actions,
  children,
  wide = false,
}: {
  title: string;
  aside?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}) {
  const t = useText();
  useDocumentTitle(`${title} · ${t('app.name')}`);
  return (
    <div className={classes.page} data-wide={wide || undefined}>
      <Group className={classes.head} justify="space-between" gap="sm">
        <Group gap="sm" align="baseline">
          <Title order={1}>{title}</Title>
          {aside && <span className="quiet">{aside}</span>}
        </Group>
        <Group gap="xs">{actions}</Group>
      </Group>
      {children}
    </div>
  );
}
