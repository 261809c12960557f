import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, path } from '~/api/client';
import type { ReportView, StudyView } from '~/api/types';
import { useMay, useSession } from '~/access/session';
import { ErrorSays, LoadingRows } from '~/design/Says';
import { ReportEditor } from '~/imaging/reports/ReportEditor';
import { SignedReport } from '~/imaging/reports/SignedReport';
import { isSigned } from '~/imaging/reports/draft';
import { useText } from '~/language/LanguageProvider';
import classes from './Read.module.css';

/** The report of this study: written by who has claimed it, read by everybody else. */
export function ReportPanel({ view, study, onNext }: { view: StudyView; study: string; onNext: () => void }) {
  const t = useText();
  const session = useSession();
  const mayWrite = useMay('report.write');
  const report = useQuery({
    queryKey: ['report', study],
    queryFn: ({ signal }) => api.get<ReportView>(path`/api/studies/${study}/report`, { signal }),
  });
  if (report.isPending) return <LoadingRows rows={6} />;
  if (report.error) return <ErrorSays error={report.error} retry={() => void report.refetch()} />;

  const { signed, draft } = report.data;
  if (signed && !draft && isSigned(signed)) return <SignedReport study={study} report={signed} addenda />;

  const reader = view.reading?.claimed_by ?? null;
  const mine = reader === null || reader === session?.username;
  if (!mayWrite) {
    return signed ? (
      <SignedReport study={study} report={signed} />
    ) : (
      <p className={`quiet ${classes.unreported}`}>{t('read.noReport')}</p>
    );
  }
  return (
    <>
      {!view.patient && <Text className={classes.notice}>{t('banner.unmatched')}</Text>}
      {!mine && (
        <Text className={classes.notice}>
          {t('read.takenBy', { name: view.reading?.claimed_display ?? reader ?? '' })}
        </Text>
      )}
      <ReportEditor
        study={study}
        modality={view.study.modality}
        bodyPart={view.study.body_part ?? null}
        report={report.data}
        writable={mine && view.patient !== null}
        onSigned={next => next && onNext()}
      />
    </>
  );
}
