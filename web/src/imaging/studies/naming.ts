/** The description, with the modality before it unless it begins with that anyway. */
export function studyTitle(modality: string | null, description: string | null): string {
  if (!description) return modality ?? '';
  return !modality || description.startsWith(modality) ? description : `${modality} ${description}`;
}

/**
 * A DICOM person name as people read it: family name before given names, the groups for other
 * scripts after it (PS3.5, 6.2.1).
 */
export function readableName(name: string | null): string {
  return (name ?? '')
    .split('=')
    .map(group => {
      const [family = '', given = '', middle = ''] = group.split('^');
      const others = [given, middle].filter(Boolean).join(' ');
      return [family, others].filter(Boolean).join(', ');
    })
    .filter(Boolean)
    .join(' · ');
}
