/**
 * `ndarray`, which the viewer uses on segmentations, writes a class for each number of dimensions as
 * text and compiles it. Here is one class for all of them, put in front of that compiler.
 */

/** As `compileConstructor(dtype, dimension)` of ndarray 1.0: a function that makes views. */
function viewMaker(dtype, dimension, makers, orderOfStrides) {
  const generic = dtype === 'generic';
  const read = (data, at) => (generic ? data.get(at) : data[at]);
  const write = (data, at, value) => (generic ? data.set(at, value) : (data[at] = value));
  const given = index => typeof index === 'number';

  function fixed(kind, size) {
    const none = [];
    Object.assign(kind.prototype, { dtype, dimension, size, shape: none, stride: none, order: none });
  }

  if (dimension === -1) {
    class Nothing {
      constructor(data) { this.data = data; }
      index() { return -1; }
      lo() { return new Nothing(this.data); }
      hi() { return new Nothing(this.data); }
      step() { return new Nothing(this.data); }
      transpose() { return new Nothing(this.data); }
      get() {}
      set() {}
      pick() { return null; }
    }
    fixed(Nothing, 0);
    return data => new Nothing(data);
  }

  if (dimension === 0) {
    class Point {
      constructor(data, offset) { this.data = data; this.offset = offset; }
      index() { return this.offset; }
      lo() { return new Point(this.data, this.offset); }
      hi() { return new Point(this.data, this.offset); }
      step() { return new Point(this.data, this.offset); }
      transpose() { return new Point(this.data, this.offset); }
      get() { return read(this.data, this.offset); }
      valueOf() { return this.get(); }
      set(value) { return write(this.data, this.offset, value); }
      pick() { return makers[0](this.data); }
    }
    fixed(Point, 1);
    return (data, shape, stride, offset) => new Point(data, offset);
  }

  class View {
    constructor(data, shape, stride, offset) {
      this.data = data;
      this.shape = shape;
      this.stride = stride;
      this.offset = offset | 0;
    }
    get size() { return this.shape.reduce((product, length) => product * length, 1); }
    get order() { return orderOfStrides.call(this); }
    index(...indices) {
      let at = this.offset;
      for (let k = 0; k < dimension; ++k) at += this.stride[k] * indices[k];
      return at;
    }
    get(...indices) { return read(this.data, this.index(...indices)); }
    set(...indices) { return write(this.data, this.index(...indices), indices[dimension]); }
    hi(...ends) {
      const shape = this.shape.map((length, k) => (!given(ends[k]) || ends[k] < 0 ? length : ends[k] | 0));
      return new View(this.data, shape, [...this.stride], this.offset);
    }
    lo(...starts) {
      const shape = [...this.shape];
      let { offset } = this;
      for (let k = 0; k < dimension; ++k) {
        if (!given(starts[k]) || starts[k] < 0) continue;
        offset += this.stride[k] * (starts[k] | 0);
        shape[k] -= starts[k] | 0;
      }
      return new View(this.data, shape, [...this.stride], offset);
    }
    step(...steps) {
      const shape = [...this.shape];
      const stride = [...this.stride];
      let { offset } = this;
      for (let k = 0; k < dimension; ++k) {
        if (!given(steps[k])) continue;
        const by = steps[k] | 0;
        if (by < 0) offset += stride[k] * (shape[k] - 1);
        shape[k] = Math.ceil((by < 0 ? -shape[k] : shape[k]) / by);
        stride[k] *= by;
      }
      return new View(this.data, shape, stride, offset);
    }
    transpose(...axes) {
      const from = this.shape.map((_, k) => (axes[k] === undefined ? k : axes[k] | 0));
      return new View(this.data, from.map(k => this.shape[k]), from.map(k => this.stride[k]), this.offset);
    }
    pick(...indices) {
      const shape = [];
      const stride = [];
      let { offset } = this;
      for (let k = 0; k < dimension; ++k) {
        if (given(indices[k]) && indices[k] >= 0) {
          offset = (offset + this.stride[k] * indices[k]) | 0;
        } else {
          shape.push(this.shape[k]);
          stride.push(this.stride[k]);
        }
      }
      return makers[shape.length + 1](this.data, shape, stride, offset);
    }
  }
  Object.assign(View.prototype, { dtype, dimension });
  return (data, shape, stride, offset) => new View(data, [...shape].slice(0, dimension), [...stride].slice(0, dimension), offset);
}

const COMPILER = 'function compileConstructor(dtype, dimension) {';

/** The bundle's text with ndarray's compiler answered by `viewMaker`; how often it was there. */
export function rewriteNdarray(source) {
  const pieces = source.split(COMPILER);
  const answer = `${COMPILER}return (${viewMaker})(dtype,dimension,CACHED_CONSTRUCTORS[dtype],order);`;
  return { source: pieces.join(answer), times: pieces.length - 1 };
}

export { viewMaker };
