/** The identifier system of numbers that this house gives itself, unless set otherwise. */
const OUR_OWN = 'urn:vesalius:mrn';

/** Who gave a number, as a clinician would say it; nobody is named for our own. */
export function assignerName(assigner: string | null): string {
  return assigner === null || assigner === OUR_OWN ? '' : assigner;
}
