import { Alert, Button, Group, PasswordInput, SegmentedControl, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api, ApiError, path } from '~/api/client';
import { useSession } from '~/access/session';
import { Dialog } from '~/design/Dialog';
import { ErrorSays } from '~/design/Says';
import { tell } from '~/design/tell';
import { useText } from '~/language/LanguageProvider';

/** The reader says once more who they are, and signs. */
export function SignDialog({
  opened,
  study,
  gaps,
  critical,
  saveNow,
  onClose,
  onSigned,
}: {
  opened: boolean;
  study: string;
  gaps: string[];
  critical: boolean;
  saveNow: () => Promise<void>;
  onClose: () => void;
  onSigned: (next: boolean) => void;
}) {
  const t = useText();
  const client = useQueryClient();
  const session = useSession();
  const [password, setPassword] = useState('');
  const [status, setStatus] = useState<'preliminary' | 'final'>('final');
  const [next, setNext] = useState(false);

  const sign = useMutation({
    mutationFn: async () => {
      await saveNow();
      await api.post(path`/api/studies/${study}/report/sign`, { password, status });
    },
    onSuccess: async () => {
      tell(t('report.signed'));
      await Promise.all([
        client.invalidateQueries({ queryKey: ['report', study] }),
        client.invalidateQueries({ queryKey: ['study', study] }),
        client.invalidateQueries({ queryKey: ['reading-list'] }),
      ]);
      onClose();
      onSigned(next);
    },
    onSettled: () => setPassword(''),
  });
  const blocked = status === 'final' && gaps.length > 0;
  const wrong = sign.error instanceof ApiError && (sign.error.status === 401 || sign.error.status === 403);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!blocked) sign.mutate();
  }

  return (
    <Dialog opened={opened} onClose={onClose} title={t('report.signTitle')}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t('report.signHint', { name: session?.display ?? '' })}</Text>
          <SegmentedControl
            aria-label={t('report.signAs')}
            value={status}
            onChange={value => setStatus(value as typeof status)}
            data={[
              { value: 'final', label: t('report.signFinal') },
              { value: 'preliminary', label: t('report.signPreliminary') },
            ]}
          />
          {critical && (
            <Alert color="red" role="alert">
              {t('report.signCritical')}
            </Alert>
          )}
          {blocked && (
            <Text size="sm" c="var(--danger)" role="alert">
              {t('report.missing', { sections: gaps.join(', ') })}
            </Text>
          )}
          <PasswordInput
            label={t('signIn.password')}
            autoComplete="current-password"
            data-autofocus
            value={password}
            error={wrong ? t('signIn.wrong') : null}
            onChange={event => setPassword(event.currentTarget.value)}
          />
          {sign.error && !wrong && <ErrorSays error={sign.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button
              type="submit"
              variant="light"
              loading={sign.isPending && next}
              disabled={blocked || password === ''}
              onClick={() => setNext(true)}
            >
              {t('report.nextCase')}
            </Button>
            <Button
              type="submit"
              loading={sign.isPending && !next}
              disabled={blocked || password === ''}
              onClick={() => setNext(false)}
            >
              {t('report.sign')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
