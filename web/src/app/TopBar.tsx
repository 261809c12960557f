import { Button, Menu, UnstyledButton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { api } from '~/api/client';
import type { Language } from '~/api/types';
import { sessionQuery, useMay, useSession, useSignOut } from '~/access/session';
import { Icon } from '~/design/Icon';
import { unmatchedQuery } from '~/imaging/studies/unmatched';
import { useKeyboard } from '~/keys/KeysProvider';
import { LANGUAGE_NAMES, useLanguage, useText } from '~/language/LanguageProvider';
import { useConnection } from '~/live/LiveProvider';
import { useAppearance, type Appearance } from './appearance';
import { GlobalSearch } from './GlobalSearch';
import classes from './Shell.module.css';

export function TopBar() {
  const t = useText();
  return (
    <header className={classes.bar}>
      <Link to="/" className={classes.brand}>
        <img src="/favicon.svg" width={22} height={22} alt="" />
        {t('app.name')}
      </Link>
      <nav className={classes.nav} aria-label={t('nav.main')}>
        <MainLinks />
      </nav>
      <div className={classes.search}>
        <GlobalSearch />
      </div>
      <Connection />
      <UserMenu />
    </header>
  );
}

function MainLinks() {
  const t = useText();
  const mayRead = useMay('reading.read');
  const mayCorrect = useMay('study.correct');
  const waiting = useQuery({ ...unmatchedQuery, enabled: mayCorrect }).data?.length ?? 0;
  return (
    <>
      {mayRead && <Link to="/reading">{t('nav.readingList')}</Link>}
      <Link to="/patients">{t('nav.patients')}</Link>
      {mayCorrect && (
        <Link to="/unmatched">
          {t('nav.unmatched')}
          {waiting > 0 && <span className={classes.count}>{waiting}</span>}
        </Link>
      )}
      <AdministrationMenu />
    </>
  );
}

const ADMINISTRATION = [
  { to: '/nodes', says: 'nav.nodes', permission: 'node.read' },
  { to: '/users', says: 'nav.users', permission: 'user.manage' },
  { to: '/audit', says: 'nav.audit', permission: 'audit.read' },
] as const;

function AdministrationMenu() {
  const t = useText();
  const may = [useMay('node.read'), useMay('user.manage'), useMay('audit.read')];
  const path = useLocation({ select: location => location.pathname });
  const shown = ADMINISTRATION.filter((_, index) => may[index]);
  if (shown.length === 0) return null;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          fw={400}
          h="100%"
          px={10}
          radius={0}
          c={shown.some(line => line.to === path) ? undefined : 'dimmed'}
          rightSection={<Icon name="down" size={11} />}
        >
          {t('nav.administration')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {shown.map(line => (
          <Menu.Item key={line.to} component={Link} to={line.to}>
            {t(line.says)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Connection() {
  const t = useText();
  const connection = useConnection();
  const says = t(`live.${connection}`);
  return (
    <div className={classes.lost} role="status" title={says}>
      <span className={classes.connection} data-state={connection} aria-hidden />
      {connection === 'lost' ? says : <span className="skip">{says}</span>}
    </div>
  );
}

function UserMenu() {
  const t = useText();
  const session = useSession();
  const signOut = useSignOut();
  const client = useQueryClient();
  const { setHelpOpen } = useKeyboard();
  const { language, setLanguage } = useLanguage();
  const { appearance, setAppearance } = useAppearance();
  if (!session) return null;

  async function speak(next: Language) {
    setLanguage(next);
    await api.patch('/api/session', { language: next });
    await client.invalidateQueries(sessionQuery);
  }

  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton aria-label={t('user.menu', { name: session.display })} data-user={session.username}>
          {session.display} <Icon name="down" size={11} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('user.language')}</Menu.Label>
        {(Object.entries(LANGUAGE_NAMES) as [Language, string][]).map(([code, name]) => (
          <Menu.Item
            key={code}
            lang={code}
            rightSection={code === language ? <Icon name="check" size={14} /> : null}
            onClick={() => void speak(code)}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Label>{t('user.appearance')}</Menu.Label>
        {(['auto', 'light', 'dark'] satisfies Appearance[]).map(choice => (
          <Menu.Item
            key={choice}
            rightSection={choice === appearance ? <Icon name="check" size={14} /> : null}
            onClick={() => setAppearance(choice)}
          >
            {t(`user.appearance.${choice}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item rightSection={<kbd>?</kbd>} onClick={() => setHelpOpen(true)}>
          {t('user.keys')}
        </Menu.Item>
        <Menu.Item onClick={() => void signOut()}>{t('user.signOut')}</Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t('app.notCertified')}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
