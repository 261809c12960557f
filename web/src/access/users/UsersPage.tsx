import { Button, Code, Group, MultiSelect, PasswordInput, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api, path } from '~/api/client';
import type { Role, User } from '~/api/types';
import { SHORTEST_PASSWORD } from '~/access/setup/password';
import { Dialog } from '~/design/Dialog';
import { Icon } from '~/design/Icon';
import { Page } from '~/design/Page';
import { ErrorSays, LoadingRows } from '~/design/Says';
import { tell } from '~/design/tell';
import { useRows } from '~/design/useRows';
import { useText } from '~/language/LanguageProvider';

const NEW: User = { username: '', display: '', roles: [], active: true };

export function UsersPage() {
  const t = useText();
  const [edited, setEdited] = useState<{ user: User; isNew: boolean } | null>(null);
  const users = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => api.get<User[]>('/api/users', { signal }) });
  const roles = useQuery({
    queryKey: ['users', 'roles'],
    queryFn: ({ signal }) => api.get<Role[]>('/api/roles', { signal }),
  });
  return (
    <Page
      title={t('users.title')}
      actions={
        <Button leftSection={<Icon name="plus" size={13} />} onClick={() => setEdited({ user: NEW, isNew: true })}>
          {t('users.add')}
        </Button>
      }
    >
      <div className="sheet">
        {users.isPending && <LoadingRows rows={4} />}
        {users.error && <ErrorSays error={users.error} retry={() => void users.refetch()} />}
        {users.data && (
          <UserTable users={users.data} roles={roles.data ?? []} onEdit={user => setEdited({ user, isNew: false })} />
        )}
      </div>
      {edited && (
        <UserDialog key={edited.user.username} {...edited} roles={roles.data ?? []} onClose={() => setEdited(null)} />
      )}
    </Page>
  );
}

const roleName = (roles: Role[], name: string) => roles.find(role => role.name === name)?.display ?? name;

function UserTable({ users, roles, onEdit }: { users: User[]; roles: Role[]; onEdit: (user: User) => void }) {
  const t = useText();
  const rows = useRows(users, onEdit);
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">{t('signIn.username')}</th>
          <th scope="col">{t('setup.display')}</th>
          <th scope="col">{t('users.roles')}</th>
          <th scope="col">{t('users.active')}</th>
        </tr>
      </thead>
      <tbody {...rows.body}>
        {users.map((user, index) => (
          <tr key={user.username} {...rows.row(index)}>
            <td>
              <b>{user.username}</b>
            </td>
            <td>{user.display}</td>
            <td>{user.roles.map(role => roleName(roles, role)).join(', ')}</td>
            <td>{user.active ? t('common.yes') : <span className="danger">{t('users.inactive')}</span>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function UserDialog({
  user,
  isNew,
  roles,
  onClose,
}: {
  user: User;
  isNew: boolean;
  roles: Role[];
  onClose: () => void;
}) {
  const t = useText();
  const client = useQueryClient();
  const [form, setForm] = useState(user);
  const [password, setPassword] = useState('');
  const change = (part: Partial<User>) => setForm(before => ({ ...before, ...part }));
  const tooShort = password !== '' && password.length < SHORTEST_PASSWORD;

  const save = useMutation({
    mutationFn: () => {
      const { username, display, active } = form;
      const secret = password === '' ? {} : { password };
      return isNew
        ? api.post('/api/users', { username, display: display || username, roles: form.roles, ...secret })
        : api.patch(path`/api/users/${username}`, { display, roles: form.roles, active, ...secret });
    },
    onSuccess: async () => {
      tell(t('users.saved', { name: form.display || form.username }));
      onClose();
      await client.invalidateQueries({ queryKey: ['users'] });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!tooShort) save.mutate();
  }

  return (
    <Dialog opened onClose={onClose} title={isNew ? t('users.add') : t('users.edit', { name: user.display })}>
      <form onSubmit={submit}>
        <Stack>
          <Group grow>
            <TextInput
              size="sm"
              label={t('signIn.username')}
              required
              disabled={!isNew}
              autoComplete="off"
              data-autofocus={isNew}
              value={form.username}
              onChange={event => change({ username: event.currentTarget.value })}
            />
            <TextInput
              size="sm"
              label={t('setup.display')}
              value={form.display}
              onChange={event => change({ display: event.currentTarget.value })}
            />
          </Group>
          <MultiSelect
            size="sm"
            label={t('users.roles')}
            data={roles.map(role => ({ value: role.name, label: role.display ?? role.name }))}
            value={form.roles}
            onChange={next => change({ roles: next })}
          />
          <PasswordInput
            label={isNew ? t('users.password') : t('users.newPassword')}
            description={isNew ? t('setup.passwordHint', { count: SHORTEST_PASSWORD }) : t('users.newPasswordHint')}
            required={isNew}
            autoComplete="new-password"
            error={tooShort ? t('setup.tooShort', { count: SHORTEST_PASSWORD }) : null}
            value={password}
            onChange={event => setPassword(event.currentTarget.value)}
          />
          {!isNew && (
            <Switch
              label={t('users.active')}
              checked={form.active}
              onChange={event => change({ active: event.currentTarget.checked })}
            />
          )}
          {!isNew && <TokenMaker username={user.username} />}
          {save.error && <ErrorSays error={save.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t('common.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function TokenMaker({ username }: { username: string }) {
  const t = useText();
  const make = useMutation({
    mutationFn: () => api.post<{ token: string }>(path`/api/users/${username}/tokens`, {}),
  });
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text size="sm">{t('users.token')}</Text>
        <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>
          {t('users.tokenMake')}
        </Button>
      </Group>
      {make.data && (
        <>
          <Code block>{make.data.token}</Code>
          <Text size="xs" className="quiet">
            {t('users.tokenOnce')}
          </Text>
        </>
      )}
      {make.error && <ErrorSays error={make.error} />}
    </Stack>
  );
}
