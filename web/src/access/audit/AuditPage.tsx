import { Button, Group, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { api, withQuery } from '~/api/client';
import type { AuditEvent } from '~/api/types';
import { Page } from '~/design/Page';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { formatDate, formatTime, moment } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage } from '~/language/LanguageProvider';

const PAGE = 100;

/** The audit trail, newest first. */
export function AuditPage() {
  const { t } = useLanguage();
  const filters = useSearch({ from: '/house/audit' });
  const events = useInfiniteQuery({
    queryKey: ['audit', filters],
    staleTime: 0,
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam, signal }) =>
      api.get<AuditEvent[]>(withQuery('/api/audit', { ...filters, before: pageParam, limit: PAGE }), { signal }),
    getNextPageParam: page => (page.length < PAGE ? undefined : page.at(-1)?.id),
  });
  const all = events.data?.pages.flat() ?? [];
  return (
    <Page wide title={t('audit.title')}>
      <FilterBar />
      <div className="sheet">
        {events.isPending && <LoadingRows rows={12} />}
        {events.error && <ErrorSays error={events.error} retry={() => void events.refetch()} />}
        {events.isSuccess && all.length === 0 && <EmptySays>{t('audit.empty')}</EmptySays>}
        {all.length > 0 && <AuditTable events={all} />}
      </div>
      {events.hasNextPage && (
        <Button variant="default" mx="auto" loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
    </Page>
  );
}

function FilterBar() {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const filters = useSearch({ from: '/house/audit' });
  const change = useDebouncedCallback(
    (part: Partial<typeof filters>) =>
      void navigate({ to: '/audit', search: { ...filters, ...part }, replace: true }),
    250,
  );
  return (
    <Group align="flex-end" gap="sm">
      <TextInput
        label={t('audit.who')}
        defaultValue={filters.user}
        onChange={event => change({ user: event.currentTarget.value || undefined })}
      />
      <TextInput
        label={t('audit.kind')}
        defaultValue={filters.kind}
        onChange={event => change({ kind: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={t('common.from')}
        defaultValue={filters.from}
        onChange={event => change({ from: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={t('common.to')}
        defaultValue={filters.to}
        onChange={event => change({ to: event.currentTarget.value || undefined })}
      />
    </Group>
  );
}

function AuditTable({ events }: { events: AuditEvent[] }) {
  const { t, locale } = useLanguage();
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">{t('common.when')}</th>
          <th scope="col">{t('audit.who')}</th>
          <th scope="col">{t('users.roles')}</th>
          <th scope="col">{t('audit.action')}</th>
          <th scope="col">{t('audit.kind')}</th>
          <th scope="col">{t('audit.reference')}</th>
          <th scope="col">{t('audit.patient')}</th>
          <th scope="col">{t('audit.address')}</th>
        </tr>
      </thead>
      <tbody>
        {events.map(event => (
          <tr key={event.id}>
            <td className="numbers">
              {formatDate(event.when.slice(0, 10), locale)} {formatTime(moment(event.when) ?? new Date(0), locale)}
            </td>
            <td>
              <b>{event.who}</b>
            </td>
            <td className="quiet">{event.role}</td>
            <td>
              {t(`audit.action.${event.action}` as Key)}{' '}
              {event.outcome !== 'success' && <span className="danger">{t('audit.failed')}</span>}
            </td>
            <td>{event.kind}</td>
            <td className="quiet numbers">{event.reference}</td>
            <td>
              {event.patient_reference && (
                <Link to="/patients/$patient" params={{ patient: event.patient_reference }} search={{}}>
                  {event.patient_reference.slice(0, 18)}
                </Link>
              )}
            </td>
            <td className="quiet numbers">{event.address}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
