import { Alert, Button, Group, SegmentedControl, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { api, withQuery } from '~/api/client';
import type { Banner, NewOrder, Order, Procedure } from '~/api/types';
import { bannerQuery, PatientBanner } from '~/care/patients/PatientBanner';
import { ErrorSays } from '~/design/Says';
import { tell } from '~/design/tell';
import { useKeys } from '~/keys/KeysProvider';
import { useLanguage, useText } from '~/language/LanguageProvider';
import { asOrder, EMPTY_FORM, isComplete, type OrderForm } from './orderForm';
import classes from './OrderPage.module.css';

const PRIORITIES = ['routine', 'urgent', 'asap', 'stat'] as const;
const SIDES = ['left', 'right', 'both'] as const;
const TRANSPORTS = ['walking', 'wheelchair', 'bed', 'portable'] as const;

/** Imaging is ordered. */
export function OrderPage() {
  const { t, language } = useLanguage();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { patient } = useParams({ from: '/house/patients/$patient/order' });
  const banner = useQuery(bannerQuery(patient)).data;
  const [form, setForm] = useState<OrderForm>(EMPTY_FORM);
  const [tried, setTried] = useState(false);
  useDocumentTitle(`${t('order.title')} · ${t('app.name')}`);
  const procedures = useQuery({
    queryKey: ['procedures', language],
    staleTime: Infinity,
    queryFn: ({ signal }) => api.get<Procedure[]>(withQuery('/api/procedures', { language }), { signal }),
  });
  const procedure = procedures.data?.find(one => one.code === form.procedure);

  const place = useMutation({
    mutationFn: (order: NewOrder) => api.post<Order>('/api/orders', order),
    onSuccess: async placed => {
      tell(t('order.placed', { accession: placed.accession_number }));
      await client.invalidateQueries({ queryKey: ['orders', patient] });
      await navigate({ to: '/patients/$patient', params: { patient }, search: { tab: 'orders' } });
    },
  });

  function submit(event?: FormEvent) {
    event?.preventDefault();
    setTried(true);
    if (procedure && isComplete(form, procedure)) place.mutate(asOrder(form, procedure, patient));
  }

  useKeys([{ keys: 'Ctrl+Enter', says: 'order.place', run: submit }]);

  return (
    <>
      <PatientBanner patient={patient} />
      <form className={`sheet ${classes.form}`} onSubmit={submit}>
        <Stack gap="md">
          <h1 className={classes.title}>{t('order.title')}</h1>
          {procedures.error && <ErrorSays error={procedures.error} retry={() => void procedures.refetch()} />}
          <OrderFields form={form} procedures={procedures.data ?? []} procedure={procedure} onChange={part => setForm(before => ({ ...before, ...part }))} />
          {form.contrast === 'with' && banner && <AllergyWarning banner={banner} />}
          {tried && !(procedure && isComplete(form, procedure)) && (
            <Text c="var(--danger)" role="alert">
              {t('order.missing')}
            </Text>
          )}
          {place.error && <ErrorSays error={place.error} />}
          <Group justify="flex-end">
            <Button
              variant="default"
              onClick={() => void navigate({ to: '/patients/$patient', params: { patient }, search: {} })}
            >
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={place.isPending}>
              {t('order.place')}
            </Button>
          </Group>
        </Stack>
      </form>
    </>
  );
}

function AllergyWarning({ banner }: { banner: Banner }) {
  const t = useText();
  if (banner.allergies.length === 0) return null;
  return (
    <Alert color="red" role="alert">
      {t('order.allergyWarning', { allergies: banner.allergies.map(allergy => allergy.text).join(', ') })}
    </Alert>
  );
}

function OrderFields({
  form,
  procedures,
  procedure,
  onChange,
}: {
  form: OrderForm;
  procedures: Procedure[];
  procedure: Procedure | undefined;
  onChange: (part: Partial<OrderForm>) => void;
}) {
  const t = useText();
  return (
    <>
      <Select
        size="sm"
        label={t('order.procedure')}
        placeholder={t('order.procedurePlaceholder')}
        searchable
        autoFocus
        selectFirstOptionOnChange
        data={byModality(procedures)}
        value={form.procedure}
        onChange={value => {
          const next = procedures.find(one => one.code === value);
          onChange({ procedure: value, laterality: null, contrast: next?.contrast ? 'with' : 'radiologist' });
        }}
      />
      <Textarea
        label={t('order.indication')}
        placeholder={t('order.indicationHint')}
        autosize
        minRows={2}
        value={form.indication}
        onChange={event => onChange({ indication: event.currentTarget.value })}
      />
      <Choice
        label={t('order.priority')}
        value={form.priority}
        choices={PRIORITIES.map(value => ({ value, label: t(`order.priority.${value}`) }))}
        onChange={priority => onChange({ priority })}
      />
      {procedure?.laterality && (
        <Choice
          label={t('order.laterality')}
          value={form.laterality}
          choices={SIDES.map(value => ({ value, label: t(`order.laterality.${value}`) }))}
          onChange={laterality => onChange({ laterality })}
        />
      )}
      <Choice
        label={t('order.contrast')}
        value={form.contrast}
        choices={(['radiologist', 'without', 'with'] as const).map(value => ({ value, label: t(`order.contrast.${value}`) }))}
        onChange={contrast => onChange({ contrast })}
      />
      <Group grow align="flex-end">
        <Select
          size="sm"
          label={t('order.transport')}
          data={TRANSPORTS.map(value => ({ value, label: t(`order.transport.${value}`) }))}
          value={form.transport}
          onChange={value => onChange({ transport: TRANSPORTS.find(one => one === value) ?? 'walking' })}
        />
        <TextInput
          size="sm"
          type="datetime-local"
          label={t('order.scheduled')}
          value={form.scheduled}
          onChange={event => onChange({ scheduled: event.currentTarget.value })}
        />
      </Group>
    </>
  );
}

function Choice<Value extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: Value | null;
  choices: { value: Value; label: string }[];
  onChange: (value: Value) => void;
}) {
  return (
    <div role="group" aria-label={label}>
      <Text size="sm" fw={500} mb={3}>
        {label}
      </Text>
      <SegmentedControl
        size="sm"
        // Nothing chosen is a state of its own: a side must be said, never assumed.
        value={value ?? ''}
        data={choices}
        onChange={next => onChange(next as Value)}
        aria-label={label}
      />
    </div>
  );
}

function byModality(procedures: Procedure[]) {
  return [...Map.groupBy(procedures, procedure => procedure.modality)].map(([group, items]) => ({
    group,
    items: items.map(procedure => ({ value: procedure.code, label: procedure.display })),
  }));
}
