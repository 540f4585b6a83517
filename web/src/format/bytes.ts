const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** `1.4 MiB`: two digits at least, and never more than are of use. */
export function bytes(value: number): string {
  const unit = value < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10))
  const scaled = value / 1024 ** unit
  return `${scaled < 10 && unit > 0 ? scaled.toFixed(1) : Math.round(scaled).toLocaleString('en')} ${UNITS[unit]}`
}
