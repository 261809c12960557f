import { describe, expect, it } from 'vitest';
import { readableName, studyTitle } from './naming';

describe('studyTitle', () => {
  it('does not say the modality twice', () => {
    expect(studyTitle('CT', 'CT head')).toBe('CT head');
    expect(studyTitle('US', 'Echocardiography')).toBe('US Echocardiography');
    expect(studyTitle('MR', null)).toBe('MR');
  });
});

describe('readableName', () => {
  it('shows every script', () => {
    expect(readableName('Yamada^Tarou=山田^太郎=やまだ^たろう')).toBe('Yamada, Tarou · 山田, 太郎 · やまだ, たろう');
  });

  it('takes what is there', () => {
    expect(readableName('DOE')).toBe('DOE');
    expect(readableName(null)).toBe('');
  });
});
