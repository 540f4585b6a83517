import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici'
import { AppError } from '../errors.ts'

/**
 * Which addresses Fairlead may ask. Addresses of a source are settings, and next pages and redirects are whatever a tool answers: without this
 * rule either could make the server ask its own network. The check sits where the name becomes an address, and the connection goes to just that
 * address, so a name that resolves differently the second time gains nothing.
 */
const PRIVATE: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 127],
  ['64:ff9b::', 96],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
]

export interface AddressRules {
  mayAsk(host: string, address: string): boolean
}

/** `allowed`: names of hosts, addresses, networks (`10.0.0.0/8`), or `all`. */
export function addressRules(allowed: readonly string[]): AddressRules {
  const isPrivate = new BlockList()
  for (const [network, bits] of PRIVATE) isPrivate.addSubnet(network, bits, network.includes(':') ? 'ipv6' : 'ipv4')
  const isAllowed = new BlockList()
  const hosts = new Set<string>()
  for (const one of allowed) {
    const [network = '', bits] = one.split('/')
    const version = isIP(network)
    if (version === 0) hosts.add(one.toLowerCase())
    else if (bits === undefined) isAllowed.addAddress(network, version === 6 ? 'ipv6' : 'ipv4')
    else isAllowed.addSubnet(network, Number(bits), version === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    mayAsk(host, address) {
      if (hosts.has('all') || hosts.has(host.toLowerCase())) return true
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      return !isPrivate.check(address, family) || isAllowed.check(address, family)
    },
  }
}

export function refusedAddress(host: string): AppError {
  return new AppError('address-refused', `${host} is a private address, and private addresses are not asked unless they are allowed.`, {
    help: `If it is yours, start the server with FAIRLEAD_ALLOW_ADDRESSES=${host} (names, addresses or networks, parted by commas).`,
  })
}

/** Gives the addresses of a name, all of which must be allowed. */
export function guardedLookup(rules: AddressRules): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, [])
      const refused = addresses.find(({ address }) => !rules.mayAsk(host, address))
      const first = addresses[0]
      if (refused !== undefined || first === undefined) return done(refusedAddress(host), [])
      if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }
}

export interface ProxySettings {
  readonly proxy: string | null
  readonly noProxy: string | null
}

/** Connections that keep to the rules. Behind a proxy it is the proxy that resolves names, and only it is asked. */
export function createDispatcher(rules: AddressRules, { proxy, noProxy }: ProxySettings = { proxy: null, noProxy: null }): Dispatcher {
  const connect = { lookup: guardedLookup(rules), timeout: 15_000 }
  const timeouts = { headersTimeout: 60_000, bodyTimeout: 60_000 }
  if (proxy === null) return new Agent({ connect, ...timeouts })
  return new EnvHttpProxyAgent({ httpProxy: proxy, httpsProxy: proxy, ...(noProxy === null ? {} : { noProxy }), connect, ...timeouts })
}

/** An address that is written as a number never goes through a look-up. */
export function requireAllowed(rules: AddressRules, url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new AppError('address-refused', `${url.protocol}// is no address that can be asked.`, { help: 'Use http:// or https://.' })
  if (url.username !== '' || url.password !== '')
    throw new AppError('address-refused', 'An address must not hold a user or a password.', {
      help: 'Give the credential in its own field.',
    })
  if (isIP(host) !== 0 && !rules.mayAsk(host, host)) throw refusedAddress(host)
}
