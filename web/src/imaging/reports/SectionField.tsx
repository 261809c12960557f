import { Group, Textarea, UnstyledButton } from '@mantine/core';
import { useLayoutEffect, useRef, type ChangeEvent } from 'react';
import type { Macro } from '~/api/types';
import { useText } from '~/language/LanguageProvider';
import { expandMacro } from './draft';
import classes from './Report.module.css';

/** One section of a report, with the sentences that can be put into it. */
export function SectionField({
  label,
  required,
  macros,
  value,
  disabled,
  onChange,
}: {
  label: string;
  required: boolean;
  macros: Macro[];
  value: string;
  disabled: boolean;
  onChange: (text: string) => void;
}) {
  const t = useText();
  const field = useRef<HTMLTextAreaElement>(null);
  const caret = useRef<number | null>(null);

  useLayoutEffect(() => {
    if (caret.current === null) return;
    field.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [value]);

  function type(event: ChangeEvent<HTMLTextAreaElement>) {
    const { value: text, selectionStart } = event.currentTarget;
    const endsKey = text.length > value.length && /[ \n]/.test(text.charAt(selectionStart - 1));
    const expanded = endsKey
      ? expandMacro(text.slice(0, selectionStart - 1) + text.slice(selectionStart), selectionStart - 1, macros)
      : null;
    if (expanded) caret.current = expanded.caret;
    onChange(expanded?.text ?? text);
  }

  function insert(macro: Macro) {
    const at = field.current?.selectionStart ?? value.length;
    const before = value.slice(0, at);
    const gap = before === '' || /\s$/.test(before) ? '' : ' ';
    caret.current = at + gap.length + macro.text.length;
    onChange(before + gap + macro.text + value.slice(at));
    field.current?.focus();
  }

  return (
    <div className={classes.section}>
      <Textarea
        ref={field}
        label={label}
        required={required}
        autosize
        minRows={1}
        maxRows={24}
        spellCheck
        value={value}
        disabled={disabled}
        onChange={type}
      />
      {macros.length > 0 && !disabled && (
        <Group gap={4} className={classes.macros} role="group" aria-label={t('report.macros')} title={t('report.macroHint')}>
          {macros.map(macro => (
            <UnstyledButton
              key={macro.key}
              tabIndex={-1}
              className={classes.macro}
              title={macro.text}
              onMouseDown={event => event.preventDefault()}
              onClick={() => insert(macro)}
            >
              .{macro.key}
            </UnstyledButton>
          ))}
        </Group>
      )}
    </div>
  );
}
