import { useState } from 'react';
import classes from './Chart.module.css';

/** A small image of a study; its modality where no image can be made (a report, an ECG). */
export function Thumbnail({ src, label, className }: { src: string | undefined; label: string; className?: string }) {
  const [failed, setFailed] = useState(false);
  const style = className ?? classes.thumbnail;
  if (!src || failed) {
    return (
      <span className={style} data-absent>
        {label}
      </span>
    );
  }
  return <img src={src} alt="" loading="lazy" decoding="async" className={style} onError={() => setFailed(true)} />;
}
