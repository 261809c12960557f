import { Button, Checkbox, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { api } from '~/api/client';
import { FrontDoor } from '~/access/signing-in/FrontDoor';
import { sessionQuery } from '~/access/session';
import { ErrorSays } from '~/design/Says';
import { useLanguage, useText } from '~/language/LanguageProvider';
import { passwordFault, SHORTEST_PASSWORD } from './password';

const CLINICAL_ROLES = ['radiologist', 'cardiologist', 'physician', 'technologist'] as const;

/** The link that the server prints when it starts for the first time. */
export function SetupPage() {
  const t = useText();
  const { token } = useSearch({ from: '/setup' });
  const needed = useQuery({
    queryKey: ['setup'],
    queryFn: ({ signal }) => api.get<{ needed: boolean }>('/api/setup', { signal }),
  });
  const inHash = window.location.hash.replace(/^#(?:token=)?/, '');
  const given = token ?? inHash;

  return (
    <FrontDoor title={t('setup.title')}>
      {needed.error && <ErrorSays error={needed.error} retry={() => void needed.refetch()} />}
      {needed.data && !needed.data.needed && (
        <Text>
          {t('setup.done')} <Link to="/sign-in">{t('signIn.title')}</Link>
        </Text>
      )}
      {needed.data?.needed && !given && <Text>{t('setup.noToken')}</Text>}
      {needed.data?.needed && given && <AdministratorForm token={given} />}
    </FrontDoor>
  );
}

function AdministratorForm({ token }: { token: string }) {
  const { t, language } = useLanguage();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [username, setUsername] = useState('');
  const [display, setDisplay] = useState('');
  const [roles, setRoles] = useState<string[]>([]);
  const [password, setPassword] = useState('');
  const [repeated, setRepeated] = useState('');
  const [tried, setTried] = useState(false);
  const fault = passwordFault(password, repeated);

  const setUp = useMutation({
    mutationFn: async () => {
      await api.post('/api/setup', { token, username, display: display || username, password, roles, language });
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
    },
    onSuccess: () => navigate({ to: '/' }),
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (!fault) setUp.mutate();
  }

  return (
    <form onSubmit={submit}>
      <Stack>
        <Text className="quiet">{t('setup.intro')}</Text>
        <TextInput
          size="sm"
          label={t('signIn.username')}
          autoComplete="username"
          autoFocus
          required
          value={username}
          onChange={event => setUsername(event.currentTarget.value)}
        />
        <TextInput
          size="sm"
          label={t('setup.display')}
          description={t('setup.displayHint')}
          autoComplete="name"
          value={display}
          onChange={event => setDisplay(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('signIn.password')}
          description={t('setup.passwordHint', { count: SHORTEST_PASSWORD })}
          autoComplete="new-password"
          required
          error={tried && fault === 'tooShort' ? t('setup.tooShort', { count: SHORTEST_PASSWORD }) : null}
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('setup.repeat')}
          autoComplete="new-password"
          required
          error={tried && fault === 'differ' ? t('setup.differ') : null}
          value={repeated}
          onChange={event => setRepeated(event.currentTarget.value)}
        />
        <Checkbox.Group
          label={t('setup.alsoAs')}
          description={t('setup.alsoAsHint')}
          value={roles}
          onChange={setRoles}
        >
          <Group gap="md" mt={6}>
            {CLINICAL_ROLES.map(role => (
              <Checkbox key={role} value={role} label={t(`role.${role}`)} />
            ))}
          </Group>
        </Checkbox.Group>
        {setUp.error && <ErrorSays error={setUp.error} />}
        <Button size="sm" type="submit" loading={setUp.isPending}>
          {t('setup.submit')}
        </Button>
      </Stack>
    </form>
  );
}
