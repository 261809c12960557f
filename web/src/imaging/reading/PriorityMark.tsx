import type { Key } from '~/language/en';
import { useText } from '~/language/LanguageProvider';
import classes from './ReadingList.module.css';

/** A word, not only a colour, for what cannot wait. */
export function PriorityMark({ priority }: { priority: string | null | undefined }) {
  const t = useText();
  if (!priority || priority === 'routine') return null;
  return (
    <span className={classes.priority} data-priority={priority}>
      {t(`order.priority.${priority}` as Key)}
    </span>
  );
}
