import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ApiError, setCsrfToken } from '~/api/client';
import type { Session } from '~/api/types';

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      const session = await api.get<Session>('/api/session', { signal });
      setCsrfToken(session.csrf_token);
      return session;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
});

export function useSession(): Session | null {
  return useQuery(sessionQuery).data ?? null;
}

/** Whether the user's roles allow this, `record.read:*` standing for every type. */
export function permits(session: Session | null, permission: string): boolean {
  if (!session) return false;
  const [verb] = permission.split(':');
  return session.permissions.some(
    held => held === permission || held === '*' || held === `${verb}:*` || held === verb,
  );
}

export function useMay(permission: string): boolean {
  return permits(useSession(), permission);
}

export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await api.delete('/api/session');
    // Another user of this browser must not see what this one looked at.
    sessionStorage.clear();
    client.clear();
    window.location.assign('/sign-in');
  };
}
