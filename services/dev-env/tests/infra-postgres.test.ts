import { expect, test } from '@jest/globals'
test('x', () => {
  expect(process.env['PF_TEST_POSTGRES_URL']).toBeDefined()
})
