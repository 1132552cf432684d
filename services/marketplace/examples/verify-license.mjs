// Verifies a licence document offline: node verify-license.mjs license-keys.json DOCUMENT
import { readFileSync } from 'node:fs'
import { createLocalJWKSet, jwtVerify } from 'jose'

const [keyFile = 'license-keys.json', document = ''] = process.argv.slice(2)
const keys = createLocalJWKSet(JSON.parse(readFileSync(keyFile, 'utf8')))
const rules = { algorithms: ['EdDSA'], typ: 'pf-license+jwt', audience: 'promptforge:license', requiredClaims: ['exp'] }
const { payload } = await jwtVerify(document, keys, rules)
process.stdout.write(JSON.stringify(payload))
