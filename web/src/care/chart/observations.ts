import { moment } from '~/language/dates';
import { readableUnit } from './values';

/** The parts of a FHIR Observation that a grid of results needs. */
export interface Observation {
  id: string;
  status?: string;
  code?: { text?: string; coding?: { system?: string; code?: string; display?: string }[] };
  effectiveDateTime?: string;
  effectivePeriod?: { start?: string };
  valueQuantity?: { value?: number; unit?: string; code?: string; comparator?: string };
  valueString?: string;
  valueCodeableConcept?: { text?: string; coding?: { display?: string; code?: string }[] };
  interpretation?: { text?: string; coding?: { code?: string; display?: string }[] }[];
  referenceRange?: {
    text?: string;
    low?: { value?: number; unit?: string };
    high?: { value?: number; unit?: string };
  }[];
}

export interface Point {
  when: string;
  at: number;
  value: number;
}

/** One test over time. */
export interface TestHistory {
  key: string;
  title: string;
  unit: string;
  latest: { text: string; when: string; abnormal: boolean; id: string };
  range: { text: string; low: number | null; high: number | null };
  points: Point[];
  count: number;
}

const ABNORMAL = new Set(['H', 'HH', 'L', 'LL', 'A', 'AA', 'HU', 'LU']);
const NOT_A_RESULT = new Set(['entered-in-error', 'cancelled']);

/** Observations, newest first, as one line for each test and unit. */
export function histories(observations: Observation[]): TestHistory[] {
  const byTest = Map.groupBy(
    observations.filter(one => !NOT_A_RESULT.has(one.status ?? '') && whenOf(one) !== ''),
    keyOf,
  );
  return [...byTest.entries()].flatMap(([key, group]) => {
    const newest = group[0];
    return newest ? [historyOf(key, newest, group)] : [];
  });
}

function historyOf(key: string, newest: Observation, group: Observation[]): TestHistory {
  return {
    key,
    title: titleOf(newest),
    unit: readableUnit(unitOf(newest)),
    latest: { text: valueOf(newest), when: whenOf(newest), abnormal: isAbnormal(newest), id: newest.id },
    range: rangeOf(newest),
    points: group.flatMap(pointOf).sort((a, b) => a.at - b.at),
    count: group.length,
  };
}

/** Values in different units are never drawn on one line. */
function keyOf(observation: Observation): string {
  const coding = observation.code?.coding?.[0];
  const test = coding?.code ? `${coding.system ?? ''}|${coding.code}` : titleOf(observation);
  return `${test}|${unitOf(observation)}`;
}

function titleOf({ code }: Observation): string {
  return code?.text ?? code?.coding?.find(coding => coding.display)?.display ?? code?.coding?.[0]?.code ?? '';
}

function unitOf({ valueQuantity }: Observation): string {
  return valueQuantity?.unit ?? valueQuantity?.code ?? '';
}

function whenOf({ effectiveDateTime, effectivePeriod }: Observation): string {
  return effectiveDateTime ?? effectivePeriod?.start ?? '';
}

function valueOf({ valueQuantity, valueString, valueCodeableConcept: concept }: Observation): string {
  if (valueQuantity?.value !== undefined) return `${valueQuantity.comparator ?? ''}${rounded(valueQuantity.value)}`;
  return valueString ?? concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code ?? '';
}

/** As many digits as a laboratory would print; synthetic data has fifteen. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function isAbnormal({ interpretation, valueQuantity, referenceRange }: Observation): boolean {
  const codes = interpretation?.flatMap(one => one.coding?.map(coding => coding.code ?? '') ?? []) ?? [];
  if (codes.length > 0) return codes.some(code => ABNORMAL.has(code));
  const value = valueQuantity?.value;
  const range = referenceRange?.[0];
  if (value === undefined || !range) return false;
  return value < (range.low?.value ?? -Infinity) || value > (range.high?.value ?? Infinity);
}

function rangeOf({ referenceRange }: Observation): TestHistory['range'] {
  const range = referenceRange?.[0];
  const low = range?.low?.value ?? null;
  const high = range?.high?.value ?? null;
  const text = low !== null && high !== null ? `${low}–${high}` : low !== null ? `≥ ${low}` : high !== null ? `≤ ${high}` : '';
  return { text: range?.text ?? text, low, high };
}

/** A value with a comparator ("< 5") is no point: nobody knows where it lies. */
function pointOf(observation: Observation): Point[] {
  const { value, comparator } = observation.valueQuantity ?? {};
  const when = whenOf(observation);
  const at = moment(when)?.getTime();
  return value === undefined || comparator || at === undefined ? [] : [{ when, at, value }];
}
