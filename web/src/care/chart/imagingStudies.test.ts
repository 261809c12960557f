import { describe, expect, it } from 'vitest';
import { asImages, lookedAt } from './imagingStudies';

describe('asImages', () => {
  const study = {
    identifier: [
      { system: 'urn:other', value: '7' },
      { system: 'urn:dicom:uid', value: 'urn:oid:1.2.3' },
    ],
    modality: [{ code: 'CT' }, { code: 'SR' }],
  };

  it('finds the study behind the identifier', () => {
    expect(asImages(study).thumbnail).toBe('/dicomweb/studies/1.2.3/thumbnail');
  });

  it('is named by its modalities when nobody described it', () => {
    expect(asImages(study).title).toBe('CT');
    expect(asImages({ ...study, description: 'Chest' }).title).toBe('Chest');
  });

  it('names a study of nothing but reports by them', () => {
    expect(lookedAt(['SR', 'KO'])).toBe('SR, KO');
  });
});
