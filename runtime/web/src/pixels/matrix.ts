/** 3 x 3 matrices, by rows. */
export type Vector = readonly [number, number, number];
export type Matrix = readonly [Vector, Vector, Vector];

export function apply(m: Matrix, [x, y, z]: Vector): Vector {
  return m.map((row) => row[0] * x + row[1] * y + row[2] * z) as unknown as Vector;
}

export const transposed = (m: Matrix): Matrix =>
  [0, 1, 2].map((c) => m.map((row) => row[c])) as unknown as Matrix;

export const product = (a: Matrix, b: Matrix): Matrix =>
  transposed(transposed(b).map((column) => apply(a, column)) as unknown as Matrix);

const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export function inverse(m: Matrix): Matrix {
  const [a, b, c] = m;
  const determinant = apply([a, a, a], cross(b, c))[0];
  const columns = [cross(b, c), cross(c, a), cross(a, b)].map((v) => v.map((x) => x / determinant));
  return transposed(columns as unknown as Matrix);
}
