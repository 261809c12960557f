import type { ReactNode } from 'react';
import type { TimelineEntry } from '~/api/types';
import { useRows } from '~/design/useRows';
import { formatMoment } from '~/language/dates';
import { useLanguage } from '~/language/LanguageProvider';
import { lookedAt } from './imagingStudies';
import { Thumbnail } from './Thumbnail';
import classes from './TimelineTable.module.css';

/** The same entries as a list, newest first. */
export function TimelineTable({
  entries,
  onOpen,
  more,
}: {
  entries: TimelineEntry[];
  onOpen: (entry: TimelineEntry) => void;
  more: ReactNode;
}) {
  const { t, locale } = useLanguage();
  const rows = useRows(entries, onOpen);
  return (
    <div className="sheet">
      <table className="dense">
        <thead>
          <tr>
            <th scope="col">{t('common.when')}</th>
            <th scope="col">{t('timeline.kind')}</th>
            <th scope="col">{t('timeline.what')}</th>
          </tr>
        </thead>
        <tbody {...rows.body}>
          {entries.map((entry, index) => (
            <tr key={entry.reference} {...rows.row(index)}>
              <td className={`numbers ${classes.when}`}>{formatMoment(entry.when, locale)}</td>
              <td className="quiet">{t(`kind.${entry.kind}`)}</td>
              <td>
                <What entry={entry} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more && <div className={classes.more}>{more}</div>}
    </div>
  );
}

function What({ entry }: { entry: TimelineEntry }) {
  const { t } = useLanguage();
  return (
    <div className={classes.what}>
      {entry.kind === 'imaging' && (
        <span className={classes.images}>
          {(entry.thumbnails?.length ? entry.thumbnails : [undefined]).slice(0, 4).map((source, index) => (
            <Thumbnail key={source ?? index} src={source} label={lookedAt(entry.detail.split(', '))} className={classes.thumbnail} />
          ))}
        </span>
      )}
      <span>
        <b>{entry.title}</b> <span className="quiet">{entry.detail}</span>
        {entry.instances !== undefined && (
          <span className="quiet"> · {t('timeline.images', { count: entry.instances })}</span>
        )}
      </span>
    </div>
  );
}
