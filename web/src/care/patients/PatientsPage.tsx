import { Button, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { api, withQuery } from '~/api/client';
import type { PatientCard } from '~/api/types';
import { useMay } from '~/access/session';
import { Icon } from '~/design/Icon';
import { Page } from '~/design/Page';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { useRows } from '~/design/useRows';
import { formatDate } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage } from '~/language/LanguageProvider';
import { assignerName } from './assigner';
import { RegisterDialog } from './RegisterDialog';

const SHOWN = 100;

export function PatientsPage() {
  const { t } = useLanguage();
  const navigate = useNavigate();
  const { q = '' } = useSearch({ from: '/house/patients' });
  const [registering, setRegistering] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  const found = useQuery({
    queryKey: ['patients', q, SHOWN],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get<PatientCard[]>(withQuery('/api/patients', { q, limit: SHOWN }), { signal }),
  });
  const mayRegister = useMay('record.write:Patient');
  const search = useDebouncedCallback(
    (text: string) => void navigate({ to: '/patients', search: { q: text || undefined }, replace: true }),
    180,
  );

  const register = mayRegister && (
    <Button variant="default" leftSection={<Icon name="plus" size={13} />} onClick={() => setRegistering(true)}>
      {t('patients.register')}
    </Button>
  );

  return (
    <Page
      title={t('patients.title')}
      aside={q && found.data ? t('patients.found', { count: found.data.length }) : t('patients.recent')}
      actions={register}
    >
      <TextInput
        ref={box}
        size="sm"
        autoFocus
        aria-label={t('search.label')}
        placeholder={t('search.placeholder')}
        leftSection={<Icon name="search" size={15} />}
        defaultValue={q}
        onChange={event => search(event.currentTarget.value)}
      />
      <div className="sheet">
        {found.isPending && <LoadingRows />}
        {found.error && <ErrorSays error={found.error} retry={() => void found.refetch()} />}
        {found.data?.length === 0 && <EmptySays action={register}>{q ? t('patients.empty') : t('patients.none')}</EmptySays>}
        {found.data && found.data.length > 0 && <PatientTable patients={found.data} />}
      </div>
      <RegisterDialog opened={registering} onClose={() => setRegistering(false)} />
    </Page>
  );
}

function PatientTable({ patients }: { patients: PatientCard[] }) {
  const { t, locale } = useLanguage();
  const navigate = useNavigate();
  const open = (patient: PatientCard) =>
    void navigate({ to: '/patients/$patient', params: { patient: patient.id }, search: {} });
  const rows = useRows(patients, open);
  return (
    <table className="dense">
      <thead>
        <tr>
          <th scope="col">{t('patients.name')}</th>
          <th scope="col">{t('patients.birthDate')}</th>
          <th scope="col">{t('patients.age')}</th>
          <th scope="col">{t('patients.sex')}</th>
          <th scope="col">{t('patients.mrn')}</th>
          <th scope="col">{t('patients.assigner')}</th>
        </tr>
      </thead>
      <tbody {...rows.body}>
        {patients.map((patient, index) => (
          <tr key={patient.id} {...rows.row(index)}>
            <td>
              <b>
                <bdi>{patient.name}</bdi>
              </b>{' '}
              {patient.names
                .filter(name => name !== patient.name)
                .map(name => (
                  <bdi key={name} className="quiet">
                    {name}{' '}
                  </bdi>
                ))}
              {patient.deceased && <span className="quiet">({t('patients.deceased')})</span>}
            </td>
            <td className="numbers">{formatDate(patient.birthDate, locale)}</td>
            <td className="numbers">
              {patient.age !== null && t(`age.${patient.age_unit ?? 'years'}`, { count: patient.age })}
            </td>
            <td>{patient.gender && t(`gender.${patient.gender}` as Key)}</td>
            <td className="numbers">{patient.mrn}</td>
            <td className="quiet">{assignerName(patient.assigner)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
