import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { api } from '~/api/client';
import type { NewPatient, PatientCard } from '~/api/types';
import { Dialog } from '~/design/Dialog';
import { ErrorSays } from '~/design/Says';
import { tell } from '~/design/tell';
import { useText } from '~/language/LanguageProvider';

const GENDERS = ['female', 'male', 'other', 'unknown'] as const;
const NOTHING = { family: '', given: '', birthDate: '', gender: 'unknown', mrn: '' };

function asPatient({ family, given, birthDate, gender, mrn }: typeof NOTHING): NewPatient {
  return {
    name: [{ use: 'official', family, given: given.split(' ').filter(Boolean) }],
    birthDate,
    gender,
    ...(mrn ? { identifier: [{ value: mrn }] } : {}),
  };
}

/** A new patient at the front desk. */
export function RegisterDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [patient, setPatient] = useState(NOTHING);
  const change = (part: Partial<typeof NOTHING>) => setPatient(before => ({ ...before, ...part }));

  const register = useMutation({
    mutationFn: () => api.post<PatientCard>('/api/patients', asPatient(patient)),
    onSuccess: async ({ id, name }) => {
      tell(t('patients.registered', { name }));
      setPatient(NOTHING);
      onClose();
      await client.invalidateQueries({ queryKey: ['patients'] });
      await navigate({ to: '/patients/$patient', params: { patient: id }, search: {} });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    register.mutate();
  }

  return (
    <Dialog opened={opened} onClose={onClose} title={t('patients.register')}>
      <form onSubmit={submit}>
        <Stack>
          <Group grow>
            <TextInput
              size="sm"
              label={t('patients.family')}
              required
              data-autofocus
              value={patient.family}
              onChange={event => change({ family: event.currentTarget.value })}
            />
            <TextInput
              size="sm"
              label={t('patients.given')}
              value={patient.given}
              onChange={event => change({ given: event.currentTarget.value })}
            />
          </Group>
          <Group grow align="flex-start">
            <TextInput
              size="sm"
              type="date"
              label={t('patients.birthDate')}
              required
              value={patient.birthDate}
              onChange={event => change({ birthDate: event.currentTarget.value })}
            />
            <Select
              size="sm"
              label={t('patients.sex')}
              data={GENDERS.map(value => ({ value, label: t(`gender.${value}`) }))}
              value={patient.gender}
              onChange={gender => change({ gender: gender ?? 'unknown' })}
            />
          </Group>
          <TextInput
            size="sm"
            label={t('patients.mrn')}
            description={t('patients.mrnHint')}
            value={patient.mrn}
            onChange={event => change({ mrn: event.currentTarget.value })}
          />
          {register.error && <ErrorSays error={register.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={register.isPending}>
              {t('patients.register')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
