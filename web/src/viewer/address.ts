/** Where the viewer shows this study, with an earlier one beside it if wanted. */
export function viewerAddress(study: string, beside: string | null = null): string {
  const query = new URLSearchParams({ StudyInstanceUIDs: beside ? `${study},${beside}` : study });
  if (beside) query.set('hangingProtocolId', '@ohif/hpCompare');
  return `/viewer/viewer?${query.toString()}`;
}
