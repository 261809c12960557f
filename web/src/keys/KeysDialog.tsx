import { Group, Stack, Title } from '@mantine/core';
import { useText } from '~/language/LanguageProvider';
import { Dialog } from '~/design/Dialog';
import { useKeyboard, type PageKey } from './KeysProvider';
import classes from './KeysDialog.module.css';

/** What `?` shows. */
export function KeysDialog() {
  const t = useText();
  const { helpOpen, setHelpOpen, listed } = useKeyboard();
  const { everywhere, page } = helpOpen ? listed() : { everywhere: [], page: [] };
  return (
    <Dialog opened={helpOpen} onClose={() => setHelpOpen(false)} title={t('keys.title')} size="lg">
      <Group align="flex-start" grow gap="xl">
        {page.length > 0 && <KeyList title={t('keys.page')} keys={page} />}
        <KeyList title={t('keys.everywhere')} keys={everywhere} />
      </Group>
    </Dialog>
  );
}

function KeyList({ title, keys }: { title: string; keys: PageKey[] }) {
  const t = useText();
  return (
    <Stack gap="xs">
      <Title order={3}>{title}</Title>
      <dl className={classes.keys}>
        {keys.map(key => (
          <div key={key.keys}>
            <dt>
              {key.keys.split(' ').map((one, index) => (
                <span key={one}>
                  {index > 0 && <span className="quiet"> {t('keys.then')} </span>}
                  <kbd>{one}</kbd>
                </span>
              ))}
            </dt>
            <dd>{t(key.says)}</dd>
          </div>
        ))}
      </dl>
    </Stack>
  );
}
