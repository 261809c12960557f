import { notifications } from '@mantine/notifications';

/** A sentence that goes by itself. */
export function tell(message: string): void {
  notifications.show({ message, color: 'petrol', withCloseButton: false });
}

/** A sentence about what failed; stays until it is closed, `close` naming the way to do so. */
export function tellFailure(message: string, close: string): void {
  notifications.show({
    message,
    color: 'red',
    autoClose: false,
    role: 'alert',
    closeButtonProps: { 'aria-label': close },
  });
}
