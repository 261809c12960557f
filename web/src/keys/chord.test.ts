import { describe, expect, it } from 'vitest';
import { chordOf, isTyping } from './chord';

const press = (init: KeyboardEventInit) => chordOf(new KeyboardEvent('keydown', init));

describe('chordOf', () => {
  it('is the letter, small', () => {
    expect(press({ key: 'J', shiftKey: true })).toBe('j');
    expect(press({ key: '?' })).toBe('?');
  });

  it('takes the place of the key with Alt', () => {
    expect(press({ key: 'ñ', code: 'KeyN', altKey: true })).toBe('Alt+N');
  });

  it('leaves the keys of the browser alone', () => {
    expect(press({ key: 'r', ctrlKey: true })).toBeNull();
    expect(press({ key: 'Alt', altKey: true })).toBeNull();
  });
});

describe('isTyping', () => {
  it('is so in a text, not on a checkbox', () => {
    const text = document.createElement('textarea');
    const box = document.createElement('input');
    box.type = 'checkbox';
    expect(isTyping(text)).toBe(true);
    expect(isTyping(box)).toBe(false);
    expect(isTyping(null)).toBe(false);
  });
});
