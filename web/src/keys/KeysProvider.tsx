import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import type { Key } from '~/language/en';
import { chordOf, isTyping } from './chord';

export interface PageKey {
  /** As shown: `j`, `Enter`, `Alt+N`, `g r` (one after the other). */
  keys: string;
  says: Key;
  run: () => void;
}

interface Keys {
  register: (scope: symbol, keys: PageKey[], everywhere: boolean) => () => void;
  listed: () => { everywhere: PageKey[]; page: PageKey[] };
  /** Takes a key pressed elsewhere, in the viewer's frame. */
  handle: (event: KeyboardEvent) => void;
  helpOpen: boolean;
  setHelpOpen: (open: boolean) => void;
}

const KeysContext = createContext<Keys | null>(null);

/** How long the first key of two waits for the second. */
const SECOND_KEY_MS = 1200;

export function KeysProvider({ children }: { children: ReactNode }) {
  const scopes = useRef(new Map<symbol, { keys: PageKey[]; everywhere: boolean }>());
  const first = useRef<{ key: string; at: number } | null>(null);
  const [helpOpen, setHelpOpen] = useState(false);

  const keys = useMemo<Omit<Keys, 'helpOpen'>>(() => {
    function all() {
      return [...scopes.current.values()].reverse().flatMap(scope => scope.keys);
    }

    function handle(event: KeyboardEvent) {
      if (event.defaultPrevented || event.isComposing) return;
      const chord = chordOf(event);
      if (!chord) return;
      const modified = event.altKey || event.ctrlKey || event.metaKey;
      if (!modified && isTyping(event.target)) return;
      const before = first.current;
      first.current = null;
      const two = before && event.timeStamp - before.at < SECOND_KEY_MS ? `${before.key} ${chord}` : '';
      const found = all().find(key => key.keys === two) ?? all().find(key => key.keys === chord);
      if (found) {
        event.preventDefault();
        found.run();
      } else if (all().some(key => key.keys.startsWith(`${chord} `))) {
        first.current = { key: chord, at: event.timeStamp };
      }
    }

    return {
      register: (scope, registered, everywhere) => {
        scopes.current.set(scope, { keys: registered, everywhere });
        return () => scopes.current.delete(scope);
      },
      listed: () => {
        const of = (everywhere: boolean) =>
          [...scopes.current.values()]
            .filter(scope => scope.everywhere === everywhere)
            .flatMap(scope => scope.keys);
        return { everywhere: of(true), page: of(false) };
      },
      handle,
      setHelpOpen,
    };
  }, []);

  useEffect(() => {
    window.addEventListener('keydown', keys.handle);
    return () => window.removeEventListener('keydown', keys.handle);
  }, [keys]);

  const value = useMemo(() => ({ ...keys, helpOpen }), [keys, helpOpen]);
  return <KeysContext value={value}>{children}</KeysContext>;
}

export function useKeyboard(): Keys {
  const keys = useContext(KeysContext);
  if (!keys) throw new Error('no keys around this component');
  return keys;
}

/** The keys that work while this component is shown. */
export function useKeys(pageKeys: PageKey[], { everywhere = false } = {}): void {
  const { register } = useKeyboard();
  const scope = useRef(Symbol('keys'));
  const latest = useRef(pageKeys);
  useEffect(() => {
    latest.current = pageKeys;
  });
  const shape = pageKeys.map(key => `${key.keys}=${key.says}`).join('\n');
  useEffect(() => {
    const bound = latest.current.map((key, index) => ({
      ...key,
      run: () => latest.current[index]?.run(),
    }));
    const forget = register(scope.current, bound, everywhere);
    return () => void forget();
  }, [shape, everywhere, register]);
}
