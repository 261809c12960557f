import { describe, expect, it } from 'vitest';
import { joinedComponents, readableValue } from './values';

describe('readableValue', () => {
  it('prints as many digits as a laboratory would', () => {
    expect(readableValue('296.7272425692353 10*3/uL')).toBe('296.7 10³/µL');
    expect(readableValue('15.03 g/dL')).toBe('15.03 g/dL');
  });

  it('leaves alone what is no number', () => {
    expect(readableValue('Never smoked')).toBe('Never smoked');
    expect(readableValue('2026-11-24')).toBe('2026-11-24');
  });

  it('keeps a comparator', () => {
    expect(readableValue('<0.0031234 ng/mL')).toBe('<0.003123 ng/mL');
  });
});

describe('joinedComponents', () => {
  it('writes a blood pressure as everybody does', () => {
    expect(joinedComponents([{ value: '111.2 mm[Hg]' }, { value: '72.4 mm[Hg]' }])).toBe('111/72 mmHg');
  });

  it('keeps units that differ', () => {
    expect(joinedComponents([{ value: '5 mg' }, { value: '2 mL' }])).toBe('5 mg / 2 mL');
  });
});
