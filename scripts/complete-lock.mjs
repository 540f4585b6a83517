// Adds stub lock entries for optional platform packages a registry view does not serve, so `npm ci` accepts the lock.
// usage: node complete-lock.mjs package-lock.json   (run after every npm install/update; idempotent)
import fs from 'node:fs'
const f = process.argv[2] ?? 'package-lock.json',
  l = JSON.parse(fs.readFileSync(f, 'utf8'))
const have = new Set(Object.keys(l.packages).map((k) => k.split('node_modules/').pop()))
const OS = ['android', 'darwin', 'freebsd', 'win32', 'linux', 'openharmony', 'aix', 'sunos', 'netbsd', 'openbsd']
const CPU = [
  ['arm64', 'arm64'],
  ['x64', 'x64'],
  ['ia32', 'ia32'],
  ['arm', 'arm'],
  ['ppc64', 'ppc64'],
  ['riscv64', 'riscv64'],
  ['s390x', 's390x'],
  ['loong64', 'loong64'],
]
let n = 0
for (const p of Object.values({ ...l.packages }))
  for (const [name, version] of Object.entries(p.optionalDependencies ?? {})) {
    if (have.has(name) || !/^\d/.test(version)) continue // only exact-pinned platform packages
    const os = OS.find((o) => name.includes(o)),
      cpu = CPU.find(([s]) => name.includes(s))?.[1]
    if (!os) continue
    l.packages[`node_modules/${name}`] = {
      version,
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(p.dev ? { dev: true } : {}),
      ...(os === 'linux' ? { libc: [/musl/.test(name) ? 'musl' : 'glibc'] } : {}),
      optional: true,
      os: [os],
    }
    have.add(name)
    n++
  }
l.packages = Object.fromEntries(Object.entries(l.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
fs.writeFileSync(f, JSON.stringify(l, null, 2) + '\n')
console.log(`${n} stub entries added`)
