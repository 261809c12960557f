import { SegmentedControl, Group, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Fragment, useMemo, useState } from 'react';
import { api, withQuery } from '~/api/client';
import { Icon } from '~/design/Icon';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { useRows } from '~/design/useRows';
import { formatMoment } from '~/language/dates';
import { useLanguage } from '~/language/LanguageProvider';
import { histories, type Observation, type TestHistory } from './observations';
import { Trend } from './Trend';
import classes from './Chart.module.css';

const MOST = 1000;

/** Every measured thing with its latest value and its course, read from the record itself. */
export function Results({ patient }: { patient: string }) {
  const { t } = useLanguage();
  const [category, setCategory] = useState('laboratory');
  const [filter, setFilter] = useState('');
  const observations = useQuery({
    queryKey: ['summary', patient, 'observations', category],
    queryFn: async ({ signal }) => {
      const bundle = await api.get<{ entry?: { resource: Observation }[] }>(
        withQuery('/fhir/Observation', { patient, category, _sort: '-date', _count: MOST }),
        { signal },
      );
      return bundle.entry?.map(entry => entry.resource) ?? [];
    },
  });
  const tests = useMemo(() => histories(observations.data ?? []), [observations.data]);
  const shown = tests.filter(test => test.title.toLocaleLowerCase().includes(filter.toLocaleLowerCase()));

  return (
    <>
      <Group mb="sm" gap="sm">
        <SegmentedControl
          value={category}
          onChange={setCategory}
          data={[
            { value: 'laboratory', label: t('chart.results') },
            { value: 'vital-signs', label: t('chart.vitals') },
          ]}
        />
        <TextInput
          w={260}
          aria-label={t('chart.filterResults')}
          placeholder={t('chart.filterResults')}
          leftSection={<Icon name="search" size={13} />}
          value={filter}
          onChange={event => setFilter(event.currentTarget.value)}
        />
      </Group>
      <div className="sheet">
        {observations.isPending && <LoadingRows />}
        {observations.error && <ErrorSays error={observations.error} retry={() => void observations.refetch()} />}
        {observations.isSuccess && tests.length === 0 && <EmptySays>{t('chart.results.empty')}</EmptySays>}
        {shown.length > 0 && <ResultTable tests={shown} />}
      </div>
    </>
  );
}

function ResultTable({ tests }: { tests: TestHistory[] }) {
  const { t, locale } = useLanguage();
  const [opened, setOpened] = useState<string | null>(null);
  const rows = useRows(tests, test => setOpened(opened === test.key ? null : test.key));
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">{t('chart.test')}</th>
          <th scope="col" className="number">
            {t('chart.value')}
          </th>
          <th scope="col">{t('chart.range')}</th>
          <th scope="col">{t('chart.measured')}</th>
          <th scope="col">{t('chart.trend')}</th>
          <th scope="col" />
        </tr>
      </thead>
      <tbody {...rows.body}>
        {tests.map((test, index) => (
          <Fragment key={test.key}>
            <tr {...rows.row(index)}>
              <td>{test.title}</td>
              <td className="number">
                <span className={classes.value} data-abnormal={test.latest.abnormal || undefined}>
                  {test.latest.text}
                </span>{' '}
                <span className="quiet">{test.unit}</span>
              </td>
              <td className="quiet numbers">{test.range.text}</td>
              <td className="quiet numbers">{formatMoment(test.latest.when, locale)}</td>
              <td>{test.points.length > 1 && <Trend test={test} width={150} height={30} />}</td>
              <td className="quiet">{t('chart.values', { count: test.count })}</td>
            </tr>
            {opened === test.key && test.points.length > 1 && (
              <tr>
                <td colSpan={6} className={classes.trendOpen}>
                  <Trend test={test} width={860} height={220} axes />
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}
