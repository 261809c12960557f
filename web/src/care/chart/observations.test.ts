import { describe, expect, it } from 'vitest';
import { histories, type Observation } from './observations';

const glucose = (when: string, value: number, more: Partial<Observation> = {}): Observation => ({
  id: when,
  status: 'final',
  code: { text: 'Glucose', coding: [{ system: 'http://loinc.org', code: '2339-0' }] },
  effectiveDateTime: when,
  valueQuantity: { value, unit: 'mg/dL' },
  ...more,
});

describe('histories', () => {
  it('makes one line of a test, its points oldest first', () => {
    const [line] = histories([glucose('2026-02-01', 101), glucose('2025-02-01', 90)]);
    expect(line?.latest.text).toBe('101');
    expect(line?.points.map(point => point.value)).toEqual([90, 101]);
  });

  it('never draws two units on one line', () => {
    const other = glucose('2024-02-01', 5.1, { valueQuantity: { value: 5.1, unit: 'mmol/L' } });
    expect(histories([glucose('2026-02-01', 101), other])).toHaveLength(2);
  });

  it('leaves out what was entered in error', () => {
    expect(histories([glucose('2026-02-01', 101, { status: 'entered-in-error' })])).toEqual([]);
  });

  it('does not draw a value that is only a limit', () => {
    const below = glucose('2026-02-01', 5, { valueQuantity: { value: 5, unit: 'mg/dL', comparator: '<' } });
    const [line] = histories([below]);
    expect(line?.latest.text).toBe('<5');
    expect(line?.points).toEqual([]);
  });

  it('tells what is outside its range, but believes the laboratory first', () => {
    const referenceRange = [{ low: { value: 70 }, high: { value: 100 } }];
    expect(histories([glucose('2026-02-01', 140, { referenceRange })])[0]?.latest.abnormal).toBe(true);
    const normal = [{ coding: [{ code: 'N' }] }];
    expect(histories([glucose('2026-02-01', 140, { referenceRange, interpretation: normal })])[0]?.latest.abnormal).toBe(false);
  });
});
