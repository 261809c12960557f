export const SHORTEST_PASSWORD = 12;

/** What is wrong with a new password, or null. */
export function passwordFault(password: string, repeated: string): 'tooShort' | 'differ' | null {
  if (password.length < SHORTEST_PASSWORD) return 'tooShort';
  return password === repeated ? null : 'differ';
}
