import { Button, Chip, Group, SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { api, path, withQuery } from '~/api/client';
import type { TimelineEntry, TimelineKind } from '~/api/types';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { moment } from '~/language/dates';
import { useLanguage } from '~/language/LanguageProvider';
import { DAY, spanOf, YEAR, type Span } from './axis';
import { TimelineAxis } from './TimelineAxis';
import { TimelineTable } from './TimelineTable';

const PAGE = 200;

/** The order of the lanes, images first. */
export const KINDS: TimelineKind[] = [
  'imaging',
  'report',
  'order',
  'encounter',
  'procedure',
  'condition',
  'medication',
  'result',
  'note',
];

type Shown = 'axis' | 'table';

/** Everything that happened, on one axis, with the table of what the axis shows below it. */
export function Timeline({ patient }: { patient: string }) {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const [shown, setShown] = useState<Shown>('axis');
  const [hidden, setHidden] = useState<TimelineKind[]>([]);
  const [chosenSpan, setSpan] = useState<Span | null>(null);
  const pages = useTimeline(patient);

  const all = useMemo(() => pages.data?.pages.flat() ?? [], [pages.data]);
  const [now] = useState(() => Date.now());
  const whole = useMemo(
    () => spanOf(all.flatMap(entry => moment(entry.when)?.getTime() ?? []), now),
    [all, now],
  );
  const span = chosenSpan ?? whole;
  const entries = all.filter(entry => !hidden.includes(entry.kind));

  if (pages.isPending) return <LoadingRows rows={10} />;
  if (pages.error) return <ErrorSays error={pages.error} retry={() => void pages.refetch()} />;
  if (all.length === 0) return <EmptySays>{t('timeline.empty')}</EmptySays>;

  const open = (entry: TimelineEntry) => {
    if (entry.study_instance_uid) void navigate({ to: '/read/$study', params: { study: entry.study_instance_uid } });
  };
  const present = KINDS.filter(kind => all.some(entry => entry.kind === kind));

  return (
    <>
      <Group justify="space-between" mb="sm">
        <Chip.Group multiple value={present.filter(kind => !hidden.includes(kind))} onChange={values => setHidden(present.filter(kind => !values.includes(kind)))}>
          <Group gap={6} role="group" aria-label={t('timeline.kinds')}>
            {present.map(kind => (
              <Chip key={kind} value={kind} size="xs" variant="outline">
                {t(`kind.${kind}`)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <Group gap="xs">
          {shown === 'axis' && <SpanButtons now={now} onSpan={setSpan} />}
          <SegmentedControl
            aria-label={t('timeline.view')}
            value={shown}
            onChange={value => setShown(value as Shown)}
            data={[
              { value: 'axis', label: t('timeline.axis') },
              { value: 'table', label: t('timeline.table') },
            ]}
          />
        </Group>
      </Group>
      {shown === 'axis' && (
        <TimelineAxis kinds={present.filter(kind => !hidden.includes(kind))} entries={entries} span={span} now={now} onSpan={setSpan} onOpen={open} />
      )}
      <TimelineTable
        entries={shown === 'axis' ? within(entries, span) : entries}
        onOpen={open}
        more={
          pages.hasNextPage && (
            <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              {t('common.loadMore')}
            </Button>
          )
        }
      />
    </>
  );
}

function within(entries: TimelineEntry[], span: Span): TimelineEntry[] {
  return entries.filter(entry => {
    const when = moment(entry.when)?.getTime() ?? 0;
    return when >= span.from && when <= span.to;
  });
}

function useTimeline(patient: string) {
  return useInfiniteQuery({
    queryKey: ['timeline', patient],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      api.get<TimelineEntry[]>(withQuery(path`/api/patients/${patient}/timeline`, { before: pageParam, limit: PAGE }), {
        signal,
      }),
    getNextPageParam: page => (page.length < PAGE ? undefined : page.at(-1)?.cursor),
  });
}

function SpanButtons({ now, onSpan }: { now: number; onSpan: (span: Span | null) => void }) {
  const { t } = useLanguage();
  const last = (length: number) => () => onSpan({ from: now - length, to: now + length * 0.04 });
  return (
    <Button.Group aria-label={t('timeline.span')}>
      <Button variant="default" onClick={last(183 * DAY)}>
        {t('timeline.span.months', { count: 6 })}
      </Button>
      <Button variant="default" onClick={last(2 * YEAR)}>
        {t('timeline.span.years', { count: 2 })}
      </Button>
      <Button variant="default" onClick={last(10 * YEAR)}>
        {t('timeline.span.years', { count: 10 })}
      </Button>
      <Button variant="default" onClick={() => onSpan(null)}>
        {t('timeline.span.all')}
      </Button>
    </Button.Group>
  );
}
