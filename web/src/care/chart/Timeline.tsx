import { Button, Chip, Group, SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { api, path, withQuery } from '~/api/client';
import type { TimelineEntry, TimelineKind } from '~/api/types';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { moment } from '~/language/dates';
import { useLanguage } from '~/language/LanguageProvider';
import { DAY, spanOf, YEAR, type Span } from './axis';
import { TimelineAxis } from './TimelineAxis';
import { TimelineTable } from './TimelineTable';

const PAGE = 200;
/** What one looks at first; the rest is one press away. */
const FIRST_SPAN = 5 * YEAR;

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
  const timeline = useTimeline(patient);
  const all = timeline.entries;
  const [now] = useState(() => Date.now());
  const whole = useMemo(
    () => spanOf(all.flatMap(entry => moment(entry.when)?.getTime() ?? []), now),
    [all, now],
  );
  const span = chosenSpan ?? firstSpan(whole, now);
  const entries = all.filter(entry => !hidden.includes(entry.kind));

  if (timeline.isPending) return <LoadingRows rows={10} />;
  if (timeline.error) return <ErrorSays error={timeline.error} retry={() => void timeline.refetch()} />;
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
          {shown === 'axis' && <SpanButtons now={now} whole={whole} onSpan={setSpan} />}
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
          timeline.hasOlder && (
            <Button variant="default" loading={timeline.isFetchingOlder} onClick={() => void timeline.fetchOlder()}>
              {t('common.loadMore')}
            </Button>
          )
        }
      />
    </>
  );
}

/** The last years, or less when there is no more; the air on the right never years of future. */
function firstSpan(whole: Span, now: number): Span {
  return { from: Math.max(whole.from, now - FIRST_SPAN), to: Math.min(whole.to, now + FIRST_SPAN * 0.03) };
}

function within(entries: TimelineEntry[], span: Span): TimelineEntry[] {
  return entries.filter(entry => {
    const when = moment(entry.when)?.getTime() ?? 0;
    return when >= span.from && when <= span.to;
  });
}

/** All but single results, which are many: of those the newest are shown, and more on demand. */
const STORY =
  'ImagingStudy,DiagnosticReport,ServiceRequest,Encounter,Procedure,Condition,MedicationRequest,DocumentReference';
const RESULTS = 'Observation';
const MOST_PAGES_AT_ONCE = 6;

function useTimeline(patient: string) {
  const story = useEntries(patient, STORY);
  const results = useEntries(patient, RESULTS);
  const { hasNextPage, isFetching, fetchNextPage } = story;
  const pages = story.data?.pages.length ?? 0;

  // The axis wants the whole life, not the last page of it.
  useEffect(() => {
    if (hasNextPage && !isFetching && pages < MOST_PAGES_AT_ONCE) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage, pages]);

  const entries = useMemo(
    () =>
      [...(story.data?.pages.flat() ?? []), ...(results.data?.pages.flat() ?? [])].sort(
        (a, b) => (moment(b.when)?.getTime() ?? 0) - (moment(a.when)?.getTime() ?? 0),
      ),
    [story.data, results.data],
  );
  const older = [story, results].filter(query => query.hasNextPage);
  return {
    entries,
    isPending: story.isPending || results.isPending,
    error: story.error ?? results.error,
    refetch: () => Promise.all([story.refetch(), results.refetch()]),
    hasOlder: older.length > 0,
    isFetchingOlder: story.isFetchingNextPage || results.isFetchingNextPage,
    fetchOlder: () => Promise.all(older.map(query => query.fetchNextPage())),
  };
}

function useEntries(patient: string, types: string) {
  return useInfiniteQuery({
    queryKey: ['timeline', patient, types],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      api.get<TimelineEntry[]>(
        withQuery(path`/api/patients/${patient}/timeline`, { before: pageParam, types, limit: PAGE }),
        { signal },
      ),
    getNextPageParam: page => (page.length < PAGE ? undefined : page.at(-1)?.cursor),
  });
}

function SpanButtons({ now, whole, onSpan }: { now: number; whole: Span; onSpan: (span: Span) => void }) {
  const { t } = useLanguage();
  const last = (length: number) => () => onSpan({ from: now - length, to: now + length * 0.04 });
  return (
    <Button.Group aria-label={t('timeline.span')}>
      <Button variant="default" onClick={last(183 * DAY)}>
        {t('timeline.span.months', { count: 6 })}
      </Button>
      {[1, 5].map(count => (
        <Button key={count} variant="default" onClick={last(count * YEAR)}>
          {t('timeline.span.years', { count })}
        </Button>
      ))}
      <Button variant="default" onClick={() => onSpan(whole)}>
        {t('timeline.span.all')}
      </Button>
    </Button.Group>
  );
}
