import { Tooltip } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, path } from '~/api/client';
import type { Banner } from '~/api/types';
import { Icon } from '~/design/Icon';
import { ErrorSays } from '~/design/Says';
import { formatDate } from '~/language/dates';
import { assignerName } from './assigner';
import type { Key } from '~/language/en';
import { useLanguage } from '~/language/LanguageProvider';
import classes from './PatientBanner.module.css';

export const bannerQuery = (patient: string) =>
  queryOptions({
    queryKey: ['banner', patient],
    queryFn: ({ signal }) => api.get<Banner>(path`/api/patients/${patient}`, { signal }),
  });

/** Who this is and what must not be overlooked; stays at the top of everything about a patient. */
export function PatientBanner({ patient, children }: { patient: string; children?: ReactNode }) {
  const banner = useQuery(bannerQuery(patient));
  if (banner.error) return <ErrorSays error={banner.error} retry={() => void banner.refetch()} />;
  return <BannerLine banner={banner.data ?? null}>{children}</BannerLine>;
}

export function BannerLine({ banner, children }: { banner: Banner | null; children?: ReactNode }) {
  const { t, locale } = useLanguage();
  return (
    <section className={classes.banner} aria-label={t('banner.label')} aria-busy={!banner}>
      {banner && (
        <>
          <Names banner={banner} />
          <span className={classes.fact}>
            {banner.age !== null && <b>{t(`age.${banner.age_unit ?? 'years'}`, { count: banner.age })}</b>}{' '}
            {banner.gender && t(`gender.${banner.gender}` as Key)}
          </span>
          {banner.birthDate && (
            <span className={classes.fact}>{t('banner.born', { date: formatDate(banner.birthDate, locale) })}</span>
          )}
          {banner.mrn && (
            <span className={classes.fact}>
              <span className="quiet">{t('patients.mrn')}</span> <b className="numbers">{banner.mrn}</b>{' '}
              <span className={`quiet ${classes.assigner}`}>{assignerName(banner.assigner)}</span>
            </span>
          )}
          {banner.deceased && <span className={classes.mark}>{t('banner.deceased')}</span>}
          {banner.restricted && (
            <span className={classes.mark}>
              <Icon name="lock" size={12} /> {t('patients.restricted')}
            </span>
          )}
          <Allergies banner={banner} />
          {banner.alerts.map(alert => (
            <span key={alert} className={classes.alert} title={t('banner.alerts')}>
              <Icon name="warning" size={13} /> {alert}
            </span>
          ))}
        </>
      )}
      <div className={classes.aside}>{children}</div>
    </section>
  );
}

/** The name in every script it is written in. */
function Names({ banner }: { banner: Banner }) {
  const others = banner.names.filter(name => name !== banner.name);
  return (
    <Link to="/patients/$patient" params={{ patient: banner.id }} search={{}} className={classes.name}>
      <bdi>{banner.name}</bdi>
      {others.map(name => (
        <bdi key={name} className={classes.otherName}>
          {name}
        </bdi>
      ))}
    </Link>
  );
}

function Allergies({ banner }: { banner: Banner }) {
  const { t } = useLanguage();
  if (banner.allergies.length === 0) return <span className={`quiet ${classes.fact}`}>{t('banner.noAllergies')}</span>;
  const all = banner.allergies.map(allergy => [allergy.text, ...allergy.reactions].join(', ')).join(' · ');
  return (
    <Tooltip label={all} multiline maw={420}>
      <span className={classes.allergies}>
        <Icon name="warning" size={13} />
        <span className={classes.allergyList}>
          <b>{t('banner.allergies')}</b> {banner.allergies.map(allergy => allergy.text).join(', ')}
        </span>
      </span>
    </Tooltip>
  );
}
