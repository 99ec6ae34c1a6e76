const COUNT = 32

/** Gauss-Legendre nodes and weights on -1..1, found once by Newton's method on the Legendre polynomial. */
export const NODES = new Float64Array(COUNT)
export const WEIGHTS = new Float64Array(COUNT)

for (let i = 0; i < COUNT; i++) {
  let x = Math.cos((Math.PI * (i + 0.75)) / (COUNT + 0.5))
  let slope = 0
  for (let step = 0; step < 20; step++) {
    const { value, derivative } = legendre(x)
    slope = derivative
    x -= value / derivative
  }
  NODES[i] = x
  WEIGHTS[i] = 2 / ((1 - x * x) * slope * slope)
}

function legendre(x: number): { value: number; derivative: number } {
  let before = 1
  let value = x
  for (let k = 2; k <= COUNT; k++) {
    const next = ((2 * k - 1) * x * value - (k - 1) * before) / k
    before = value
    value = next
  }
  return { value, derivative: (COUNT * (x * value - before)) / (x * x - 1) }
}
