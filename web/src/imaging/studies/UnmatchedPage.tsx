import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { api, path, withQuery } from '~/api/client';
import type { PatientCard, Unmatched } from '~/api/types';
import { useMay } from '~/access/session';
import { Dialog } from '~/design/Dialog';
import { Icon } from '~/design/Icon';
import { Page } from '~/design/Page';
import { EmptySays, ErrorSays, LoadingRows, useErrorSentence } from '~/design/Says';
import { tell, tellFailure } from '~/design/tell';
import { assignerName } from '~/care/patients/assigner';
import { Thumbnail } from '~/care/chart/Thumbnail';
import { formatDate } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage, useText } from '~/language/LanguageProvider';
import { readableName, studyTitle } from './naming';
import { unmatchedQuery } from './unmatched';
import classes from './Unmatched.module.css';

/** Studies that belong to nobody for certain; a human decides, and can take it back. */
export function UnmatchedPage() {
  const t = useText();
  const studies = useQuery(unmatchedQuery);
  const [attached, setAttached] = useState<{ study: string; name: string }[]>([]);
  return (
    <Page
      title={t('unmatched.title')}
      aside={studies.data && t('reading.count', { count: studies.data.length })}
    >
      {attached.map(one => (
        <Undo key={one.study} attached={one} onDone={() => setAttached(all => all.filter(other => other !== one))} />
      ))}
      {studies.isPending && <LoadingRows />}
      {studies.error && <ErrorSays error={studies.error} retry={() => void studies.refetch()} />}
      {studies.data?.length === 0 && (
        <div className="sheet">
          <EmptySays>{t('unmatched.empty')}</EmptySays>
        </div>
      )}
      {studies.data?.map(study => (
        <UnmatchedStudy
          key={study.study_instance_uid}
          study={study}
          onAttached={name => setAttached(all => [...all, { study: study.study_instance_uid, name }])}
        />
      ))}
    </Page>
  );
}

function UnmatchedStudy({ study, onAttached }: { study: Unmatched; onAttached: (name: string) => void }) {
  const { t, locale } = useLanguage();
  const [chosen, setChosen] = useState<PatientCard | null>(null);
  const mayCorrect = useMay('study.correct');
  return (
    <article className={`sheet ${classes.study}`} data-study={study.study_instance_uid}>
      <Link to="/read/$study" params={{ study: study.study_instance_uid }} title={t('reading.open')}>
        <Thumbnail
          src={`/dicomweb/studies/${study.study_instance_uid}/thumbnail`}
          label={study.modality ?? ''}
          className={classes.thumbnail}
        />
      </Link>
      <section>
        <h2>
          {studyTitle(study.modality, study.description)}
        </h2>
        <dl className={classes.facts}>
          <dt>{t('patients.name')}</dt>
          <dd>
            <bdi>{readableName(study.PatientName)}</bdi>
          </dd>
          <dt>{t('patients.birthDate')}</dt>
          <dd>
            {formatDate(study.PatientBirthDate, locale)} {study.PatientSex}
          </dd>
          <dt>{t('patients.mrn')}</dt>
          <dd>
            {study.PatientID} <span className="quiet">{study.issuer}</span>
          </dd>
          <dt>{t('reading.date')}</dt>
          <dd>
            {formatDate(study.study_date, locale)} · {t('timeline.images', { count: study.instances })}
          </dd>
        </dl>
        <p className={classes.reason}>
          <Icon name="warning" size={13} /> {t(`waits.${study.reason}` as Key)}
        </p>
      </section>
      <section className={classes.proposals}>
        <h2>{t('unmatched.proposals')}</h2>
        {study.proposals.length === 0 && <p className="quiet">{t('unmatched.noProposals')}</p>}
        {study.proposals.map(proposal => (
          <Proposal
            key={proposal.patient.id}
            patient={proposal.patient}
            reasons={proposal.reasons}
            differences={proposal.differences}
            onChoose={mayCorrect ? () => setChosen(proposal.patient) : undefined}
          />
        ))}
        {mayCorrect && <OtherPatient onChoose={setChosen} />}
      </section>
      {chosen && (
        <AttachDialog
          study={study}
          patient={chosen}
          onClose={() => setChosen(null)}
          onAttached={() => onAttached(chosen.name)}
        />
      )}
    </article>
  );
}

function Proposal({
  patient,
  reasons,
  differences,
  onChoose,
}: {
  patient: PatientCard;
  reasons: string[];
  differences: string[];
  onChoose: (() => void) | undefined;
}) {
  const { t } = useLanguage();
  return (
    <div className={classes.proposal}>
      <div>
        <PatientLine patient={patient} />
        <div className={classes.aspects}>
          {reasons.map(aspect => (
            <span key={aspect} className="good">
              <Icon name="check" size={11} /> {t(`aspect.${aspect}` as Key)}
            </span>
          ))}
          {differences.map(aspect => (
            <span key={aspect} className="danger">
              {t('unmatched.differs', { what: t(`aspect.${aspect}` as Key) })}
            </span>
          ))}
        </div>
      </div>
      {onChoose && (
        <Button variant="light" onClick={onChoose} aria-label={t('unmatched.attachTo', { name: patient.name })}>
          {t('unmatched.attach')}
        </Button>
      )}
    </div>
  );
}

function PatientLine({ patient }: { patient: PatientCard }) {
  const { t, locale } = useLanguage();
  return (
    <span>
      <b>
        <bdi>{patient.name}</bdi>
      </b>{' '}
      <span className="numbers">
        {formatDate(patient.birthDate, locale)} {patient.gender && t(`gender.short.${patient.gender}` as Key)} ·{' '}
        {patient.mrn} <span className="quiet">{assignerName(patient.assigner)}</span>
      </span>
    </span>
  );
}

function OtherPatient({ onChoose }: { onChoose: (patient: PatientCard) => void }) {
  const t = useText();
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 180);
  const found = useQuery({
    queryKey: ['patients', q, 5],
    enabled: q !== '',
    queryFn: ({ signal }) => api.get<PatientCard[]>(withQuery('/api/patients', { q, limit: 5 }), { signal }),
  });
  return (
    <>
      <TextInput
        aria-label={t('unmatched.searchOther')}
        placeholder={t('unmatched.searchOther')}
        leftSection={<Icon name="search" size={13} />}
        value={text}
        onChange={event => setText(event.currentTarget.value)}
      />
      {q !== '' &&
        found.data?.slice(0, 5).map(patient => (
          <Proposal key={patient.id} patient={patient} reasons={[]} differences={[]} onChoose={() => onChoose(patient)} />
        ))}
    </>
  );
}

/** Both identities side by side once more, and the reason. */
function AttachDialog({
  study,
  patient,
  onClose,
  onAttached,
}: {
  study: Unmatched;
  patient: PatientCard;
  onClose: () => void;
  onAttached: () => void;
}) {
  const { t, locale } = useLanguage();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const attach = useMutation({
    mutationFn: () =>
      api.post(path`/api/unmatched/${study.study_instance_uid}/attach`, { patient: patient.id, reason }),
    onSuccess: async () => {
      tell(t('unmatched.attached', { name: patient.name }));
      onAttached();
      onClose();
      await client.invalidateQueries({ queryKey: ['unmatched'] });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    attach.mutate();
  }

  const lines: [Key, string | null, string | null][] = [
    ['patients.name', readableName(study.PatientName), patient.name],
    ['patients.birthDate', formatDate(study.PatientBirthDate, locale), formatDate(patient.birthDate, locale)],
    ['patients.sex', study.PatientSex, patient.gender && t(`gender.${patient.gender}` as Key)],
    ['patients.mrn', study.PatientID, patient.mrn],
    ['patients.assigner', study.issuer, assignerName(patient.assigner)],
  ];

  return (
    <Dialog opened onClose={onClose} title={t('unmatched.attachTo', { name: patient.name })} size="lg">
      <form onSubmit={submit}>
        <Stack>
          <p className="quiet">{t('unmatched.compare')}</p>
          <table className="dense">
            <thead>
              <tr>
                <th />
                <th scope="col">{t('unmatched.inFile')}</th>
                <th scope="col">{t('banner.label')}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map(([key, inFile, inRecord]) => (
                <tr key={key}>
                  <th scope="row">{t(key)}</th>
                  <td>
                    <bdi>{inFile}</bdi>
                  </td>
                  <td>
                    <bdi>{inRecord}</bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <TextInput
            size="sm"
            label={t('unmatched.reason')}
            description={t('unmatched.reasonHint')}
            required
            data-autofocus
            value={reason}
            onChange={event => setReason(event.currentTarget.value)}
          />
          {attach.error && <ErrorSays error={attach.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={attach.isPending}>
              {t('unmatched.attach')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function Undo({ attached, onDone }: { attached: { study: string; name: string }; onDone: () => void }) {
  const t = useText();
  const say = useErrorSentence();
  const client = useQueryClient();
  const detach = useMutation({
    mutationFn: () =>
      api.post(path`/api/studies/${attached.study}/undo`),
    onSuccess: async () => {
      tell(t('unmatched.detached'));
      onDone();
      await client.invalidateQueries({ queryKey: ['unmatched'] });
    },
    onError: error => tellFailure(say(error), t('common.close')),
  });
  return (
    <Group className={`sheet ${classes.undo}`} justify="space-between">
      <span>{t('unmatched.attached', { name: attached.name })}</span>
      <Button variant="default" loading={detach.isPending} onClick={() => detach.mutate()}>
        {t('common.undo')}
      </Button>
    </Group>
  );
}
