import { describe, expect, it } from 'vitest';
import { passwordFault } from './password';

describe('passwordFault', () => {
  it('asks for enough characters before it compares', () => {
    expect(passwordFault('short', 'other')).toBe('tooShort');
    expect(passwordFault('a long enough one', 'a long enough two')).toBe('differ');
    expect(passwordFault('a long enough one', 'a long enough one')).toBeNull();
  });
});
