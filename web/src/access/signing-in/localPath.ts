/** Where to go after signing in: only ever a page of ours, whatever the address says. */
export function localPath(next: string | undefined): string {
  if (!next?.startsWith('/') || /^\/[/\\]/.test(next)) return '/';
  return next.startsWith('/sign-in') ? '/' : next;
}
