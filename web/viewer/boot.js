/**
 * Runs before the viewer's bundle: what its own page had as inline scripts, and the one place where
 * the viewer asks the record instead of guessing.
 */
window.PUBLIC_URL = new URL('.', document.currentScript.src).pathname;

window.browserImportFunction = name => import(name);

/**
 * The studies that may stand beside this one: those that the record holds for the same patient. The
 * viewer's own way is every study with the same PatientID, and two assigners may have given the
 * same PatientID to two people.
 */
window.vesaliusStudiesOfSamePatient = async studyInstanceUID => {
  const response = await fetch(`/api/studies/${encodeURIComponent(studyInstanceUID)}`, {
    headers: { Accept: 'application/json' },
  });
  if (!response.ok) return [studyInstanceUID];
  const { priors } = await response.json();
  return [studyInstanceUID, ...(priors || []).map(prior => prior.study_instance_uid)];
};
