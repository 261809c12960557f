import { notifications } from '@mantine/notifications';

/** A sentence that goes by itself. */
export function tell(message: string): void {
  notifications.show({ message, color: 'petrol' });
}

/** A sentence about what failed; stays until it is closed. */
export function tellFailure(message: string): void {
  notifications.show({ message, color: 'red', autoClose: false, role: 'alert' });
}
