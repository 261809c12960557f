import { Button, Chip, Group, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useInterval } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import type { ReadingItem } from '~/api/types';
import { useMay, useSession } from '~/access/session';
import { Icon } from '~/design/Icon';
import { Page } from '~/design/Page';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { useRows } from '~/design/useRows';
import { useKeys } from '~/keys/KeysProvider';
import { useLanguage } from '~/language/LanguageProvider';
import { readingListQuery, useClaiming, type Filters } from './readingList';
import { ReadingRow, ReadingHead } from './ReadingRow';
import { isOpen } from './waiting';
import classes from './ReadingList.module.css';

const SHOWS = ['open', 'unread', 'mine', 'signed'] as const;
const MODALITIES = ['CT', 'MR', 'CR', 'US', 'XA', 'MG', 'NM', 'ECG'];
const PRIORITIES = ['stat', 'asap', 'urgent', 'routine'] as const;
const SHOWN = 500;
const TICK_MS = 20_000;

type Show = (typeof SHOWS)[number];

/** The status filter of each sublist; what is open is everything not signed. */
const STATUS: Record<Show, Filters> = {
  open: { status: 'open' },
  unread: { status: 'unread' },
  mine: { status: 'open', mine: true },
  signed: { status: 'signed' },
};

export function ReadingListPage() {
  const { t } = useLanguage();
  const search = useSearch({ from: '/house/reading' });
  const show = SHOWS.find(one => one === search.show) ?? 'open';
  const filters: Filters = {
    ...STATUS[show],
    modality: search.modality,
    priority: search.priority,
    q: search.q,
    limit: SHOWN,
  };
  const list = useQuery(readingListQuery(filters));
  const filtered = Boolean(search.modality ?? search.priority ?? search.q);
  const navigate = useNavigate();

  return (
    <Page wide title={t('reading.title')} aside={list.data && t('reading.count', { count: list.data.total })}>
      <FilterBar show={show} />
      <div className={`sheet ${classes.list}`}>
        {list.isPending && <LoadingRows rows={14} />}
        {list.error && <ErrorSays error={list.error} retry={() => void list.refetch()} />}
        {list.data?.items.length === 0 && (
          <EmptySays
            action={
              filtered && (
                <Button variant="default" onClick={() => void navigate({ to: '/reading', search: { show } })}>
                  {t('reading.clearFilters')}
                </Button>
              )
            }
          >
            {filtered ? t('reading.emptyFiltered') : t('reading.empty')}
          </EmptySays>
        )}
        {list.data && list.data.items.length > 0 && <Rows items={list.data.items} />}
      </div>
    </Page>
  );
}

function Rows({ items }: { items: ReadingItem[] }) {
  const navigate = useNavigate();
  const session = useSession();
  const mayClaim = useMay('reading.claim');
  const { claim, release } = useClaiming();
  const [now, setNow] = useState(() => Date.now());
  useInterval(() => setNow(Date.now()), TICK_MS, { autoInvoke: true });

  const isFree = (item: ReadingItem) => item.claimed_by_username === null && isOpen(item);
  const isMine = (item: ReadingItem) => item.claimed_by_username !== null && item.claimed_by_username === session?.username;
  const open = (item: ReadingItem) => {
    if (mayClaim && isFree(item)) claim.mutate(item.study_instance_uid);
    void navigate({ to: '/read/$study', params: { study: item.study_instance_uid } });
  };
  const rows = useRows(items, open);

  useKeys([
    { keys: 'Enter', says: 'reading.key.open', run: () => rows.chosen && open(rows.chosen) },
    ...(mayClaim
      ? [
          {
            keys: 'c',
            says: 'reading.key.claim' as const,
            run: () => rows.chosen && isFree(rows.chosen) && claim.mutate(rows.chosen.study_instance_uid),
          },
          {
            keys: 'r',
            says: 'reading.key.release' as const,
            run: () => rows.chosen && isMine(rows.chosen) && release.mutate(rows.chosen.study_instance_uid),
          },
        ]
      : []),
    {
      keys: 'h',
      says: 'reading.key.chart',
      run: () => {
        const patient = rows.chosen?.patient.id;
        if (patient) void navigate({ to: '/patients/$patient', params: { patient }, search: {} });
      },
    },
  ]);

  return (
    <table className="dense">
      <ReadingHead />
      <tbody {...rows.body}>
        {items.map((item, index) => (
          <ReadingRow
            key={item.study_instance_uid}
            item={item}
            now={now}
            isMine={isMine(item)}
            onClaim={mayClaim && isFree(item) ? () => claim.mutate(item.study_instance_uid) : undefined}
            onRelease={mayClaim && isMine(item) && isOpen(item) ? () => release.mutate(item.study_instance_uid) : undefined}
            row={rows.row(index)}
          />
        ))}
      </tbody>
    </table>
  );
}

function FilterBar({ show }: { show: Show }) {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const search = useSearch({ from: '/house/reading' });
  const box = useRef<HTMLInputElement>(null);
  const change = (part: Partial<typeof search>) =>
    void navigate({ to: '/reading', search: { ...search, ...part }, replace: true });
  const filter = useDebouncedCallback((q: string) => change({ q: q || undefined }), 180);
  useKeys([{ keys: 'f', says: 'reading.key.filter', run: () => box.current?.focus() }]);

  return (
    <Group gap="sm" className={classes.filters}>
      <SegmentedControl
        aria-label={t('reading.status')}
        value={show}
        onChange={value => change({ show: value === 'open' ? undefined : value })}
        data={[
          { value: 'open', label: t('reading.status.open') },
          { value: 'unread', label: t('reading.status.unread') },
          { value: 'mine', label: t('reading.status.mine') },
          { value: 'signed', label: t('reading.status.signed') },
        ]}
      />
      <Group gap={5} role="group" aria-label={t('reading.modality')}>
        {MODALITIES.map(modality => (
          <Chip
            key={modality}
            size="xs"
            variant="outline"
            checked={search.modality === modality}
            onChange={checked => change({ modality: checked ? modality : undefined })}
          >
            {modality}
          </Chip>
        ))}
      </Group>
      <Select
        w={150}
        clearable
        allowDeselect
        aria-label={t('reading.priority')}
        placeholder={t('reading.priority')}
        data={PRIORITIES.map(value => ({ value, label: t(`order.priority.${value}`) }))}
        value={search.priority ?? null}
        onChange={priority => change({ priority: priority ?? undefined })}
      />
      <TextInput
        ref={box}
        w={270}
        aria-label={t('reading.filter')}
        placeholder={t('reading.filterPlaceholder')}
        leftSection={<Icon name="search" size={13} />}
        rightSection={<kbd>f</kbd>}
        key={search.q === undefined ? 'empty' : 'filled'}
        defaultValue={search.q}
        onChange={event => filter(event.currentTarget.value)}
        onKeyDown={event => event.key === 'Escape' && event.currentTarget.blur()}
      />
    </Group>
  );
}
