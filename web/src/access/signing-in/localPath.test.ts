import { describe, expect, it } from 'vitest';
import { localPath } from './localPath';

describe('localPath', () => {
  it('goes back to a page of ours', () => {
    expect(localPath('/read/1.2.3')).toBe('/read/1.2.3');
  });

  it.each(['https://elsewhere.example/', '//elsewhere.example', '/\\elsewhere.example', undefined, '/sign-in?next=/'])(
    'goes home instead of to %s',
    next => {
      expect(localPath(next)).toBe('/');
    },
  );
});
