import { describe, expect, it } from 'vitest';
import { asOrder, EMPTY_FORM, isComplete } from './orderForm';

const KNEE = { code: 'XR-KNEE', display: 'Knee', modality: 'DX', body_site: 'KNEE', laterality: true, contrast: false };
const HEAD = { ...KNEE, code: 'CT-HEAD', laterality: false };

describe('an order', () => {
  it('needs a reason, and a side where there are two', () => {
    const form = { ...EMPTY_FORM, procedure: 'XR-KNEE', indication: 'Fall' };
    expect(isComplete({ ...form, indication: '  ' }, HEAD)).toBe(false);
    expect(isComplete(form, KNEE)).toBe(false);
    expect(isComplete({ ...form, laterality: 'left' }, KNEE)).toBe(true);
  });

  it('leaves contrast open when the radiologist decides', () => {
    expect(asOrder({ ...EMPTY_FORM, indication: 'x' }, HEAD, '1').contrast).toBeNull();
    expect(asOrder({ ...EMPTY_FORM, contrast: 'without' }, HEAD, '1').contrast).toBe(false);
  });

  it('never carries a side to a procedure that has none', () => {
    expect(asOrder({ ...EMPTY_FORM, laterality: 'right' }, HEAD, '1').laterality).toBeNull();
  });

  it('says the zone of the appointment', () => {
    expect(asOrder({ ...EMPTY_FORM, scheduled: '2026-11-24T10:30' }, HEAD, '1').scheduled).toMatch(/Z$/);
  });
});
