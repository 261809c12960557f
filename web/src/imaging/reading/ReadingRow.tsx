import { Button } from '@mantine/core';
import type { HTMLAttributes } from 'react';
import type { ReadingItem } from '~/api/types';
import { Icon } from '~/design/Icon';
import { formatMoment, formatDate } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage } from '~/language/LanguageProvider';
import { PriorityMark } from './PriorityMark';
import { isOpen, waitingOf } from './waiting';
import classes from './ReadingList.module.css';

export function ReadingHead() {
  const { t } = useLanguage();
  return (
    <thead>
      <tr>
        <th scope="col">{t('reading.priority')}</th>
        <th scope="col" className="number">
          {t('reading.waiting')}
        </th>
        <th scope="col">{t('reading.patient')}</th>
        <th scope="col">{t('patients.mrn')}</th>
        <th scope="col">{t('reading.modality')}</th>
        <th scope="col">{t('reading.study')}</th>
        <th scope="col">{t('reading.date')}</th>
        <th scope="col" className="number">
          {t('reading.images')}
        </th>
        <th scope="col" className="number">
          {t('reading.priors')}
        </th>
        <th scope="col">{t('reading.accession')}</th>
        <th scope="col">{t('reading.status')}</th>
        <th scope="col">{t('reading.reader')}</th>
      </tr>
    </thead>
  );
}

export function ReadingRow({
  item,
  now,
  isMine,
  onClaim,
  onRelease,
  row,
}: {
  item: ReadingItem;
  now: number;
  isMine: boolean;
  onClaim: (() => void) | undefined;
  onRelease: (() => void) | undefined;
  row: HTMLAttributes<HTMLTableRowElement>;
}) {
  const { t, locale } = useLanguage();
  return (
    <tr {...row} data-priority={item.priority} data-study={item.study_instance_uid} className={classes.row}>
      <td>
        <PriorityMark priority={item.priority} />
      </td>
      <td className="number">{isOpen(item) && <WaitingTime item={item} now={now} />}</td>
      <td>
        <b>
          <bdi>{item.patient.name}</bdi>
        </b>{' '}
        <span className="quiet numbers">
          {formatDate(item.patient.birthDate, locale)} {item.patient.sex && t(`gender.short.${item.patient.sex}` as Key)}
        </span>
      </td>
      <td className="numbers">
        {item.patient.id === null ? (
          <span className={classes.unmatched}>
            <Icon name="warning" size={12} /> {t('reading.unmatched')}
          </span>
        ) : (
          item.patient.mrn
        )}
      </td>
      <td>
        <b>{item.modality}</b>
      </td>
      <td>
        {item.description ?? item.body_part}{' '}
        {item.description && item.body_part && <span className="quiet">{item.body_part}</span>}
      </td>
      <td className="numbers">{formatMoment(item.study_date, locale)}</td>
      <td className="number">{item.instances}</td>
      <td className="number">{item.priors > 0 ? item.priors : <span className="quiet">–</span>}</td>
      <td className="numbers quiet">{item.accession_number}</td>
      <td>
        <span className={classes.status} data-status={item.status}>
          {t(`reading.status.${item.status}` as Key)}
        </span>
        {item.arriving && <span className="quiet"> · {t('reading.arriving')}</span>}
        {item.report === 'preliminary' && <span className="quiet"> · {t('reading.status.preliminary')}</span>}
      </td>
      <td className={classes.reader}>
        {item.claimed_by && <span>{isMine ? t('reading.mine') : item.claimed_by}</span>}
        {onClaim && (
          <Button size="compact-xs" variant="light" onClick={onClaim} tabIndex={-1}>
            {t('reading.claim')}
          </Button>
        )}
        {onRelease && (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={onRelease} tabIndex={-1}>
            {t('reading.release')}
          </Button>
        )}
      </td>
    </tr>
  );
}

function WaitingTime({ item, now }: { item: ReadingItem; now: number }) {
  const { t } = useLanguage();
  const { minutes, overdue } = waitingOf(item, now);
  const hours = Math.floor(minutes / 60);
  const says =
    minutes < 60
      ? t('reading.minutes', { count: minutes })
      : hours < 48
        ? t('reading.hours', { hours, minutes: String(minutes % 60).padStart(2, '0') })
        : t('reading.days', { days: Math.floor(hours / 24), hours: hours % 24 });
  return <span className={overdue ? classes.overdue : undefined}>{says}</span>;
}
