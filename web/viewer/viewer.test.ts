import { describe, expect, it } from 'vitest';
// @ts-expect-error -- build scripts are plain JavaScript
import { rewriteEmbind } from './embind.mjs';
// @ts-expect-error -- build scripts are plain JavaScript
import { rewriteNdarray, viewMaker } from './ndarray.mjs';

interface View {
  size: number;
  shape: number[];
  order: number[];
  get: (...at: number[]) => number;
  set: (...at: number[]) => void;
  lo: (...at: number[]) => View;
  hi: (...at: number[]) => View;
  step: (...at: number[]) => View;
  transpose: (...axes: number[]) => View;
  pick: (...at: (number | null)[]) => View;
}

/** Views on 2 rows and 3 columns of 0…5, as ndarray makes them. */
function matrix(): View {
  const makers: ((...parts: unknown[]) => View)[] = [];
  function order(this: { stride: number[] }) {
    return this.stride.map((_, k) => k).sort((a, b) => Math.abs(this.stride[a] ?? 0) - Math.abs(this.stride[b] ?? 0));
  }
  for (let dimension = -1; dimension <= 2; ++dimension) {
    makers.push((viewMaker as (...parts: unknown[]) => (typeof makers)[0])('uint8', dimension, makers, order));
  }
  return makers[3]!(Uint8Array.from([0, 1, 2, 3, 4, 5]), [2, 3], [3, 1], 0);
}

describe('ndarray without a compiler', () => {
  it('reads and writes', () => {
    const view = matrix();
    expect(view.get(1, 2)).toBe(5);
    view.set(1, 2, 9);
    expect(view.get(1, 2)).toBe(9);
    expect([view.size, view.shape, view.order]).toEqual([6, [2, 3], [1, 0]]);
  });

  it('cuts, turns and mirrors', () => {
    expect(matrix().lo(1, 1).get(0, 0)).toBe(4);
    expect(matrix().hi(1, 2).shape).toEqual([1, 2]);
    expect(matrix().transpose(1, 0).get(2, 1)).toBe(5);
    expect(matrix().step(-1, 1).get(0, 0)).toBe(3);
    expect(matrix().step(1, 2).shape).toEqual([2, 2]);
  });

  it('picks a row, and a point of it', () => {
    const row = matrix().pick(1, null);
    expect(row.shape).toEqual([3]);
    expect(row.pick(2).get()).toBe(5);
  });

  it('is put before the compiler', () => {
    const { source, times } = (rewriteNdarray as (text: string) => { source: string; times: number })(
      'function compileConstructor(dtype, dimension) { new Function() }',
    );
    expect(times).toBe(1);
    expect(source.indexOf('return (function viewMaker')).toBeLessThan(source.indexOf('new Function'));
  });
});

describe('rewriteEmbind', () => {
  const rewrite = rewriteEmbind as (text: string, name: string) => string;

  it('gives glue that needs no compiler', () => {
    const glue = 'var invokerFunction=new_(Function,args1).apply(null,args2);return invokerFunction';
    expect(rewrite(glue, 'x')).not.toContain('new_(Function');
  });

  it('stops when a kind of glue is unknown', () => {
    expect(() => rewrite('newFunc(Function, somethingElse)', 'x')).toThrow(/compiled at run time/);
  });
});
