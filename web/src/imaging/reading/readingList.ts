import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, path, withQuery } from '~/api/client';
import type { ReadingList } from '~/api/types';
import { useErrorSentence } from '~/design/Says';
import { tellFailure } from '~/design/tell';
import { useText } from '~/language/LanguageProvider';

export interface Filters {
  status?: string;
  mine?: boolean;
  modality?: string;
  priority?: string;
  q?: string;
  limit?: number;
}

export const readingListQuery = (filters: Filters) =>
  queryOptions({
    queryKey: ['reading-list', filters],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get<ReadingList>(withQuery('/api/reading-list', { ...filters }), { signal }),
  });

/** Taking a study to read, and giving it back. */
export function useClaiming() {
  const client = useQueryClient();
  const t = useText();
  const say = useErrorSentence();
  const settle = {
    onError: (error: unknown) => tellFailure(say(error), t('common.close')),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['reading-list'] }),
        client.invalidateQueries({ queryKey: ['study'] }),
      ]),
  };
  const claim = useMutation({
    mutationFn: (study: string) => api.post(path`/api/reading-list/${study}/claim`),
    ...settle,
  });
  const release = useMutation({
    mutationFn: (study: string) => api.post(path`/api/reading-list/${study}/release`),
    ...settle,
  });
  return { claim, release };
}
