import { Alert, Button, Group, Select, Switch, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Report, ReportTemplate } from '~/api/types';
import { useMay, useSession } from '~/access/session';
import { ErrorSays, useErrorSentence } from '~/design/Says';
import { formatTime } from '~/language/dates';
import { useLanguage, useText } from '~/language/LanguageProvider';
import { useKeys } from '~/keys/KeysProvider';
import { ConflictDialog } from './ConflictDialog';
import { inTemplate, missing } from './draft';
import { SectionField } from './SectionField';
import { SignDialog } from './SignDialog';
import { templatesQuery } from './templates';
import { useReportDraft, type Saving } from './useReportDraft';
import classes from './Report.module.css';

const SIGN_KEY = 'Alt+S';

interface Properties {
  study: string;
  modality: string | null;
  bodyPart: string | null;
  report: Report | null;
  writable: boolean;
  onSigned: (next: boolean) => void;
}

/** The report while it is written. */
export function ReportEditor({ study, modality, bodyPart, report, writable, onSigned }: Properties) {
  const { t, language } = useLanguage();
  const session = useSession();
  const maySign = useMay('report.sign');
  const [signing, setSigning] = useState(false);
  const drafting = useReportDraft(study, session?.username ?? '', report, writable);
  const { content, change } = drafting;
  const templates = useQuery(templatesQuery(content.language ?? language, modality, bodyPart));
  const template = templates.data?.find(one => one.id === content.template) ?? null;
  const gaps = template ? missing(content, template, t('report.conclusion')) : [];

  useKeys([
    { keys: 'Alt+R', says: 'read.key.report', run: focusReport },
    ...(writable && maySign && template
      ? [{ keys: SIGN_KEY, says: 'read.key.sign' as const, run: () => setSigning(true) }]
      : []),
  ]);

  return (
    <div className={classes.editor}>
      <Group justify="space-between" wrap="nowrap" className={classes.head}>
        <TemplateSelect
          templates={templates.data ?? []}
          value={content.template}
          disabled={!writable}
          onChoose={chosen => change(inTemplate(content, chosen))}
        />
        <SavedMark saving={drafting.saving} />
      </Group>
      {templates.error && <ErrorSays error={templates.error} retry={() => void templates.refetch()} />}
      {drafting.recovered && drafting.saving.state !== 'saved' && <Alert color="yellow">{t('report.recovered')}</Alert>}
      <div className={classes.sections} data-report>
        {!template && <Text className="quiet">{t('report.chooseTemplate')}</Text>}
        {template?.sections.map(section => (
          <SectionField
            key={section.id}
            label={section.title}
            required={section.required}
            macros={section.macros}
            value={content.sections[section.id] ?? ''}
            disabled={!writable}
            onChange={text => change({ sections: { ...content.sections, [section.id]: text } })}
          />
        ))}
        {template && (
          <>
            <SectionField
              label={t('report.conclusion')}
              required
              macros={[]}
              value={content.conclusion}
              disabled={!writable}
              onChange={conclusion => change({ conclusion })}
            />
            <TextInput
              size="sm"
              label={t('report.followUp')}
              placeholder={t('report.followUpHint')}
              value={content.follow_up ?? ''}
              disabled={!writable}
              onChange={event => change({ follow_up: event.currentTarget.value || null })}
            />
            <Switch
              color="red"
              label={t('report.critical')}
              description={t('report.criticalHint')}
              checked={content.critical}
              disabled={!writable}
              onChange={event => change({ critical: event.currentTarget.checked })}
            />
          </>
        )}
      </div>
      {writable && maySign && template && (
        <Group justify="space-between" className={classes.foot}>
          <Text size="xs" className="quiet">
            {gaps.length > 0 && t('report.missing', { sections: gaps.join(', ') })}
          </Text>
          <Button onClick={() => setSigning(true)} rightSection={<kbd>{SIGN_KEY}</kbd>}>
            {t('report.sign')}
          </Button>
        </Group>
      )}
      <SignDialog
        opened={signing}
        study={study}
        gaps={gaps}
        critical={content.critical}
        saveNow={drafting.saveNow}
        onClose={() => setSigning(false)}
        onSigned={onSigned}
      />
      {drafting.conflict && (
        <ConflictDialog
          mine={content}
          theirs={drafting.conflict}
          template={template}
          keepMine={drafting.keepMine}
          takeTheirs={drafting.takeTheirs}
        />
      )}
    </div>
  );
}

/** Into the first field that must not stay empty, else into the first of all. */
export function focusReport() {
  const fields = [...document.querySelectorAll<HTMLTextAreaElement>('[data-report] textarea:not(:disabled)')];
  (fields.find(field => field.required && field.value === '') ?? fields[0])?.focus();
}

function TemplateSelect({
  templates,
  value,
  disabled,
  onChoose,
}: {
  templates: ReportTemplate[];
  value: string | null;
  disabled: boolean;
  onChoose: (template: ReportTemplate) => void;
}) {
  const t = useText();
  return (
    <Select
      w={260}
      aria-label={t('report.template')}
      placeholder={t('report.template')}
      disabled={disabled}
      data={templates.map(template => ({ value: template.id, label: template.title }))}
      value={value}
      onChange={id => {
        const chosen = templates.find(template => template.id === id);
        if (chosen) onChoose(chosen);
      }}
    />
  );
}

function SavedMark({ saving }: { saving: Saving }) {
  const { t, locale } = useLanguage();
  const say = useErrorSentence();
  if (saving.state === 'failed') {
    return (
      <Text size="xs" role="alert" c="var(--danger)">
        {t('report.notSaved', { why: say(saving.error) })}
      </Text>
    );
  }
  const says = {
    saving: () => t('report.saving'),
    unsaved: () => t('report.unsaved'),
    saved: () =>
      saving.state === 'saved' && saving.at ? t('report.saved', { time: formatTime(saving.at, locale) }) : '',
  }[saving.state];
  return (
    <Text size="xs" className="quiet" role="status" data-saving={saving.state}>
      {says()}
    </Text>
  );
}
