import { Button, Checkbox, Group, NumberInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api, path } from '~/api/client';
import type { Echo, Node, RefusedNode } from '~/api/types';
import { useMay } from '~/access/session';
import { Dialog } from '~/design/Dialog';
import { Icon } from '~/design/Icon';
import { Page } from '~/design/Page';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { tell } from '~/design/tell';
import { formatMoment } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage, useText } from '~/language/LanguageProvider';
import classes from './Nodes.module.css';

const DEFAULT_PORT = 104;
const ABILITIES = ['store', 'find', 'retrieve', 'worklist', 'mpps', 'send'];
const A_MODALITY = ['store', 'worklist', 'mpps'];

const NEW: Node = { ae_title: '', host: '', port: DEFAULT_PORT, may: A_MODALITY, description: '' };

/** The DICOM peers of this house, and those that knocked and were not let in. */
export function NodesPage() {
  const t = useText();
  const mayManage = useMay('node.manage');
  const [edited, setEdited] = useState<{ node: Node; isNew: boolean } | null>(null);
  const nodes = useQuery({ queryKey: ['nodes'], queryFn: ({ signal }) => api.get<Node[]>('/api/nodes', { signal }) });
  const refused = useQuery({
    queryKey: ['nodes', 'refused'],
    refetchInterval: 10_000,
    queryFn: ({ signal }) => api.get<RefusedNode[]>('/api/nodes/refused', { signal }),
  });

  return (
    <Page
      title={t('nodes.title')}
      actions={
        mayManage && (
          <Button leftSection={<Icon name="plus" size={13} />} onClick={() => setEdited({ node: NEW, isNew: true })}>
            {t('nodes.add')}
          </Button>
        )
      }
    >
      <div className="sheet">
        {nodes.isPending && <LoadingRows rows={4} />}
        {nodes.error && <ErrorSays error={nodes.error} retry={() => void nodes.refetch()} />}
        {nodes.data?.length === 0 && <EmptySays>{t('nodes.empty')}</EmptySays>}
        {nodes.data && nodes.data.length > 0 && (
          <NodeTable nodes={nodes.data} mayManage={mayManage} onEdit={node => setEdited({ node, isNew: false })} />
        )}
      </div>
      <h2 className={classes.second}>{t('nodes.refused')}</h2>
      <Text size="sm" className="quiet">
        {refused.data?.length ? t('nodes.refusedIntro') : t('nodes.refusedEmpty')}
      </Text>
      {refused.error && <ErrorSays error={refused.error} />}
      {refused.data && refused.data.length > 0 && (
        <div className="sheet">
          <RefusedTable
            refused={refused.data}
            onAdmit={
              mayManage
                ? one => setEdited({ node: { ...NEW, ae_title: one.ae_title, host: one.address }, isNew: true })
                : undefined
            }
          />
        </div>
      )}
      {edited && <NodeDialog key={edited.node.ae_title} {...edited} onClose={() => setEdited(null)} />}
    </Page>
  );
}

function NodeTable({ nodes, mayManage, onEdit }: { nodes: Node[]; mayManage: boolean; onEdit: (node: Node) => void }) {
  const t = useText();
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">{t('nodes.aeTitle')}</th>
          <th scope="col">{t('nodes.host')}</th>
          <th scope="col" className="number">
            {t('nodes.port')}
          </th>
          <th scope="col">{t('nodes.may')}</th>
          <th scope="col">{t('nodes.description')}</th>
          <th scope="col">{t('nodes.echo')}</th>
          <th scope="col" />
        </tr>
      </thead>
      <tbody>
        {nodes.map(node => (
          <tr key={node.ae_title} data-node={node.ae_title}>
            <td>
              <b>{node.ae_title}</b>
            </td>
            <td>{node.host}</td>
            <td className="number">{node.port}</td>
            <td>{node.may.map(one => t(`nodes.may.${one}` as Key)).join(', ')}</td>
            <td className="quiet">{node.description}</td>
            <td>{mayManage && <EchoTest node={node} />}</td>
            <td className="number">
              {mayManage && (
                <Button size="compact-xs" variant="subtle" onClick={() => onEdit(node)} aria-label={t('nodes.edit', { name: node.ae_title })}>
                  {t('common.edit')}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** C-ECHO, live: the fastest way to know whether two machines can talk. */
function EchoTest({ node }: { node: Node }) {
  const t = useText();
  const echo = useMutation({ mutationFn: () => api.post<Echo>(path`/api/nodes/${node.ae_title}/echo`) });
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="compact-xs" variant="default" loading={echo.isPending} onClick={() => echo.mutate()}>
        {t('nodes.echo')}
      </Button>
      <span role="status">
        {echo.isPending && <span className="quiet">{t('nodes.echoing')}</span>}
        {echo.data?.ok && (
          <span className="good">{t('nodes.echoOk', { count: Math.round(echo.data.milliseconds ?? 0) })}</span>
        )}
        {echo.data && !echo.data.ok && (
          <span className="danger">{t('nodes.echoFailed', { why: echo.data.message })}</span>
        )}
        {echo.error && <ErrorSays error={echo.error} />}
      </span>
    </Group>
  );
}

function RefusedTable({
  refused,
  onAdmit,
}: {
  refused: RefusedNode[];
  onAdmit: ((refused: RefusedNode) => void) | undefined;
}) {
  const { t, locale } = useLanguage();
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">{t('nodes.aeTitle')}</th>
          <th scope="col">{t('nodes.address')}</th>
          <th scope="col">{t('nodes.lastSeen')}</th>
          <th scope="col" />
          <th scope="col" />
        </tr>
      </thead>
      <tbody>
        {refused.map(one => (
          <tr key={`${one.ae_title} ${one.address}`} data-refused={one.ae_title}>
            <td>
              <b>{one.ae_title}</b>
            </td>
            <td className="numbers">{one.address}</td>
            <td className="numbers">{formatMoment(one.last_seen, locale)}</td>
            <td className="quiet">{t('nodes.attempts', { count: one.attempts })}</td>
            <td className="number">
              {onAdmit && (
                <Button size="compact-xs" variant="light" onClick={() => onAdmit(one)}>
                  {t('nodes.admit')}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NodeDialog({ node, isNew, onClose }: { node: Node; isNew: boolean; onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const [form, setForm] = useState(node);
  const [removing, setRemoving] = useState(false);
  const change = (part: Partial<Node>) => setForm(before => ({ ...before, ...part }));
  const done = (message: string) => async () => {
    tell(message);
    onClose();
    await client.invalidateQueries({ queryKey: ['nodes'] });
  };

  const save = useMutation({
    mutationFn: () => {
      const { ae_title, host, port, may, description } = form;
      const body = { host, port, may, description: description ?? '' };
      return isNew
        ? api.post('/api/nodes', { ae_title, ...body })
        : api.patch(path`/api/nodes/${node.ae_title}`, body);
    },
    onSuccess: done(t('nodes.saved', { name: form.ae_title })),
  });
  const remove = useMutation({
    mutationFn: () => api.delete(path`/api/nodes/${node.ae_title}`),
    onSuccess: done(t('nodes.removed', { name: node.ae_title })),
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }

  if (removing) {
    return (
      <Dialog opened onClose={() => setRemoving(false)} title={t('nodes.removeTitle', { name: node.ae_title })}>
        <Stack>
          <Text size="sm">{t('nodes.removeText')}</Text>
          {remove.error && <ErrorSays error={remove.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setRemoving(false)}>
              {t('common.cancel')}
            </Button>
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              {t('common.remove')}
            </Button>
          </Group>
        </Stack>
      </Dialog>
    );
  }

  return (
    <Dialog opened onClose={onClose} title={isNew ? t('nodes.add') : t('nodes.edit', { name: node.ae_title })}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            size="sm"
            label={t('nodes.aeTitle')}
            maxLength={16}
            required
            disabled={!isNew}
            data-autofocus={isNew && node.ae_title === ''}
            value={form.ae_title}
            onChange={event => change({ ae_title: event.currentTarget.value })}
          />
          <Group grow>
            <TextInput
              size="sm"
              label={t('nodes.host')}
              required
              value={form.host}
              onChange={event => change({ host: event.currentTarget.value })}
            />
            <NumberInput
              size="sm"
              label={t('nodes.port')}
              min={1}
              max={65535}
              required
              hideControls
              value={form.port}
              onChange={port => change({ port: Number(port) })}
            />
          </Group>
          <Checkbox.Group label={t('nodes.may')} value={form.may} onChange={may => change({ may })}>
            <Group gap="md" mt={4}>
              {[...new Set([...ABILITIES, ...form.may])].map(one => (
                <Checkbox key={one} value={one} label={t(`nodes.may.${one}` as Key)} />
              ))}
            </Group>
          </Checkbox.Group>
          <TextInput
            size="sm"
            label={t('nodes.description')}
            value={form.description ?? ''}
            onChange={event => change({ description: event.currentTarget.value })}
          />
          {save.error && <ErrorSays error={save.error} />}
          <Group justify="space-between">
            {isNew ? (
              <span />
            ) : (
              <Button variant="subtle" color="red" onClick={() => setRemoving(true)}>
                {t('common.remove')}
              </Button>
            )}
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                {t('common.cancel')}
              </Button>
              <Button type="submit" loading={save.isPending}>
                {isNew ? t('nodes.admit') : t('common.save')}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
