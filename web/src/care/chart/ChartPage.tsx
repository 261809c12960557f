import { Button, Tabs } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { CHART_TABS, type ChartTab } from '~/app/router';
import { useMay } from '~/access/session';
import { bannerQuery, PatientBanner } from '~/care/patients/PatientBanner';
import { Icon } from '~/design/Icon';
import { useKeys } from '~/keys/KeysProvider';
import { useText } from '~/language/LanguageProvider';
import { AccessLog } from './AccessLog';
import { Orders } from './Orders';
import { Results } from './Results';
import { Summary } from './Summary';
import { Timeline } from './Timeline';
import classes from './Chart.module.css';

const CONTENT: Record<ChartTab, (props: { patient: string }) => React.ReactNode> = {
  summary: Summary,
  timeline: Timeline,
  results: Results,
  orders: Orders,
  access: AccessLog,
};

export function ChartPage() {
  const t = useText();
  const navigate = useNavigate();
  const { patient } = useParams({ from: '/house/patients/$patient' });
  const { tab = 'summary' } = useSearch({ from: '/house/patients/$patient' });
  const mayOrder = useMay('order.place');
  const name = useQuery(bannerQuery(patient)).data?.name;
  useDocumentTitle(name ? `${name} · ${t('app.name')}` : t('app.name'));

  const show = (next: ChartTab) =>
    void navigate({ to: '/patients/$patient', params: { patient }, search: { tab: next }, replace: true });
  const order = () => void navigate({ to: '/patients/$patient/order', params: { patient } });

  useKeys([
    ...CHART_TABS.map((one, index) => ({
      keys: String(index + 1),
      says: `chart.${one}` as const,
      run: () => show(one),
    })),
    ...(mayOrder ? [{ keys: 'o', says: 'chart.order' as const, run: order }] : []),
  ]);

  const Content = CONTENT[tab];
  return (
    <>
      <PatientBanner patient={patient}>
        {mayOrder && (
          <Button onClick={order} leftSection={<Icon name="plus" size={13} />}>
            {t('chart.order')}
          </Button>
        )}
      </PatientBanner>
      <Tabs value={tab} onChange={value => value && show(value as ChartTab)} keepMounted={false}>
        <Tabs.List className={classes.tabs}>
          {CHART_TABS.map(one => (
            <Tabs.Tab key={one} value={one}>
              {t(`chart.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} className={classes.content}>
          <Content key={patient} patient={patient} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
