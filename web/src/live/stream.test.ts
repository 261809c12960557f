import { describe, expect, it } from 'vitest';
import { EventCutter } from './stream';

describe('EventCutter', () => {
  it('cuts events that arrive in pieces', () => {
    const cutter = new EventCutter();
    expect(cutter.feed('event: OrderPlaced\ndata: {"order"')).toEqual([]);
    expect(cutter.feed(':"1"}\n\nevent: Rep')).toEqual([
      { name: 'OrderPlaced', data: { order: '1' } },
    ]);
    expect(cutter.feed('ortSigned\ndata: {}\n\n')).toEqual([{ name: 'ReportSigned', data: {} }]);
  });

  it('passes over comments that keep the connection open', () => {
    expect(new EventCutter().feed(': still here\n\n')).toEqual([]);
  });

  it('takes carriage returns as line ends', () => {
    expect(new EventCutter().feed('event: A\r\ndata: {"a":1}\r\n\r\n')).toEqual([
      { name: 'A', data: { a: 1 } },
    ]);
  });

  it('passes over data that is not JSON', () => {
    expect(new EventCutter().feed('data: hello\n\ndata: {"b":2}\n\n')).toEqual([
      { name: 'message', data: { b: 2 } },
    ]);
  });
});
