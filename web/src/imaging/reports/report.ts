import { queryOptions } from '@tanstack/react-query';
import { api, ApiError, path } from '~/api/client';
import type { Report } from '~/api/types';

/** The report of a study as the asker may see it; null when there is none. */
export const reportQuery = (study: string) =>
  queryOptions({
    queryKey: ['report', study],
    queryFn: async ({ signal }): Promise<Report | null> => {
      try {
        return await api.get<Report>(path`/api/studies/${study}/report`, { signal });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
