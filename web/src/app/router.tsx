import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { permits, sessionQuery } from '~/access/session';
import { Crashed, NotFound } from './Lost';
import { Shell } from './Shell';

interface ReadingSearch {
  show?: string;
  modality?: string;
  priority?: string;
  q?: string;
}

interface AuditSearch {
  patient?: string;
  user?: string;
  kind?: string;
  from?: string;
  to?: string;
}

interface Context {
  client: QueryClient;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound });

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search: Record<string, unknown>): { token?: string } => ({ token: text(search.token) }),
  component: lazyRouteComponent(() => import('~/access/setup/SetupPage'), 'SetupPage'),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string; ended?: true } => ({
    next: text(search.next),
    ended: search.ended === true || undefined,
  }),
  component: lazyRouteComponent(() => import('~/access/signing-in/SignInPage'), 'SignInPage'),
});

/** Everything behind the sign-in. */
const house = createRoute({
  getParentRoute: () => root,
  id: 'house',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (!session) {
      const next = location.href === '/' ? undefined : location.href;
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the router's way to redirect
      throw redirect({ to: '/sign-in', search: { next } });
    }
  },
});

const home = createRoute({
  getParentRoute: () => house,
  path: '/',
  beforeLoad: ({ context }) => {
    const session = context.client.getQueryData(sessionQuery.queryKey) ?? null;
    const to = permits(session, 'reading.claim') ? '/reading' : '/patients';
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the router's way to redirect
    throw redirect({ to, replace: true });
  },
});

const patients = createRoute({
  getParentRoute: () => house,
  path: '/patients',
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
  component: lazyRouteComponent(() => import('~/care/patients/PatientsPage'), 'PatientsPage'),
});

export const CHART_TABS = ['summary', 'timeline', 'results', 'orders', 'access'] as const;
export type ChartTab = (typeof CHART_TABS)[number];

const chart = createRoute({
  getParentRoute: () => house,
  path: '/patients/$patient',
  validateSearch: (search: Record<string, unknown>): { tab?: ChartTab } => ({
    tab: CHART_TABS.find(tab => tab === search.tab),
  }),
  component: lazyRouteComponent(() => import('~/care/chart/ChartPage'), 'ChartPage'),
});

const order = createRoute({
  getParentRoute: () => house,
  path: '/patients/$patient/order',
  component: lazyRouteComponent(() => import('~/care/orders/OrderPage'), 'OrderPage'),
});

const reading = createRoute({
  getParentRoute: () => house,
  path: '/reading',
  validateSearch: (search: Record<string, unknown>): ReadingSearch => ({
    show: text(search.show),
    modality: text(search.modality),
    priority: text(search.priority),
    q: text(search.q),
  }),
  component: lazyRouteComponent(() => import('~/imaging/reading/ReadingListPage'), 'ReadingListPage'),
});

const read = createRoute({
  getParentRoute: () => house,
  path: '/read/$study',
  component: lazyRouteComponent(() => import('~/imaging/reading/ReadPage'), 'ReadPage'),
});

const unmatched = createRoute({
  getParentRoute: () => house,
  path: '/unmatched',
  component: lazyRouteComponent(() => import('~/imaging/studies/UnmatchedPage'), 'UnmatchedPage'),
});

const nodes = createRoute({
  getParentRoute: () => house,
  path: '/nodes',
  component: lazyRouteComponent(() => import('~/access/nodes/NodesPage'), 'NodesPage'),
});

const users = createRoute({
  getParentRoute: () => house,
  path: '/users',
  component: lazyRouteComponent(() => import('~/access/users/UsersPage'), 'UsersPage'),
});

const audit = createRoute({
  getParentRoute: () => house,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>): AuditSearch => ({
    patient: text(search.patient),
    user: text(search.user),
    kind: text(search.kind),
    from: text(search.from),
    to: text(search.to),
  }),
  component: lazyRouteComponent(() => import('~/access/audit/AuditPage'), 'AuditPage'),
});

const tree = root.addChildren([
  setup,
  signIn,
  house.addChildren([home, patients, chart, order, reading, read, unmatched, nodes, users, audit]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: 'intent',
    defaultErrorComponent: Crashed,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
