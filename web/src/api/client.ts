/** One way to talk to the server: JSON in and out, the session's cookie, CSRF token on unsafe methods. */

export type ErrorCode =
  | 'invalid'
  | 'unsupported'
  | 'unauthenticated'
  | 'forbidden'
  | 'notfound'
  | 'gone'
  | 'conflict'
  | 'exhausted'
  | 'unavailable'
  | 'unreachable';

/** What went wrong, in the server's own sentence where it said one. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    message: string,
    readonly body: unknown = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

const CODE_OF_STATUS: Record<number, ErrorCode> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'notfound',
  409: 'conflict',
  410: 'gone',
  412: 'conflict',
  413: 'exhausted',
  429: 'exhausted',
  503: 'unavailable',
};

let csrfToken = '';
let onSignedOut: () => void = () => undefined;

/** The token of the current session; known once GET /api/session has answered. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called whenever the server says that there is no session any more. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

export interface Call {
  signal?: AbortSignal;
  /** Lets the request outlive the page, for a draft that is saved while leaving. */
  keepalive?: boolean;
}

async function call<T>(method: string, path: string, body: unknown, options: Call): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: options.signal,
      keepalive: options.keepalive,
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, 'unreachable', '');
  }
  if (response.status === 204) return undefined as T;
  const answer = await readJson(response);
  if (response.ok) return answer as T;
  if (response.status === 401 && path !== '/api/session') onSignedOut();
  throw asError(response.status, answer);
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function asError(status: number, answer: unknown): ApiError {
  const said = (answer ?? {}) as { error?: string; message?: string };
  const code = CODE_OF_STATUS[status] ?? 'unavailable';
  return new ApiError(status, code, said.message ?? '', answer);
}

export const api = {
  get: <T>(path: string, options: Call = {}) => call<T>('GET', path, undefined, options),
  post: <T>(path: string, body: unknown = {}, options: Call = {}) =>
    call<T>('POST', path, body, options),
  put: <T>(path: string, body: unknown, options: Call = {}) => call<T>('PUT', path, body, options),
  patch: <T>(path: string, body: unknown, options: Call = {}) =>
    call<T>('PATCH', path, body, options),
  delete: <T>(path: string, options: Call = {}) => call<T>('DELETE', path, undefined, options),
};

/** A path with its query, leaving out whatever is empty. */
export function withQuery(
  path: string,
  query: Record<string, string | number | boolean | null | undefined>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** A path with each part encoded. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.reduce(
    (whole, part, index) =>
      whole + part + (index < values.length ? encodeURIComponent(values[index] ?? '') : ''),
    '',
  );
}
