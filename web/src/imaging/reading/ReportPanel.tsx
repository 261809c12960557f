import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { StudyView } from '~/api/types';
import { useMay, useSession } from '~/access/session';
import { ErrorSays, LoadingRows } from '~/design/Says';
import { isSigned } from '~/imaging/reports/draft';
import { reportQuery } from '~/imaging/reports/report';
import { ReportEditor } from '~/imaging/reports/ReportEditor';
import { SignedReport } from '~/imaging/reports/SignedReport';
import { useText } from '~/language/LanguageProvider';
import classes from './Read.module.css';

/** The report of this study: written by who has claimed it, read by everybody else. */
export function ReportPanel({ view, study, onNext }: { view: StudyView; study: string; onNext: () => void }) {
  const t = useText();
  const session = useSession();
  const mayWrite = useMay('report.write');
  const report = useQuery(reportQuery(study));
  if (report.isPending) return <LoadingRows rows={6} />;
  if (report.error) return <ErrorSays error={report.error} retry={() => void report.refetch()} />;
  if (isSigned(report.data)) return <SignedReport study={study} report={report.data} mayAdd />;

  if (!mayWrite) {
    if (report.data?.signed_status) return <SignedReport study={study} report={report.data} />;
    return <p className={`quiet ${classes.unreported}`}>{t('read.noReport')}</p>;
  }
  const { claimed_by = null, claimed_by_username: reader = null } = view.reading ?? {};
  const mine = reader === null || reader === session?.username;
  return (
    <>
      {!view.patient && <Text className={classes.notice}>{t('banner.unmatched')}</Text>}
      {!mine && <Text className={classes.notice}>{t('read.takenBy', { name: claimed_by ?? reader })}</Text>}
      <ReportEditor
        study={study}
        modality={view.study.modality}
        bodyPart={view.order?.body_site ?? view.study.body_part}
        report={report.data}
        writable={mine && view.patient !== null}
        onSigned={next => next && onNext()}
      />
    </>
  );
}
