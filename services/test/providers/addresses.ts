import { BlockList, isIP } from 'node:net'

/** Networks that a provider on the internet is not in: this host, private ones, and those that lead to them. */
const REFUSED = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  // NAT64 and 6to4: they contain an address of IPv4.
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
]

/** Whether a connection to an address may be used. */
export type AddressRule = (address: string) => boolean

/** Allows what is on the internet, and the networks that the operator lists: CIDRs such as `127.0.0.0/8`. Throws for what is no CIDR. */
export function allowPublicAnd(networks: readonly string[]): AddressRule {
  const refused = listOf(REFUSED)
  const allowed = listOf(networks)
  return (address) => {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    return allowed.check(address, family) || !refused.check(address, family)
  }
}

// A BlockList compares an address of IPv6 that contains one of IPv4 (`::ffff:10.0.0.1`) with the networks of IPv4.
function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/')
    if (!isIP(address) || !/^\d{1,3}$/.test(bits))
      throw new Error(`${network} is not a network: write it as 10.0.0.0/8`)
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}
