import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { staleAfter } from './stale';
import { listen, type Connection } from './stream';

const ConnectionContext = createContext<Connection>('connecting');

/** Several slices of a study arrive in one breath: what they make old is fetched once. */
const GATHER_MS = 150;

/** Keeps everything on the screen true while the server has news. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>('connecting');

  useEffect(() => {
    const stop = new AbortController();
    const waiting = new Map<string, readonly unknown[]>();
    let timer: ReturnType<typeof setTimeout> | undefined;

    function refresh() {
      timer = undefined;
      for (const queryKey of waiting.values()) void client.invalidateQueries({ queryKey });
      waiting.clear();
    }

    void listen('/api/live', stop.signal, {
      news: ({ name }) => {
        for (const key of staleAfter(name)) waiting.set(JSON.stringify(key), key);
        if (waiting.size > 0) timer ??= setTimeout(refresh, GATHER_MS);
      },
      connection: setConnection,
      reconnected: () => void client.invalidateQueries(),
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client]);

  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

export function useConnection(): Connection {
  return useContext(ConnectionContext);
}
