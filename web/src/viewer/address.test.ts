import { describe, expect, it } from 'vitest';
import { viewerAddress } from './address';

describe('viewerAddress', () => {
  it('names the study, and the earlier one beside it', () => {
    expect(viewerAddress('1.2')).toBe('/viewer/viewer?StudyInstanceUIDs=1.2');
    expect(viewerAddress('1.2', '1.1')).toContain('StudyInstanceUIDs=1.2%2C1.1');
  });

  it('cannot be led elsewhere by a study', () => {
    expect(viewerAddress('1.2&configUrl=//x')).not.toContain('&configUrl');
  });
});
