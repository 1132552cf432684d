import { expect, test } from '@jest/globals'
import { mongoUrl, natsUrls, postgresUrl } from './url-formats.ts'

test.each([
  [postgresUrl, 'postgres://prompt:hush@db/promptforge_prompt'],
  [postgresUrl, 'postgresql://prompt:a%23b%25@127.0.0.1:5432/db?sslmode=require'],
  [postgresUrl, 'postgres://prompt:a@b:c@[::1]:5432/db'],
  [postgresUrl, 'postgres://prompt@/db?host=%2Frun'],
  [mongoUrl, 'mongodb://127.0.0.1:27018/?directConnection=true'],
  [mongoUrl, 'mongodb://ann:p%40ss@127.0.0.1:27017,localhost:27018/db?replicaSet=rs0'],
  [mongoUrl, 'mongodb+srv://ann:hush@cluster.example'],
  [natsUrls, 'nats://nats:4222'],
  [natsUrls, 'nats://a:4222,tls://b,c:4223'],
])('%p takes %s', (format, url) => expect(() => format(url)).not.toThrow())

test.each([
  ...[
    '',
    'db',
    'https://u:hush@h/db',
    ...['#', '/', '?', '%', '1/', '1#', '1?'].map((c) => `postgres://u:${c}hush@h/db`),
  ].map((url) => [postgresUrl, url] as const),
  ...['', 'localhost', ...['#', '/', '?', '%', '@', ':', '1/'].map((c) => `mongodb://u:${c}hush@h/db`)].map(
    (url) => [mongoUrl, url] as const,
  ),
  [natsUrls, ''],
  [natsUrls, 'nats://h:port'],
  [natsUrls, 'http://h:4222'],
] as const)('%p refuses %p, and does not cite it', (format, url) => {
  expect(() => format(url)).toThrow(/^must /)
  expect(() => format(url)).not.toThrow('hush')
})
