import { Combobox, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, withQuery } from '~/api/client';
import type { PatientCard, ReadingList } from '~/api/types';
import { useMay } from '~/access/session';
import { Icon } from '~/design/Icon';
import { formatDate } from '~/language/dates';
import { useLanguage } from '~/language/LanguageProvider';
import classes from './Shell.module.css';

const BOX_ID = 'global-search';
const SHOWN = 7;

/** Whether there was a box to type into. */
export function focusSearch(): boolean {
  const box = document.getElementById(BOX_ID) as HTMLInputElement | null;
  box?.focus();
  box?.select();
  return box !== null;
}

/** The one box: patients by name, number or birth date, studies by accession number. */
export function GlobalSearch() {
  const { t, locale } = useLanguage();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 180);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const { patients, studies, settled } = useFound(wanted);

  function open(option: string) {
    const [kind, id = ''] = option.split(' ');
    combobox.closeDropdown();
    setText('');
    // The next keys are for the page that opens.
    document.getElementById(BOX_ID)?.blur();
    if (kind === 'patient') void navigate({ to: '/patients/$patient', params: { patient: id }, search: {} });
    else void navigate({ to: '/read/$study', params: { study: id } });
  }

  return (
    <Combobox store={combobox} onOptionSubmit={open} transitionProps={{ duration: 0 }}>
      <Combobox.Target>
        <TextInput
          id={BOX_ID}
          aria-label={t('search.label')}
          placeholder={t('search.placeholder')}
          leftSection={<Icon name="search" size={14} />}
          rightSection={<kbd>/</kbd>}
          value={text}
          onChange={event => {
            setText(event.currentTarget.value);
            combobox.openDropdown();
            combobox.updateSelectedOptionIndex();
          }}
          onFocus={() => text && combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
          onKeyDown={event => {
            if (event.key === 'Escape') event.currentTarget.blur();
            if (event.key === 'ArrowDown' || combobox.getSelectedOptionIndex() >= 0) return;
            if (event.key === 'Enter' && wanted === text.trim() && patients[0]) open(`patient ${patients[0].id}`);
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={wanted === ''}>
        <Combobox.Options>
          {patients.length > 0 && (
            <Combobox.Group label={t('search.patients')}>
              {patients.map(patient => (
                <Combobox.Option key={patient.id} value={`patient ${patient.id}`}>
                  <div className={classes.found}>
                    <bdi>{patient.name}</bdi>
                    <span className="quiet numbers">
                      {formatDate(patient.birthDate, locale)} · {patient.mrn}
                    </span>
                  </div>
                </Combobox.Option>
              ))}
            </Combobox.Group>
          )}
          {studies.length > 0 && (
            <Combobox.Group label={t('search.studies')}>
              {studies.map(study => (
                <Combobox.Option key={study.study_instance_uid} value={`study ${study.study_instance_uid}`}>
                  <div className={classes.found}>
                    <span>
                      {study.modality} {study.description} · <bdi>{study.patient.name}</bdi>
                    </span>
                    <span className="quiet numbers">{study.accession_number}</span>
                  </div>
                </Combobox.Option>
              ))}
            </Combobox.Group>
          )}
          {settled && patients.length + studies.length === 0 && (
            <Combobox.Empty>{t('search.nothing', { text: wanted })}</Combobox.Empty>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

function useFound(q: string) {
  const mayRead = useMay('reading.read');
  const patients = useQuery({
    queryKey: ['patients', q, SHOWN],
    enabled: q !== '',
    queryFn: ({ signal }) => api.get<PatientCard[]>(withQuery('/api/patients', { q, limit: SHOWN }), { signal }),
  });
  const studies = useQuery({
    queryKey: ['reading-list', 'search', q],
    enabled: q !== '' && mayRead,
    queryFn: ({ signal }) =>
      api.get<ReadingList>(withQuery('/api/reading-list', { q, limit: SHOWN }), { signal }),
  });
  return {
    patients: patients.data?.slice(0, SHOWN) ?? [],
    studies: studies.data?.items.slice(0, SHOWN) ?? [],
    settled: !patients.isPending && (!mayRead || !studies.isPending),
  };
}
