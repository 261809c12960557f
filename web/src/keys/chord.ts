const MODIFIERS = new Set(['Alt', 'Control', 'Meta', 'Shift', 'AltGraph', 'CapsLock', 'Dead']);

/**
 * A pressed key as the lists of keys write it: `j`, `?`, `Enter`, `Alt+N`. With Alt the place on the
 * keyboard counts, since Alt and a letter make another letter on some machines.
 */
export function chordOf(event: KeyboardEvent): string | null {
  if (MODIFIERS.has(event.key)) return null;
  if (event.ctrlKey || event.metaKey) {
    return event.key === 'Enter' ? 'Ctrl+Enter' : null;
  }
  if (event.altKey) {
    const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
    return letter ? `Alt+${letter}` : `Alt+${event.key}`;
  }
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/** Whether keys go into a text just now. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element || typeof element.closest !== 'function') return false;
  if (element.isContentEditable) return true;
  if (element.tagName === 'INPUT') {
    return !/^(?:checkbox|radio|button|submit)$/.test((element as HTMLInputElement).type);
  }
  return /^(?:TEXTAREA|SELECT)$/.test(element.tagName);
}
