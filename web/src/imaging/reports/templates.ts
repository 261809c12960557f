import { queryOptions } from '@tanstack/react-query';
import { api, withQuery } from '~/api/client';
import type { ReportTemplate } from '~/api/types';

/** Every template in a language, the one that fits such a study best first. */
export const templatesQuery = (language: string, modality: string | null = null, bodyPart: string | null = null) =>
  queryOptions({
    queryKey: ['report-templates', language, modality, bodyPart],
    staleTime: Infinity,
    queryFn: ({ signal }) =>
      api.get<ReportTemplate[]>(
        withQuery('/api/report-templates', { modality, body_part: bodyPart, language }),
        { signal },
      ),
  });
