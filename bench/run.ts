// `npm run bench -- ingest|metrics|scan|import|transform [options]`. The engine's threads come from libuv's pool, whose size must stand before anything uses
// it: nothing is imported above this line.
process.env['UV_THREADPOOL_SIZE'] ??= '16'
const BENCHES = ['ingest', 'metrics', 'scan', 'import', 'transform']
const [name = '', ...args] = process.argv.slice(2)
if (BENCHES.includes(name)) {
  // A URL, not a literal: one bench that does not compile keeps none of the others from running.
  const { run } = (await import(new URL(`./${name}.js`, import.meta.url).href)) as { run: (args: string[]) => Promise<void> }
  await run(args)
  process.exit(0)
}
process.stderr.write(`Usage: npm run bench -- ${BENCHES.join('|')} [options]\n`)
process.exit(2)
