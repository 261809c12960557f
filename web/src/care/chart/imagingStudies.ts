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

/** A study as it stands in the chart: named by its description, else by what it was made with. */
export function asImages(study: ImagingStudy): StudyImages {
  const uid =
    study.identifier?.find(one => one.system === 'urn:dicom:uid')?.value?.replace(/^urn:oid:/, '') ?? '';
  const modalities = study.modality?.map(one => one.code).join(', ') ?? '';
  return {
    uid,
    title: study.description || modalities,
    modalities,
    when: study.started ?? null,
    thumbnail: `/dicomweb/studies/${encodeURIComponent(uid)}/thumbnail`,
  };
}
