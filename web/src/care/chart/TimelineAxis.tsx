import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef, type PointerEvent } from 'react';
import type { TimelineEntry, TimelineKind } from '~/api/types';
import { formatDate, moment } from '~/language/dates';
import { useLanguage } from '~/language/LanguageProvider';
import { clusters, moved, place, ticks, YEAR, zoomed, type Cluster, type Span } from './axis';
import { lookedAt } from './imagingStudies';
import { Thumbnail } from './Thumbnail';
import classes from './TimelineAxis.module.css';

/** Room of a thumbnail and of a dot on the axis. */
const THUMBNAIL_PIXELS = 62;
const DOT_PIXELS = 13;
const TICK_PIXELS = 90;

interface Properties {
  kinds: TimelineKind[];
  entries: TimelineEntry[];
  span: Span;
  now: number;
  onSpan: (span: Span) => void;
  onOpen: (entry: TimelineEntry) => void;
}

/** One axis of time with a lane for each kind; images stand on it as images. */
export function TimelineAxis({ kinds, entries, span, now, onSpan, onOpen }: Properties) {
  const { t, locale } = useLanguage();
  const { ref: sizeRef, width } = useElementSize<HTMLDivElement>();
  const pan = usePanAndZoom(span, width, onSpan);
  const today = place(now, span);
  const precise = span.to - span.from < 3 * YEAR;

  return (
    <section
      className={`sheet ${classes.axis}`}
      aria-label={t('timeline.window', {
        from: formatDate(new Date(span.from).toISOString(), locale),
        to: formatDate(new Date(span.to).toISOString(), locale),
      })}
      title={t('timeline.hint')}
    >
      <div className={classes.labels}>
        {kinds.map(kind => (
          <div key={kind} className={classes.label} data-kind={kind}>
            {t(`kind.${kind}`)}
          </div>
        ))}
        <div className={classes.label} data-kind="ticks" />
      </div>
      <div className={classes.plot} ref={sizeRef}>
        <div className={classes.surface} {...pan}>
          {ticks(span, Math.max(2, width / TICK_PIXELS)).map(tick => (
            <i key={tick.getTime()} className={classes.rule} style={at(place(tick.getTime(), span))} />
          ))}
          {today > 0 && today < 1 && <i className={classes.today} style={at(today)} title={t('timeline.today')} />}
          {kinds.map(kind => (
            <div key={kind} className={classes.lane} data-kind={kind}>
              {width > 0 &&
                clusters(
                  entries.filter(entry => entry.kind === kind),
                  span,
                  (kind === 'imaging' ? THUMBNAIL_PIXELS : DOT_PIXELS) / width,
                ).map(cluster => (
                  <Mark
                    key={cluster.entries[0]?.reference}
                    cluster={cluster}
                    kind={kind}
                    onOpen={entry => (cluster.entries.length > 1 ? onSpan(around(cluster, span)) : onOpen(entry))}
                  />
                ))}
            </div>
          ))}
          <div className={classes.lane} data-kind="ticks">
            {ticks(span, Math.max(2, width / TICK_PIXELS)).map(tick => (
              <span key={tick.getTime()} className={classes.tick} style={at(place(tick.getTime(), span))}>
                {tick.getMonth() === 0 && !precise
                  ? tick.getFullYear()
                  : new Intl.DateTimeFormat(locale, { month: 'short', year: 'numeric' }).format(tick)}
              </span>
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}

/** Closer to a cluster, until its entries can be told apart. */
function around({ at: centre, entries }: Cluster<TimelineEntry>, span: Span): Span {
  const share = clusterWidth(entries, span);
  return zoomed(span, Math.max(share * 3, 0.02), centre + share / 2);
}

function clusterWidth(entries: TimelineEntry[], span: Span): number {
  const places = entries.map(entry => place(moment(entry.when)?.getTime() ?? 0, span));
  return Math.max(...places) - Math.min(...places);
}

const at = (share: number) => ({ insetInlineStart: `${share * 100}%` });

function Mark({
  cluster,
  kind,
  onOpen,
}: {
  cluster: Cluster<TimelineEntry>;
  kind: TimelineKind;
  onOpen: (entry: TimelineEntry) => void;
}) {
  const { t, locale } = useLanguage();
  const newest = cluster.entries.at(-1);
  if (!newest) return null;
  const many = cluster.entries.length;
  const says = [
    formatDate(newest.when, locale),
    many > 1 ? t('timeline.many', { count: many }) : newest.title,
    many > 1 ? cluster.entries.slice(-4).map(entry => entry.title).join(', ') : newest.detail,
  ]
    .filter(Boolean)
    .join(' · ');

  if (kind === 'imaging') {
    return (
      <button
        type="button"
        className={classes.image}
        style={at(cluster.at)}
        title={says}
        aria-label={t('timeline.open', { title: says })}
        onClick={() => onOpen(newest)}
      >
        <Thumbnail src={newest.thumbnails?.[0]} label={lookedAt(newest.detail.split(', '))} className={classes.thumbnail} />
        <span className={classes.modality}>
          {lookedAt(newest.detail.split(', '))}
          {many > 1 && ` +${many - 1}`}
        </span>
      </button>
    );
  }
  return (
    <button
      type="button"
      className={classes.dot}
      style={at(cluster.at)}
      data-kind={kind}
      data-opens={newest.study_instance_uid ? true : undefined}
      data-many={many > 1 ? (many > 9 ? 'lots' : 'some') : undefined}
      title={says}
      aria-label={says}
      onClick={() => onOpen(newest)}
    />
  );
}

/** Drag moves, the wheel zooms around the pointer. */
function usePanAndZoom(span: Span, width: number, onSpan: (span: Span) => void) {
  const surface = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; span: Span } | null>(null);
  const latest = useRef({ span, onSpan });
  useEffect(() => {
    latest.current = { span, onSpan };
  });

  useEffect(() => {
    const element = surface.current;
    if (!element) return;
    // Not through React, whose wheel listeners are passive and could not keep the page still.
    const zoom = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const around = (event.clientX - box.left) / box.width;
      latest.current.onSpan(zoomed(latest.current.span, Math.exp(event.deltaY * 0.0016), around));
    };
    element.addEventListener('wheel', zoom, { passive: false });
    return () => element.removeEventListener('wheel', zoom);
  }, []);

  return {
    ref: surface,
    onPointerDown: (event: PointerEvent) => {
      if ((event.target as HTMLElement).closest('button')) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { x: event.clientX, span };
    },
    onPointerMove: (event: PointerEvent) => {
      if (drag.current && width > 0) onSpan(moved(drag.current.span, (drag.current.x - event.clientX) / width));
    },
    onPointerUp: () => {
      drag.current = null;
    },
  };
}
