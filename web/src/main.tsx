import '~/app/styles.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError, whenSignedOut } from '~/api/client';
import { sessionQuery } from '~/access/session';
import { AppearanceProvider } from '~/app/appearance';
import { makeRouter } from '~/app/router';
import { KeysProvider } from '~/keys/KeysProvider';
import { LanguageProvider } from '~/language/LanguageProvider';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What the server refused it refuses again; only a lost connection is worth another try.
      retry: (count, error) => count < 2 && error instanceof ApiError && error.status === 0,
    },
  },
});

const router = makeRouter(client);

whenSignedOut(() => {
  if (client.getQueryData(sessionQuery.queryKey) === null) return;
  client.setQueryData(sessionQuery.queryKey, null);
  void router.navigate({
    to: '/sign-in',
    search: { next: router.state.location.href, ended: true },
  });
});

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
createRoot(root).render(
  <StrictMode>
    <LanguageProvider>
      <AppearanceProvider>
        <QueryClientProvider client={client}>
          <KeysProvider>
            <RouterProvider router={router} />
          </KeysProvider>
        </QueryClientProvider>
      </AppearanceProvider>
    </LanguageProvider>
  </StrictMode>,
);
