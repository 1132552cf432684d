import { BlockList, isIP } from 'node:net'

/** Networks that a provider on the internet is not in: this host, private ones, those that lead to them, and those of examples. */
const REFUSED = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // These contain an address of IPv4: compatible ones, NAT64, Teredo, 6to4.
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2001::/32',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

/** Whether a connection to an address may be used. What is no address is not. */
export type AddressRule = (address: string) => boolean

/** Allows what is on the internet, and the networks that the operator lists: CIDRs such as `127.0.0.0/8`. Throws for what is no CIDR. */
export function allowPublicAnd(networks: readonly string[]): AddressRule {
  const refused = listOf(REFUSED)
  const allowed = listOf(networks)
  return (text) => {
    // Without the zone of `fe80::1%eth0`.
    const [address = ''] = text.split('%')
    const version = isIP(address)
    if (version === 0) return false
    const family = version === 6 ? 'ipv6' : 'ipv4'
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
