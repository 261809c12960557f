import { Modal, type ModalProps } from '@mantine/core';
import { useText } from '~/language/LanguageProvider';

/** A dialog whose way out has a name. */
export function Dialog(properties: ModalProps) {
  const t = useText();
  return <Modal closeButtonProps={{ 'aria-label': t('common.close') }} {...properties} />;
}
