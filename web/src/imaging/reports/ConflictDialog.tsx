import { Button, Group, Stack, Text } from '@mantine/core';
import type { Report, ReportTemplate } from '~/api/types';
import { useText } from '~/language/LanguageProvider';
import { Dialog } from '~/design/Dialog';
import type { Content } from './draft';
import classes from './Report.module.css';

/** Two people, or two windows, wrote one draft: both are shown, one is chosen. */
export function ConflictDialog({
  mine,
  theirs,
  template,
  keepMine,
  takeTheirs,
}: {
  mine: Content;
  theirs: Report;
  template: ReportTemplate | null;
  keepMine: () => void;
  takeTheirs: () => void;
}) {
  const t = useText();
  const title = (id: string) => template?.sections.find(section => section.id === id)?.title ?? id;
  return (
    <Dialog opened onClose={() => undefined} withCloseButton={false} closeOnEscape={false} size="xl" title={t('report.conflict')}>
      <Stack>
        <Text size="sm">{t('report.conflictIntro')}</Text>
        <Group grow align="stretch">
          {[
            { says: t('report.mine'), content: mine },
            { says: t('report.theirs'), content: theirs },
          ].map(({ says, content }) => (
            <section key={says} className={`sheet ${classes.version}`}>
              <h2>{says}</h2>
              {Object.entries(content.sections).map(([id, text]) => (
                <p key={id}>
                  <b>{title(id)}</b> {text}
                </p>
              ))}
              <p>
                <b>{t('report.conclusion')}</b> {content.conclusion}
              </p>
            </section>
          ))}
        </Group>
        <Group grow>
          <Button variant="default" onClick={keepMine}>
            {t('report.keepMine')}
          </Button>
          <Button variant="default" onClick={takeTheirs}>
            {t('report.takeTheirs')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
