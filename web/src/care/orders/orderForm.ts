import type { Laterality, NewOrder, Priority, Procedure, Transport } from '~/api/types';

export interface OrderForm {
  procedure: string | null;
  indication: string;
  priority: Priority;
  laterality: Laterality | null;
  contrast: 'with' | 'without' | 'radiologist';
  transport: Transport;
  /** As a date-time field has it: local, without a zone. */
  scheduled: string;
}

export const EMPTY_FORM: OrderForm = {
  procedure: null,
  indication: '',
  priority: 'routine',
  laterality: null,
  contrast: 'radiologist',
  transport: 'walking',
  scheduled: '',
};

/** Whether a technologist could carry this out: what, why, and on which side. */
export function isComplete(form: OrderForm, procedure: Procedure): boolean {
  return form.indication.trim() !== '' && (!procedure.laterality || form.laterality !== null);
}

/** The form as the server takes it. */
export function asOrder(form: OrderForm, procedure: Procedure, patient: string): NewOrder {
  return {
    patient,
    procedure: procedure.code,
    priority: form.priority,
    indication: form.indication.trim(),
    laterality: procedure.laterality ? form.laterality : null,
    contrast: form.contrast === 'radiologist' ? null : form.contrast === 'with',
    transport: form.transport,
    scheduled: form.scheduled === '' ? null : new Date(form.scheduled).toISOString(),
  };
}
