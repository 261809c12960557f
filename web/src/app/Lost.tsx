import { Button } from '@mantine/core';
import { EmptySays } from '~/design/Says';
import { useText } from '~/language/LanguageProvider';

/** An address that leads nowhere. */
export function NotFound() {
  const t = useText();
  return (
    <EmptySays>
      {t('app.notFound')} {t('app.notFoundNext')}
    </EmptySays>
  );
}

/** A page that threw. What was thrown is for us, not for the reader. */
export function Crashed() {
  const t = useText();
  return (
    <EmptySays
      action={
        <Button variant="default" onClick={() => window.location.reload()}>
          {t('app.reload')}
        </Button>
      }
    >
      {t('app.crashed')}
    </EmptySays>
  );
}
