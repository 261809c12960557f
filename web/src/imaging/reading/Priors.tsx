import { Button, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Prior } from '~/api/types';
import { studyTitle } from '~/imaging/studies/naming';
import { reportQuery } from '~/imaging/reports/report';
import { SignedReport } from '~/imaging/reports/SignedReport';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { formatDate } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage, useText } from '~/language/LanguageProvider';
import classes from './Read.module.css';

/** The patient's earlier studies, each with its report and, if wanted, its images beside. */
export function Priors({
  priors,
  beside,
  onBeside,
}: {
  priors: Prior[];
  beside: string | null;
  onBeside: (study: string | null) => void;
}) {
  const { t, locale } = useLanguage();
  const [opened, setOpened] = useState<string | null>(priors[0]?.study_instance_uid ?? null);
  if (priors.length === 0) return <EmptySays>{t('read.noPriors')}</EmptySays>;
  return (
    <div className={classes.priors}>
      {priors.map(prior => {
        const uid = prior.study_instance_uid;
        const isOpen = opened === uid;
        return (
          <section key={uid} className={classes.prior}>
            <div className={classes.priorHead}>
              <UnstyledButton aria-expanded={isOpen} onClick={() => setOpened(isOpen ? null : uid)}>
                <span className="numbers">{formatDate(prior.study_date, locale)}</span>{' '}
                <b>{studyTitle(prior.modality, prior.description)}</b>{' '}
                <span className="quiet">{prior.reasons.map(reason => t(`prior.${reason}` as Key)).join(', ')}</span>
              </UnstyledButton>
              <Button
                size="compact-xs"
                variant={beside === uid ? 'filled' : 'default'}
                aria-pressed={beside === uid}
                onClick={() => onBeside(beside === uid ? null : uid)}
              >
                {t('read.compare')}
              </Button>
            </div>
            {isOpen && <PriorReport study={uid} />}
          </section>
        );
      })}
    </div>
  );
}

function PriorReport({ study }: { study: string }) {
  const t = useText();
  const report = useQuery(reportQuery(study));
  if (report.isPending) return <LoadingRows rows={3} />;
  if (report.error) return <ErrorSays error={report.error} />;
  if (!report.data?.signed_status) return <p className={`quiet ${classes.unreported}`}>{t('read.noReport')}</p>;
  return <SignedReport study={study} report={report.data} />;
}
