import { queryOptions } from '@tanstack/react-query';
import { api } from '~/api/client';
import type { Unmatched } from '~/api/types';

export const unmatchedQuery = queryOptions({
  queryKey: ['unmatched'],
  queryFn: ({ signal }) => api.get<Unmatched[]>('/api/unmatched', { signal }),
});
