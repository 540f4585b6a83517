#!/usr/bin/env node
// Starts the built program; builds it first in a clone where sources are newer than the build. The engine's threads come from libuv's
// pool, whose size must stand before anything uses it: that is why this is a file of its own, with nothing imported above this line.
process.env.UV_THREADPOOL_SIZE ??= '16'
const { buildIfStale } = await import('../scripts/build.mjs')
await buildIfStale()
const { run } = await import('../dist/src/cli/program.js')
await run(process.argv.slice(2))
