import { describe, expect, it } from 'vitest';
import type { ReportTemplate } from '~/api/types';
import { EMPTY, expandMacro, inOrder, inTemplate, missing, sameContent } from './draft';

const CHEST: ReportTemplate = {
  id: 'chest',
  title: 'Chest radiograph',
  language: 'en',
  sections: [
    { id: 'indication', title: 'Indication', required: true, text: 'Cough', macros: [] },
    { id: 'lungs', title: 'Lungs', required: true, text: '', macros: [] },
    { id: 'devices', title: 'Devices', required: false, text: '', macros: [] },
  ],
};

describe('inTemplate', () => {
  it('begins empty sections with the text of the template', () => {
    expect(inTemplate(EMPTY, CHEST).sections).toEqual({ indication: 'Cough', lungs: '', devices: '' });
  });

  it('keeps what was typed', () => {
    const typed = { ...EMPTY, sections: { indication: 'Fever' } };
    expect(inTemplate(typed, CHEST).sections.indication).toBe('Fever');
  });

  it('never drops a text that the template has no place for', () => {
    const typed = { ...EMPTY, sections: { findings: 'A nodule of 8 mm.' }, conclusion: 'Nodule.' };
    expect(inTemplate(typed, CHEST).conclusion).toBe('Nodule.\n\nA nodule of 8 mm.');
  });
});

describe('inOrder', () => {
  it('follows the template, and keeps what it does not know', () => {
    const sections = { other: 'c', lungs: 'b', indication: 'a' };
    expect(inOrder(sections, CHEST).map(([id]) => id)).toEqual(['indication', 'lungs', 'other']);
    expect(inOrder(sections, undefined)).toHaveLength(3);
  });
});

describe('missing', () => {
  it('names what is needed and empty', () => {
    expect(missing(inTemplate(EMPTY, CHEST), CHEST, 'Impression')).toEqual(['Lungs', 'Impression']);
  });
});

describe('sameContent', () => {
  it('takes an empty section for none', () => {
    expect(sameContent(EMPTY, { ...EMPTY, sections: { lungs: '' }, follow_up: '' })).toBe(true);
    expect(sameContent(EMPTY, { ...EMPTY, critical: true })).toBe(false);
  });
});

describe('expandMacro', () => {
  const macros = [{ key: 'normal', text: 'The lungs are clear.' }];

  it('writes out a key before the caret', () => {
    expect(expandMacro('See .normal and', 11, macros)).toEqual({
      text: 'See The lungs are clear.  and',
      caret: 25,
    });
  });

  it('leaves a number with a point, and a key it does not know', () => {
    expect(expandMacro('8.normal', 8, macros)).toBeNull();
    expect(expandMacro('.other', 6, macros)).toBeNull();
  });
});
