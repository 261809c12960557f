import { useQuery } from '@tanstack/react-query';
import { api, withQuery } from '~/api/client';
import type { Order } from '~/api/types';
import { EmptySays, ErrorSays, LoadingRows } from '~/design/Says';
import { PriorityMark } from '~/imaging/reading/PriorityMark';
import { formatMoment } from '~/language/dates';
import type { Key } from '~/language/en';
import { useLanguage } from '~/language/LanguageProvider';

/** The imaging ordered for this patient. */
export function Orders({ patient }: { patient: string }) {
  const { t, locale } = useLanguage();
  const orders = useQuery({
    queryKey: ['orders', patient],
    queryFn: ({ signal }) => api.get<Order[]>(withQuery('/api/orders', { patient }), { signal }),
  });
  if (orders.isPending) return <LoadingRows />;
  if (orders.error) return <ErrorSays error={orders.error} retry={() => void orders.refetch()} />;
  if (orders.data.length === 0) return <EmptySays>{t('chart.ordersEmpty')}</EmptySays>;
  return (
    <div className="sheet">
      <table className="dense">
        <thead>
          <tr>
            <th scope="col">{t('order.priority')}</th>
            <th scope="col">{t('order.procedure')}</th>
            <th scope="col">{t('order.indication')}</th>
            <th scope="col">{t('order.accession')}</th>
            <th scope="col">{t('order.scheduled')}</th>
            <th scope="col">{t('order.ordered')}</th>
            <th scope="col">{t('order.status')}</th>
          </tr>
        </thead>
        <tbody>
          {orders.data.map(order => (
            <tr key={order.id}>
              <td>
                <PriorityMark priority={order.priority} />
              </td>
              <td>
                <b>{order.display}</b> <span className="quiet">{order.modality}</span>
              </td>
              <td>{order.indication}</td>
              <td className="numbers">{order.accession_number}</td>
              <td className="numbers">{formatMoment(order.scheduled, locale)}</td>
              <td className="numbers">{formatMoment(order.authored, locale)}</td>
              <td>{t(`order.status.${order.status}` as Key)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
