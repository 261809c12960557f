import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, path, withQuery } from '~/api/client';
import type { Result, Summary as SummaryData } from '~/api/types';
import { ErrorSays, LoadingRows } from '~/design/Says';
import { formatDate } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage } from '~/language/LanguageProvider';
import { asImages, type ImagingStudy } from './imagingStudies';
import { Thumbnail } from './Thumbnail';
import { joinedComponents, readableValue } from './values';
import classes from './Chart.module.css';

const SHOWN = 8;
const SHOWN_RESULTS = 12;
const SHOWN_STUDIES = 30;

/** The patient on one screen. */
export function Summary({ patient }: { patient: string }) {
  const { t, locale } = useLanguage();
  const summary = useQuery({
    queryKey: ['summary', patient],
    queryFn: ({ signal }) => api.get<SummaryData>(path`/api/patients/${patient}/summary`, { signal }),
  });
  if (summary.isPending) return <LoadingRows rows={10} />;
  if (summary.error) return <ErrorSays error={summary.error} retry={() => void summary.refetch()} />;
  const { problems, medications, allergies, vitals, results, orders } = summary.data;
  return (
    <div className={classes.grid}>
      <Images patient={patient} />
      <Card title={t('chart.problems')} empty={t('chart.problems.empty')} total={problems.length}>
        {problems.slice(0, SHOWN).map(problem => (
          <li key={problem.reference}>
            <span className={classes.what}>{problem.title}</span>
            <span className={classes.when}>
              {problem.since && t('chart.since', { date: formatDate(problem.since, locale) })}
            </span>
          </li>
        ))}
      </Card>
      <Card title={t('chart.medications')} empty={t('chart.medications.empty')} total={medications.length}>
        {medications.slice(0, SHOWN).map(medication => (
          <li key={medication.reference}>
            <span className={classes.what}>
              {medication.title} <span className="quiet">{medication.dosage}</span>
            </span>
            <span className={classes.when}>{formatDate(medication.when, locale)}</span>
          </li>
        ))}
      </Card>
      <Card title={t('chart.vitals')} empty={t('chart.vitals.empty')} total={vitals.length}>
        {vitals.slice(0, SHOWN).map(vital => (
          <ResultLine key={vital.reference} result={vital} />
        ))}
      </Card>
      <Card
        title={t('chart.latestResults')}
        empty={t('chart.results.empty')}
        total={results.length}
        shown={SHOWN_RESULTS}
        more={
          <Link to="/patients/$patient" params={{ patient }} search={{ tab: 'results' }}>
            {t('chart.results')}
          </Link>
        }
      >
        {results.slice(0, SHOWN_RESULTS).map(result => (
          <ResultLine key={result.reference} result={result} />
        ))}
      </Card>
      <Card title={t('chart.allergies')} empty={t('chart.allergies.empty')} total={allergies.length}>
        {allergies.slice(0, SHOWN).map(allergy => (
          <li key={allergy.reference}>
            <span className="danger">{allergy.text}</span>
            <span className={classes.when}>{allergy.reactions.join(', ')}</span>
          </li>
        ))}
      </Card>
      <Card title={t('chart.openOrders')} empty={t('chart.openOrders.empty')} total={orders.length}>
        {orders.slice(0, SHOWN).map(order => (
          <li key={order.reference}>
            <span className={classes.what}>
              {order.title}{' '}
              {order.priority !== 'routine' && (
                <b className="danger">{t(`order.priority.${order.priority}` as Key)}</b>
              )}
            </span>
            <span className={classes.when}>{formatDate(order.scheduled ?? order.when, locale)}</span>
          </li>
        ))}
      </Card>
    </div>
  );
}

function Card({
  title,
  empty,
  total,
  shown = SHOWN,
  more,
  children,
}: {
  title: string;
  empty: string;
  total: number;
  shown?: number;
  more?: ReactNode;
  children: ReactNode;
}) {
  const { t } = useLanguage();
  return (
    <section className={`sheet ${classes.card}`}>
      <div className={classes.cardHead}>
        <h2>{title}</h2>
        {more}
      </div>
      {total === 0 ? <span className="quiet">{empty}</span> : <ul className={classes.lines}>{children}</ul>}
      {total > shown && <span className="quiet">{t('chart.more', { count: total - shown })}</span>}
    </section>
  );
}

function ResultLine({ result }: { result: Result }) {
  const { locale } = useLanguage();
  const abnormal = result.interpretation.some(isAbnormal);
  return (
    <li title={result.range.join(', ')} className={classes.measured}>
      <span className={classes.what}>{result.title}</span>
      <span className={classes.value} data-abnormal={abnormal || undefined}>
        {result.components.length > 0 ? joinedComponents(result.components) : readableValue(result.value)}
      </span>
      <span className={classes.when}>{formatDate(result.when, locale)}</span>
    </li>
  );
}

function isAbnormal(interpretation: string): boolean {
  return !/^(?:n|normal)$/i.test(interpretation);
}

/** The newest studies; each opens at its images. */
function Images({ patient }: { patient: string }) {
  const { t, locale } = useLanguage();
  const studies = useQuery({
    queryKey: ['timeline', patient, 'images'],
    queryFn: async ({ signal }) => {
      const bundle = await api.get<{ entry?: { resource: ImagingStudy }[] }>(
        withQuery('/fhir/ImagingStudy', { patient, _sort: '-started', _count: SHOWN_STUDIES }),
        { signal },
      );
      return bundle.entry?.map(entry => asImages(entry.resource)) ?? [];
    },
  });
  return (
    <section className={`sheet ${classes.card} ${classes.wide}`}>
      <div className={classes.cardHead}>
        <h2>{t('chart.images')}</h2>
      </div>
      {studies.isPending && <LoadingRows rows={1} height={128} />}
      {studies.error && <ErrorSays error={studies.error} />}
      {studies.data?.length === 0 && <span className="quiet">{t('chart.images.empty')}</span>}
      <div className={classes.images}>
        {studies.data?.map(study => (
          <Link
            key={study.uid}
            to="/read/$study"
            params={{ study: study.uid }}
            className={classes.study}
            title={study.title}
          >
            <Thumbnail src={study.thumbnail} label={study.modalities} />
            <span className={classes.studyTitle}>{study.title}</span>
            <span className="quiet numbers">
              {study.modalities} · {formatDate(study.when, locale)}
            </span>
          </Link>
        ))}
      </div>
    </section>
  );
}
