import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import classes from './Read.module.css';

const STEP = 24;

/** The border between two panes; moved by dragging, or by the arrow keys when it has the focus. */
export function Splitter({
  width,
  least,
  most,
  label,
  onWidth,
}: {
  width: number;
  least: number;
  most: number;
  label: string;
  onWidth: (width: number) => void;
}) {
  const drag = useRef<{ x: number; width: number } | null>(null);
  const within = (value: number) => Math.round(Math.max(least, Math.min(most, value)));
  const towards = () => (document.documentElement.dir === 'rtl' ? -1 : 1);

  function press(event: KeyboardEvent) {
    const step = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onWidth(within(width + step * towards()));
  }

  return (
    // A separator that can be moved is a control (WAI-ARIA 1.2, separator).
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      aria-valuemin={least}
      aria-valuemax={most}
      className={classes.splitter}
      onKeyDown={press}
      onPointerDown={(event: PointerEvent) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, width };
      }}
      onPointerMove={(event: PointerEvent) => {
        if (!drag.current) return;
        onWidth(within(drag.current.width + (drag.current.x - event.clientX) * towards()));
      }}
      onPointerUp={() => {
        drag.current = null;
      }}
    />
  );
}
