/** Values as a chart prints them: readable units, as many digits as a laboratory would print. */

/** UCUM as written (UCUM, section 4) and as read. */
const READABLE: Record<string, string> = {
  'mm[Hg]': 'mmHg',
  Cel: '°C',
  '[degF]': '°F',
  '10*3/uL': '10³/µL',
  '10*6/uL': '10⁶/µL',
  'kg/m2': 'kg/m²',
  'mL/min/{1.73_m2}': 'mL/min/1.73 m²',
  'ug/mL': 'µg/mL',
  '{score}': '',
  '{nominal}': '',
};

export function readableUnit(unit: string): string {
  return READABLE[unit] ?? unit;
}

const LONG_NUMBER = /^([<>]=?)?(-?\d+\.\d{3,})$/;

/** A text that begins with a number, its digits and unit made readable. */
export function readableValue(text: string): string {
  const [first = '', ...rest] = text.split(' ');
  const number = LONG_NUMBER.exec(first);
  const value = number ? `${number[1] ?? ''}${Number(Number(number[2]).toPrecision(4))}` : first;
  const unit = readableUnit(rest.join(' '));
  return unit ? `${value} ${unit}` : value;
}

/** The parts of one measurement on one line: 120/80 mmHg where the units agree. */
export function joinedComponents(components: { value: string }[]): string {
  const parts = components.map(one => readableValue(one.value)).filter(Boolean);
  const units = new Set(parts.map(part => part.split(' ').slice(1).join(' ')));
  const [unit] = units;
  if (units.size !== 1 || !unit) return parts.join(' / ');
  return `${parts.map(part => Math.round(Number(part.split(' ')[0])) || part.split(' ')[0]).join('/')} ${unit}`;
}
