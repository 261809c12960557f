/** The parts of a FHIR ImagingStudy that the chart shows. */
export interface ImagingStudy {
  identifier?: { system?: string; value?: string }[];
  started?: string;
  description?: string;
  modality?: { code?: string }[];
  numberOfInstances?: number;
}

export interface StudyImages {
  uid: string;
  title: string;
  modalities: string;
  when: string | null;
  thumbnail: string;
}

/** What belongs to images but is none (PS3.16 CID 29). */
const BESIDE = new Set(['SR', 'KO', 'PR', 'SEG', 'REG', 'RWV', 'FID', 'DOC', 'AU', 'ANN', 'PLAN']);

/** The modalities one thinks of, unless there is nothing else. */
export function lookedAt(modalities: string[]): string {
  const images = modalities.filter(one => !BESIDE.has(one));
  return (images.length > 0 ? images : modalities).join(', ');
}

/** A study as it stands in the chart: named by its description, else by what it was made with. */
export function asImages(study: ImagingStudy): StudyImages {
  const uid =
    study.identifier?.find(one => one.system === 'urn:dicom:uid')?.value?.replace(/^urn:oid:/, '') ?? '';
  const modalities = lookedAt(study.modality?.map(one => one.code ?? '') ?? []);
  return {
    uid,
    title: study.description || modalities,
    modalities,
    when: study.started ?? null,
    thumbnail: `/dicomweb/studies/${encodeURIComponent(uid)}/thumbnail`,
  };
}
