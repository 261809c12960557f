import { useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { useKeys } from '~/keys/KeysProvider';

const INTERACTIVE = 'a, button, input, select, textarea, [role="menuitem"]';

/**
 * Rows that are walked with j and k (or the arrows) and opened with Enter or a click. One row is
 * chosen at a time; it has the focus, so that the table is one stop of the Tab key.
 */
export function useRows<Item>(items: Item[], open: (item: Item) => void) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [wanted, setWanted] = useState(0);
  const chosen = Math.min(wanted, Math.max(items.length - 1, 0));

  function choose(index: number) {
    const next = Math.max(0, Math.min(index, items.length - 1));
    setWanted(next);
    const row = body.current?.querySelectorAll<HTMLElement>('tr[data-opens]')[next];
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  }

  function openAt(index: number) {
    const item = items[index];
    if (item) open(item);
  }

  useKeys([
    { keys: 'j', says: 'reading.key.down', run: () => choose(isFocused(body.current) ? chosen + 1 : chosen) },
    { keys: 'k', says: 'reading.key.up', run: () => choose(chosen - 1) },
  ]);

  return {
    chosen: items[chosen],
    body: {
      ref: body,
      onKeyDown: (event: KeyboardEvent) => {
        if (event.key === 'ArrowDown') choose(chosen + 1);
        else if (event.key === 'ArrowUp') choose(chosen - 1);
        else if (event.key === 'Enter' && (event.target as HTMLElement).matches('tr')) openAt(chosen);
        else return;
        event.preventDefault();
      },
    },
    row: (index: number) => ({
      'data-opens': true,
      tabIndex: index === chosen ? 0 : -1,
      'aria-selected': index === chosen,
      onFocus: () => setWanted(index),
      onClick: (event: MouseEvent) => {
        if (!(event.target as HTMLElement).closest(INTERACTIVE)) openAt(index);
      },
    }),
  };
}

function isFocused(body: HTMLElement | null): boolean {
  return body?.contains(document.activeElement) ?? false;
}
