/** The Wilson score interval of a share, 95 %: Wilson (1927). Stays inside 0–1 and is honest for small n. */
export function wilson(successes: number, n: number, z = 1.959_963_984_540_054): [number, number] | null {
  if (n === 0) return null
  const share = successes / n
  const centre = share + (z * z) / (2 * n)
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  const scale = 1 + (z * z) / n
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)]
}
