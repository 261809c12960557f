import { useQuery } from '@tanstack/react-query';
import { api, path } from '~/api/client';
import type { Look } from '~/api/types';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { formatMoment } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage } from '~/language/LanguageProvider';

/** Who looked at this patient. */
export function AccessLog({ patient }: { patient: string }) {
  const { t, locale } = useLanguage();
  const looks = useQuery({
    queryKey: ['access-log', patient],
    staleTime: 0,
    queryFn: ({ signal }) => api.get<Look[]>(path`/api/patients/${patient}/access-log`, { signal }),
  });
  if (looks.isPending) return <LoadingRows />;
  if (looks.error) return <ErrorSays error={looks.error} retry={() => void looks.refetch()} />;
  if (looks.data.length === 0) return <EmptySays>{t('chart.accessEmpty')}</EmptySays>;
  return (
    <>
      <p className="quiet">{t('chart.accessIntro')}</p>
      <div className="sheet">
        <table className="dense">
          <thead>
            <tr>
              <th scope="col">{t('common.when')}</th>
              <th scope="col">{t('audit.who')}</th>
              <th scope="col">{t('users.roles')}</th>
              <th scope="col">{t('audit.action')}</th>
              <th scope="col">{t('audit.kind')}</th>
              <th scope="col">{t('audit.reference')}</th>
            </tr>
          </thead>
          <tbody>
            {looks.data.map((look, index) => (
              <tr key={index}>
                <td className="numbers">{formatMoment(look.when, locale)}</td>
                <td>
                  <b>{look.who}</b>
                </td>
                <td className="quiet">{look.role}</td>
                <td>{t(`audit.action.${look.action}` as Key)}</td>
                <td>{look.kind}</td>
                <td className="quiet numbers">{look.reference}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
