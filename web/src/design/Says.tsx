import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError, type ErrorCode } from '~/api/client';
import type { Key } from '~/language/en';
import { useText } from '~/language/LanguageProvider';

/** What an error says to the person before the screen: a sentence, never a stack trace. */
export function useErrorSentence(): (error: unknown) => string {
  const t = useText();
  return error => {
    if (!(error instanceof ApiError)) return t('error.unavailable');
    const own: ErrorCode[] = ['unreachable', 'unauthenticated', 'forbidden'];
    if (error.message && !own.includes(error.code)) return sentence(error.message);
    return t(`error.${error.code}` as Key);
  };
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

/** An error with the next step. */
export function ErrorSays({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useText();
  const say = useErrorSentence();
  return (
    <Alert color="red" variant="light" role="alert" p="sm">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" c="var(--danger)">
          {say(error)}
        </Text>
        {retry && (
          <Button variant="default" onClick={retry}>
            {t('common.retry')}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

/** A list without lines says what would fill it. */
export function EmptySays({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap="sm" py="xl" px="md">
      <Text className="quiet" ta="center" maw="34rem">
        {children}
      </Text>
      {action}
    </Stack>
  );
}

/** The shape of the lines to come. */
export function LoadingRows({ rows = 8, height = 20 }: { rows?: number; height?: number }) {
  const t = useText();
  return (
    <Stack gap={9} p="sm" role="status" aria-label={t('common.loading')}>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={height} radius="sm" width={`${94 - ((index * 17) % 30)}%`} />
      ))}
    </Stack>
  );
}
