/** What the server's workflow API sends and takes. The one place where its shapes are written down. */

export type Language = 'en' | 'fr';

// --- access ---------------------------------------------------------------------------------------

export interface Session {
  username: string;
  display: string;
  roles: string[];
  permissions: string[];
  csrf_token: string;
  language: string | null;
}

export interface User {
  username: string;
  display: string;
  roles: string[];
  active: boolean;
}

export interface Role {
  name: string;
  display?: string;
  permissions: string[];
}

export interface Node {
  ae_title: string;
  host: string;
  port: number;
  may: string[];
  description: string | null;
}

export interface RefusedNode {
  ae_title: string;
  address: string;
  first_seen: string;
  last_seen: string;
  attempts: number;
}

export interface Echo {
  ok: boolean;
  milliseconds: number | null;
  message: string;
}

/** Somebody who looked at a patient's record. */
export interface Look {
  when: string;
  who: string | null;
  role: string;
  action: string;
  kind: string;
  reference: string | null;
}

export interface AuditEvent extends Look {
  id: number;
  outcome: string;
  patient_reference: string | null;
  address: string | null;
  detail: unknown;
}

// --- care -----------------------------------------------------------------------------------------

export interface Identifier {
  system: string;
  value: string;
  assigner?: string | null;
}

export type AgeUnit = 'days' | 'months' | 'years';

/** A patient as lists and the banner show them. */
export interface PatientCard {
  id: string;
  name: string;
  names: string[];
  birthDate: string | null;
  age: number | null;
  age_unit: AgeUnit | null;
  gender: string | null;
  mrn: string | null;
  assigner: string | null;
  deceased: boolean;
  active: boolean;
  identifiers?: Identifier[];
  restricted?: boolean;
}

export interface Allergy {
  text: string;
  criticality: string | null;
  reactions: string[];
  reference: string;
}

export interface Banner extends PatientCard {
  allergies: Allergy[];
  alerts: string[];
}

/** A registration: a FHIR Patient whose number may be left out. */
export interface NewPatient {
  name: { use: 'official'; family: string; given: string[] }[];
  birthDate: string;
  gender: string;
  identifier?: { value: string }[];
}

export interface Problem {
  title: string;
  since: string | null;
  status: string;
  reference: string;
}

export interface Medication {
  title: string;
  dosage: string;
  status: string;
  when: string | null;
  reference: string;
}

export interface Result {
  title: string;
  value: string;
  when: string | null;
  status: string;
  interpretation: string[];
  range: string[];
  components: { title: string; value: string }[];
  reference: string;
}

export interface OpenOrder {
  title: string;
  status: string;
  priority: string;
  when: string | null;
  scheduled: string | null;
  reference: string;
}

export interface Summary {
  problems: Problem[];
  medications: Medication[];
  allergies: Allergy[];
  vitals: Result[];
  results: Result[];
  orders: OpenOrder[];
}

export type TimelineKind =
  | 'encounter'
  | 'result'
  | 'note'
  | 'medication'
  | 'imaging'
  | 'report'
  | 'order'
  | 'condition'
  | 'procedure';

export interface TimelineEntry {
  when: string;
  kind: TimelineKind;
  title: string;
  detail: string;
  reference: string;
  cursor: string;
  status?: string | null;
  priority?: string;
  interpretation?: string[];
  study_instance_uid?: string;
  series?: number;
  instances?: number;
  thumbnails?: string[];
}

export interface Procedure {
  code: string;
  display: string;
  modality: string;
  body_site: string | null;
  laterality: boolean;
  contrast: boolean;
}

export type Priority = 'routine' | 'urgent' | 'asap' | 'stat';

export type Laterality = 'left' | 'right' | 'both';
export type Transport = 'walking' | 'wheelchair' | 'bed' | 'portable';

export interface NewOrder {
  patient: string;
  procedure: string;
  priority: Priority;
  indication: string;
  laterality: Laterality | null;
  contrast: boolean | null;
  transport: Transport | null;
  /** With its time zone. */
  scheduled: string | null;
}

export interface Order {
  id: string;
  patient: string;
  accession_number: string;
  study_instance_uid: string | null;
  step_status: string | null;
  procedure: string | null;
  display: string;
  modality: string | null;
  body_site: string | null;
  laterality: Laterality | null;
  contrast: boolean | null;
  transport: Transport | null;
  priority: Priority;
  status: string;
  indication: string | null;
  requester: string | null;
  scheduled: string | null;
  authored: string;
}

// --- imaging --------------------------------------------------------------------------------------

export type ReadingStatus = 'unread' | 'claimed' | 'draft' | 'signed';

export interface ReadingItem {
  study_instance_uid: string;
  patient: {
    /** Absent while the study waits for its patient; the rest is then as the images say it. */
    id: string | null;
    name: string;
    mrn: string | null;
    birthDate: string | null;
    sex: string | null;
  };
  order: string | null;
  accession_number: string | null;
  modality: string;
  body_part: string | null;
  description: string | null;
  study_date: string | null;
  arrived: string;
  /** Images of it are still coming in. */
  arriving: boolean;
  priority: Priority;
  waiting_seconds: number;
  status: ReadingStatus;
  claimed_by: string | null;
  claimed_by_username: string | null;
  instances: number;
  series: number;
  priors: number;
  /** Status of the signed report, if any. */
  report: string | null;
}

export interface ReadingList {
  items: ReadingItem[];
  total: number;
}

export interface StudyFacts {
  study_instance_uid: string;
  imaging_study: string;
  study_date: string | null;
  modality: string | null;
  modalities: string[];
  description: string | null;
  body_part: string | null;
  accession_number: string | null;
  series: number;
  instances: number;
  state: string;
  waiting: string | null;
}

export interface Prior extends StudyFacts {
  relevance: number;
  reasons: string[];
  report: string | null;
}

export interface StudyView {
  study: StudyFacts;
  patient: Banner | null;
  order: Order | null;
  priors: Prior[];
  reading: {
    status: ReadingStatus;
    claimed_by: string | null;
    claimed_by_username: string | null;
    priority: Priority;
  } | null;
}

export interface Macro {
  key: string;
  text: string;
}

export interface TemplateSection {
  id: string;
  title: string;
  required: boolean;
  text: string;
  macros: Macro[];
}

export interface ReportTemplate {
  id: string;
  title: string;
  language: string;
  sections: TemplateSection[];
}

export interface ReportDraft {
  template: string | null;
  language: string | null;
  sections: Record<string, string>;
  conclusion: string;
  critical: boolean;
  follow_up: string | null;
  /** Of the draft; 0 when there is none yet. */
  revision: number;
}

export type ReportStatus = 'new' | 'draft' | 'preliminary' | 'final' | 'amended' | 'appended';

/** A report: the draft where there is one, else what is signed, else what a new one begins with. */
export interface Report extends ReportDraft {
  status: ReportStatus;
  author: string | null;
  changed: string | null;
  addenda: { text: string; author: string; when: string }[];
  signed_status?: ReportStatus;
  signed_by?: string;
  signed_at?: string;
  pdf?: string;
}

export interface SavedDraft {
  revision: number;
  changed: string;
}

export interface Unmatched {
  study_instance_uid: string;
  PatientID: string | null;
  issuer: string | null;
  PatientName: string | null;
  PatientBirthDate: string | null;
  PatientSex: string | null;
  study_date: string | null;
  modality: string | null;
  description: string | null;
  instances: number;
  reason: string;
  proposals: { patient: PatientCard; reasons: string[]; differences: string[]; score: number }[];
}
