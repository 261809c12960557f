import { Button, Tabs } from '@mantine/core';
import { useDocumentTitle, useLocalStorage } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { api, path } from '~/api/client';
import type { StudyView } from '~/api/types';
import { useMay, useSession } from '~/access/session';
import { BannerLine, PatientBanner } from '~/care/patients/PatientBanner';
import { Icon } from '~/design/Icon';
import { ErrorSays, LoadingRows } from '~/design/Says';
import { tell } from '~/design/tell';
import { useKeys } from '~/keys/KeysProvider';
import { useText } from '~/language/LanguageProvider';
import { viewerAddress } from '~/viewer/address';
import { ViewerFrame } from '~/viewer/ViewerFrame';
import { Priors } from './Priors';
import { ReportPanel } from './ReportPanel';
import { readingListQuery, useClaiming } from './readingList';
import { Splitter } from './Splitter';
import { StudyLine } from './StudyLine';
import { nextCase } from './waiting';
import classes from './Read.module.css';

const CANDIDATES = 100;
const PANEL = { start: 440, least: 320, most: 900 };

/** A study is read: its images, its report, what was before. */
export function ReadPage() {
  const { study } = useParams({ from: '/house/read/$study' });
  // Everything about one study begins anew with the next: no text and no image is carried over.
  return <Reading key={study} study={study} />;
}

function Reading({ study }: { study: string }) {
  const t = useText();
  const navigate = useNavigate();
  const goToNext = useNextCase(study);
  const frame = useRef<HTMLIFrameElement>(null);
  const [width, setWidth] = useLocalStorage({ key: 'vesalius.reportWidth', defaultValue: PANEL.start });
  const [panelShown, setPanelShown] = useState(true);
  const [elsewhere, setElsewhere] = useState(false);
  const [beside, setBeside] = useState<string | null>(null);
  const [tab, setTab] = useState<'report' | 'priors'>('report');
  const view = useQuery({
    queryKey: ['study', study],
    queryFn: ({ signal }) => api.get<StudyView>(path`/api/studies/${study}`, { signal }),
  });
  const name = view.data?.patient?.name;
  useDocumentTitle(`${[name, view.data?.study.description].filter(Boolean).join(' · ')} · ${t('app.name')}`);

  function toOwnWindow() {
    const shown = window.open(viewerAddress(study, beside), `vesalius-viewer`, 'popup,width=1600,height=1000');
    if (shown) setElsewhere(true);
  }

  useKeys([
    { keys: 'Alt+L', says: 'read.key.back', run: () => void navigate({ to: '/reading' }) },
    { keys: 'Alt+N', says: 'read.key.next', run: goToNext },
    { keys: 'Alt+V', says: 'read.key.viewer', run: () => frame.current?.focus() },
    { keys: 'Alt+P', says: 'read.key.priors', run: () => setTab(tab === 'report' ? 'priors' : 'report') },
    { keys: 'Alt+B', says: 'read.key.panel', run: () => setPanelShown(!panelShown) },
    { keys: 'Alt+W', says: 'read.key.window', run: toOwnWindow },
  ]);

  const tools = (
    <>
      <Button variant="subtle" color="gray" component={Link} to="/reading" leftSection={<Icon name="back" size={13} />}>
        {t('read.back')}
      </Button>
      <Button variant="default" onClick={goToNext} rightSection={<Icon name="next" size={13} />}>
        {t('read.next')}
      </Button>
      <Button
        variant="default"
        onClick={() => (elsewhere ? setElsewhere(false) : toOwnWindow())}
        title={elsewhere ? t('read.inPage') : t('read.ownWindow')}
        aria-label={elsewhere ? t('read.inPage') : t('read.ownWindow')}
      >
        <Icon name="window" size={14} />
      </Button>
      <Button
        variant="default"
        onClick={() => setPanelShown(!panelShown)}
        title={panelShown ? t('read.hidePanel') : t('read.showPanel')}
        aria-label={panelShown ? t('read.hidePanel') : t('read.showPanel')}
        aria-pressed={panelShown}
      >
        <Icon name="panel" size={14} />
      </Button>
    </>
  );

  return (
    <div className={classes.page}>
      {view.data?.patient ? (
        <PatientBanner patient={view.data.patient.id}>{tools}</PatientBanner>
      ) : (
        <BannerLine banner={null}>
          {view.isSuccess && <span className={classes.unmatched}>{t('banner.unmatched')}</span>}
          {tools}
        </BannerLine>
      )}
      <div
        className={classes.desk}
        style={{ gridTemplateColumns: panelShown ? `minmax(0, 1fr) 6px ${elsewhere ? '60%' : `${width}px`}` : 'minmax(0, 1fr)' }}
      >
        {elsewhere ? (
          <div className={classes.elsewhere}>{t('read.elsewhere')}</div>
        ) : (
          <ViewerFrame study={study} beside={beside} title={t('read.viewer')} className={classes.viewer} frameRef={frame} />
        )}
        {panelShown && (
          <>
            <Splitter width={width} least={PANEL.least} most={PANEL.most} label={t('read.panelWidth')} onWidth={setWidth} />
            <aside className={classes.panel} aria-label={t('read.report')}>
              {view.isPending && <LoadingRows />}
              {view.error && <ErrorSays error={view.error} retry={() => void view.refetch()} />}
              {view.data && (
                <>
                  <StudyLine view={view.data} />
                  <Tabs
                    value={tab}
                    onChange={value => setTab(value === 'priors' ? 'priors' : 'report')}
                    className={classes.tabs}
                    keepMounted
                  >
                    <Tabs.List>
                      <Tabs.Tab value="report">{t('read.report')}</Tabs.Tab>
                      <Tabs.Tab value="priors">
                        {t('read.priors')} {view.data.priors.length > 0 && <span className="quiet">{view.data.priors.length}</span>}
                      </Tabs.Tab>
                    </Tabs.List>
                    <Tabs.Panel value="report" className={classes.tab}>
                      <ReportPanel view={view.data} study={study} onNext={goToNext} />
                    </Tabs.Panel>
                    <Tabs.Panel value="priors" className={classes.tab}>
                      <Priors priors={view.data.priors} beside={beside} onBeside={setBeside} />
                    </Tabs.Panel>
                  </Tabs>
                </>
              )}
            </aside>
          </>
        )}
      </div>
    </div>
  );
}

/** To the next open study, which is claimed on the way. */
function useNextCase(study: string): () => void {
  const t = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const session = useSession();
  const mayClaim = useMay('reading.claim');
  const { claim } = useClaiming();
  return () =>
    void (async () => {
      const { items } = await client.fetchQuery({
        ...readingListQuery({ status: 'open', limit: CANDIDATES }),
        staleTime: 0,
      });
      const next = nextCase(items, study, session?.username ?? '');
      if (!next) {
        tell(t('read.noNext'));
        await navigate({ to: '/reading' });
        return;
      }
      if (mayClaim && next.claimed_by_username === null) claim.mutate(next.study_instance_uid);
      await navigate({ to: '/read/$study', params: { study: next.study_instance_uid } });
    })();
}
