/** The colours of primaries, for a D50 white. */
import { type Matrix, type Vector, apply, inverse, product, transposed } from './matrix.ts';

export type Point = readonly [x: number, y: number];

const D65: Point = [0.3127, 0.329];
const D50: Vector = [0.9642, 1.0, 0.8249];
const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];
export const BT709 = [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06]] as const;

const xyz = ([x, y]: Point): Vector => [x / y, 1, (1 - x - y) / y];

/** XYZ of red, green and blue as columns, adapted from D65 to D50 by Bradford. */
export function colorants(points: readonly [Point, Point, Point]): Matrix {
  const primaries = transposed(points.map(xyz) as unknown as Matrix);
  const amounts = apply(inverse(primaries), xyz(D65));
  const scaled = primaries.map((row) => row.map((v, c) => v * amounts[c]!)) as unknown as Matrix;
  const [from, to] = [apply(BRADFORD, xyz(D65)), apply(BRADFORD, D50)];
  const cones = apply(BRADFORD, [1, 1, 1]).map((_, i) => to[i]! / from[i]!);
  const adapt = product(
    inverse(BRADFORD),
    BRADFORD.map((row, i) => row.map((v) => v * cones[i]!)) as unknown as Matrix,
  );
  return product(adapt, scaled);
}

export const SRGB_COLORANTS = colorants(BT709);
