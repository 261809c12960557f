import { createContext, useContext, useMemo, useState, type ReactNode } from 'react';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { theme } from './theme';

export type Appearance = 'auto' | 'light' | 'dark';

const REMEMBERED = 'vesalius.appearance';

interface Chosen {
  appearance: Appearance;
  setAppearance: (appearance: Appearance) => void;
  /** Told by a page that shows images, which is dark unless the user wants otherwise. */
  setShowsImages: (shows: boolean) => void;
}

const AppearanceContext = createContext<Chosen | null>(null);

function remembered(): Appearance {
  const value = localStorage.getItem(REMEMBERED);
  return value === 'light' || value === 'dark' ? value : 'auto';
}

export function AppearanceProvider({ children }: { children: ReactNode }) {
  const [appearance, choose] = useState<Appearance>(remembered);
  const [showsImages, setShowsImages] = useState(false);
  const systemDark = window.matchMedia('(prefers-color-scheme: dark)').matches;
  const byPage = showsImages || systemDark ? 'dark' : 'light';

  const chosen = useMemo<Chosen>(
    () => ({
      appearance,
      setShowsImages,
      setAppearance: next => {
        localStorage.setItem(REMEMBERED, next);
        choose(next);
      },
    }),
    [appearance],
  );

  return (
    <AppearanceContext value={chosen}>
      <MantineProvider theme={theme} forceColorScheme={appearance === 'auto' ? byPage : appearance}>
        <Notifications position="bottom-right" autoClose={5000} limit={4} />
        {children}
      </MantineProvider>
    </AppearanceContext>
  );
}

export function useAppearance(): Chosen {
  const chosen = useContext(AppearanceContext);
  if (!chosen) throw new Error('no appearance around this component');
  return chosen;
}
