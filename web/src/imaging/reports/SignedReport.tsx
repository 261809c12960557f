import { Button, Group, PasswordInput, Stack, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api, path } from '~/api/client';
import type { Report } from '~/api/types';
import { useMay } from '~/access/session';
import { Dialog } from '~/design/Dialog';
import { Icon } from '~/design/Icon';
import { ErrorSays } from '~/design/Says';
import { tell } from '~/design/tell';
import { formatMoment } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage, useText } from '~/language/LanguageProvider';
import { inOrder } from './draft';
import { templatesQuery } from './templates';
import classes from './Report.module.css';

/** A report to be read: in the chart, as a prior, and after it was signed. */
export function SignedReport({
  study,
  report,
  mayAdd = false,
}: {
  study: string;
  report: Report;
  mayAdd?: boolean;
}) {
  const { t, locale, language } = useLanguage();
  const maySign = useMay('report.sign');
  const [adding, setAdding] = useState(false);
  const status = report.signed_status ?? report.status;
  const template = useQuery(templatesQuery(report.language ?? language)).data?.find(one => one.id === report.template);
  const title = (id: string) => template?.sections.find(section => section.id === id)?.title ?? id;
  return (
    <article className={classes.signed}>
      <Group justify="space-between">
        <span className={classes.status} data-status={status}>
          {t(`report.status.${status}` as Key)}
        </span>
        <Group gap="xs">
          {report.pdf && (
            <Button
              component="a"
              href={report.pdf}
              target="_blank"
              variant="default"
              leftSection={<Icon name="document" size={13} />}
            >
              {t('report.pdf')}
            </Button>
          )}
          {mayAdd && maySign && (
            <Button variant="default" onClick={() => setAdding(true)}>
              {t('report.addAddendum')}
            </Button>
          )}
        </Group>
      </Group>
      {report.critical && <p className={classes.critical}>{t('report.critical')}</p>}
      {inOrder(report.sections, template)
        .filter(([, text]) => text.trim() !== '')
        .map(([id, text]) => (
          <section key={id}>
            <h3>{title(id)}</h3>
            <p>{text}</p>
          </section>
        ))}
      <section>
        <h3>{t('report.conclusion')}</h3>
        <p>{report.conclusion || <span className="quiet">{t('report.empty')}</span>}</p>
      </section>
      {report.follow_up && (
        <section>
          <h3>{t('report.followUp')}</h3>
          <p>{report.follow_up}</p>
        </section>
      )}
      {report.addenda.map((addendum, index) => (
        <section key={index}>
          <h3>
            {t('report.addendum')} <span className="quiet">
              {addendum.author}, {formatMoment(addendum.when, locale)}
            </span>
          </h3>
          <p>{addendum.text}</p>
        </section>
      ))}
      {report.signed_by && (
        <footer className="quiet">
          {t('report.signedBy', { name: report.signed_by, when: formatMoment(report.signed_at, locale) })}
        </footer>
      )}
      <AddendumDialog opened={adding} study={study} onClose={() => setAdding(false)} />
    </article>
  );
}

function AddendumDialog({ opened, study, onClose }: { opened: boolean; study: string; onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [password, setPassword] = useState('');
  const add = useMutation({
    mutationFn: () => api.post(path`/api/studies/${study}/report/addendum`, { text, password }),
    onSuccess: async () => {
      tell(t('report.addendumSigned'));
      setText('');
      await Promise.all([
        client.invalidateQueries({ queryKey: ['report', study] }),
        client.invalidateQueries({ queryKey: ['study', study] }),
      ]);
      onClose();
    },
    onSettled: () => setPassword(''),
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate();
  }

  return (
    <Dialog opened={opened} onClose={onClose} title={t('report.addAddendum')}>
      <form onSubmit={submit}>
        <Stack>
          <Textarea
            label={t('report.addendumText')}
            autosize
            minRows={4}
            required
            data-autofocus
            value={text}
            onChange={event => setText(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('signIn.password')}
            autoComplete="current-password"
            required
            value={password}
            onChange={event => setPassword(event.currentTarget.value)}
          />
          {add.error && <ErrorSays error={add.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={add.isPending}>
              {t('report.sign')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
