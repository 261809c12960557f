import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useSession } from '~/access/session';
import { KeysDialog } from '~/keys/KeysDialog';
import { useKeyboard, useKeys } from '~/keys/KeysProvider';
import { useLanguage, useText } from '~/language/LanguageProvider';
import { LiveProvider } from '~/live/LiveProvider';
import { useAppearance } from './appearance';
import { focusSearch } from './GlobalSearch';
import { TopBar } from './TopBar';
import classes from './Shell.module.css';

const SHOWS_IMAGES = /^\/read(?:ing)?(?:\/|$)/;
/** Where every line of the screen belongs to the images; the patient's banner leads back. */
const WITHOUT_BAR = /^\/read\//;

/** Around every page behind the sign-in: the bar, the keys that work everywhere, the news. */
export function Shell() {
  const t = useText();
  const navigate = useNavigate();
  const { setHelpOpen } = useKeyboard();
  const { setShowsImages } = useAppearance();
  const path = useLocation({ select: location => location.pathname });
  const bare = WITHOUT_BAR.test(path);
  useSessionLanguage();

  useEffect(() => setShowsImages(SHOWS_IMAGES.test(path)), [path, setShowsImages]);

  useKeys(
    [
      { keys: '/', says: 'keys.search', run: () => focusSearch() || void navigate({ to: '/patients' }) },
      { keys: 'g r', says: 'keys.goReading', run: () => void navigate({ to: '/reading' }) },
      { keys: 'g p', says: 'keys.goPatients', run: () => void navigate({ to: '/patients' }) },
      { keys: 'g u', says: 'keys.goUnmatched', run: () => void navigate({ to: '/unmatched' }) },
      { keys: '?', says: 'keys.help', run: () => setHelpOpen(true) },
    ],
    { everywhere: true },
  );

  return (
    <LiveProvider>
      <a href="#content" className="skip">
        {t('nav.skip')}
      </a>
      <div className={classes.shell} data-bare={bare || undefined}>
        {!bare && <TopBar />}
        <main id="content" tabIndex={-1} className={classes.content}>
          <Outlet />
        </main>
      </div>
      <KeysDialog />
    </LiveProvider>
  );
}

/** The language belongs to the user, not to the browser. */
function useSessionLanguage() {
  const session = useSession();
  const { setLanguage } = useLanguage();
  const chosen = session?.language;
  useEffect(() => {
    if (chosen) setLanguage(chosen as Parameters<typeof setLanguage>[0]);
  }, [chosen, setLanguage]);
}
