import { Button } from '@mantine/core';
import type { StudyView } from '~/api/types';
import { useMay, useSession } from '~/access/session';
import { studyTitle } from '~/imaging/studies/naming';
import { formatDate } from '~/language/dates';
import { useLanguage } from '~/language/LanguageProvider';
import { PriorityMark } from './PriorityMark';
import { useClaiming } from './readingList';
import classes from './Read.module.css';

/** Which study this is, why it was made, and who reads it. */
export function StudyLine({ view }: { view: StudyView }) {
  const { t, locale } = useLanguage();
  const { study, order, reading } = view;
  return (
    <section className={classes.study}>
      <div className={classes.studyHead}>
        <div>
          <PriorityMark priority={reading?.priority} /> <b>{studyTitle(study.modality, study.description)}</b>
          <div className="quiet numbers">
            {formatDate(study.study_date, locale)} · {t('timeline.images', { count: study.instances })}
            {study.accession_number && ` · ${study.accession_number}`}
          </div>
        </div>
        <Reader view={view} />
      </div>
      <p className={classes.indication}>
        {order?.indication ? (
          <>
            <span className="quiet">{t('read.indication')}</span> {order.indication}
          </>
        ) : (
          <span className="quiet">{t('read.noIndication')}</span>
        )}
      </p>
    </section>
  );
}

function Reader({ view: { reading, study } }: { view: StudyView }) {
  const { t } = useLanguage();
  const session = useSession();
  const mayClaim = useMay('reading.claim');
  const { claim, release } = useClaiming();
  if (!reading || reading.status === 'signed') return null;
  if (reading.claimed_by_username === null) {
    if (!mayClaim) return null;
    return (
      <Button variant="light" loading={claim.isPending} onClick={() => claim.mutate(study.study_instance_uid)}>
        {t('reading.claim')}
      </Button>
    );
  }
  if (reading.claimed_by_username !== session?.username) {
    return <span className={classes.taken}>{t('reading.claimedBy', { name: reading.claimed_by ?? reading.claimed_by_username })}</span>;
  }
  return (
    <Button
      variant="subtle"
      color="gray"
      loading={release.isPending}
      onClick={() => release.mutate(study.study_instance_uid)}
    >
      {t('reading.release')}
    </Button>
  );
}
