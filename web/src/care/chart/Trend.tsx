import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useLanguage } from '~/language/LanguageProvider';
import type { TestHistory } from './observations';

/** A line of values; small in a table, large with its axes when opened. */
export function Trend({ test, width, height, axes = false }: { test: TestHistory; width: number; height: number; axes?: boolean }) {
  const { t, locale } = useLanguage();
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');

  useEffect(() => {
    if (!place.current || test.points.length < 2) return;
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue('--mantine-color-petrol-5').trim();
    const quiet = style.getPropertyValue('--quiet').trim();
    const line = style.getPropertyValue('--line').trim();
    const axis: uPlot.Axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px "Inter Variable"' };
    const date = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short' });
    const plot = new uPlot(
      {
        width,
        height,
        padding: axes ? [10, 14, 0, 0] : [4, 4, 4, 4],
        cursor: { show: axes },
        legend: { show: axes },
        scales: { y: { range: (_, least, most) => withRange(least, most, test) } },
        axes: axes
          ? [{ ...axis, values: (_, at) => at.map(one => date.format(one * 1000)), space: 80 }, axis]
          : [{ show: false }, { show: false }],
        series: [
          { label: t('common.when'), value: (_, at) => (at === null ? '' : new Intl.DateTimeFormat(locale, { dateStyle: 'medium' }).format(at * 1000)) },
          {
            label: `${test.title}${test.unit ? ` (${test.unit})` : ''}`,
            stroke: ink,
            width: 1.5,
            points: { show: axes || test.points.length < 12, size: axes ? 6 : 3.5, fill: ink },
          },
        ],
        hooks: { drawClear: [plotted => drawRange(plotted, test, scheme === 'dark' ? '#1d3a2a' : '#e4f3ea')] },
      },
      [test.points.map(point => point.at / 1000), test.points.map(point => point.value)],
      place.current,
    );
    return () => plot.destroy();
  }, [test, width, height, axes, locale, scheme, t]);

  return (
    <div
      ref={place}
      role="img"
      aria-label={t('chart.trendOf', { test: test.title, count: test.points.length })}
      style={{ width, minHeight: height }}
    />
  );
}

/** The scale holds the values and, where it is near, the reference range. */
function withRange(least: number, most: number, { range }: TestHistory): [number, number] {
  const low = range.low !== null && range.low > least - (most - least) * 2 ? Math.min(least, range.low) : least;
  const high = range.high !== null && range.high < most + (most - least) * 2 ? Math.max(most, range.high) : most;
  const air = (high - low || Math.abs(high) || 1) * 0.1;
  return [low - air, high + air];
}

function drawRange(plot: uPlot, { range }: TestHistory, colour: string): void {
  if (range.low === null && range.high === null) return;
  const { left, top, width, height } = plot.bbox;
  const upper = range.high === null ? top : Math.max(top, plot.valToPos(range.high, 'y', true));
  const lower = range.low === null ? top + height : Math.min(top + height, plot.valToPos(range.low, 'y', true));
  if (lower <= upper) return;
  plot.ctx.fillStyle = colour;
  plot.ctx.fillRect(left, upper, width, lower - upper);
}
