import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { api, ApiError } from '~/api/client';
import { sessionQuery } from '~/access/session';
import { ErrorSays } from '~/design/Says';
import { useText } from '~/language/LanguageProvider';
import { FrontDoor } from './FrontDoor';
import { localPath } from './localPath';

export function SignInPage() {
  const t = useText();
  const router = useRouter();
  const client = useQueryClient();
  const { next, ended } = useSearch({ from: '/sign-in' });
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const setup = useQuery({
    queryKey: ['setup'],
    queryFn: ({ signal }) => api.get<{ needed: boolean }>('/api/setup', { signal }),
  });

  const signIn = useMutation({
    mutationFn: async () => {
      await api.post('/api/session', { username, password });
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
    },
    onSuccess: () => router.history.push(localPath(next)),
    onError: () => setPassword(''),
  });
  const refused = signIn.error instanceof ApiError && signIn.error.status === 401;

  function submit(event: FormEvent) {
    event.preventDefault();
    signIn.mutate();
  }

  return (
    <FrontDoor title={t('signIn.title')}>
      <form onSubmit={submit}>
        <Stack>
          {ended && !signIn.error && <Alert color="yellow">{t('signIn.ended')}</Alert>}
          {setup.data?.needed && <Alert color="yellow">{t('signIn.setUp')}</Alert>}
          <TextInput
            size="sm"
            label={t('signIn.username')}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            required
            withAsterisk={false}
            value={username}
            onChange={event => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('signIn.password')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={event => setPassword(event.currentTarget.value)}
          />
          {refused && (
            <Alert color="red" role="alert">
              {t('signIn.wrong')}
            </Alert>
          )}
          {signIn.error && !refused && <ErrorSays error={signIn.error} />}
          <Button size="sm" type="submit" loading={signIn.isPending}>
            {t('signIn.submit')}
          </Button>
        </Stack>
      </form>
    </FrontDoor>
  );
}
