import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReasonDoc } from './reasons.ts'

/** The folder with what is written by hand of the pages under `/docs`. */
export const DOCS = join(import.meta.dirname, '../docs')

/** The page `/docs/errors`: a section for each reason, with its name as its anchor. */
export const errorsPage = (reasons: ReadonlyMap<string, ReasonDoc>): string =>
  page(
    'Errors',
    `<h1>Errors</h1>
<p>
  A call that fails answers with a <code>message</code> for people and, in <code>details</code>, with a <code>google.rpc.ErrorInfo</code> whose
  <code>reason</code> is one of these. Its <code>metadata</code> always has <code>request_id</code>. <code>BadRequest</code> names every field
  that breaks a rule, and <code>RetryInfo</code>, with the header <code>Retry-After</code>, says when to come again.
</p>
${[...reasons.values()].map(section).join('\n')}`,
  )

/** The page `/docs/versioning`. */
export const versioningPage = (): string => page('Versioning', readFileSync(join(DOCS, 'versioning.html'), 'utf8'))

const section = ({ name, code, http, when, remedy, metadata }: ReasonDoc) => `<section id="${name}">
<h2><a href="#${name}">${name}</a></h2>
<p>HTTP ${http}, gRPC ${code}. ${html(when)}</p>
<p><strong>What to do:</strong> ${html(remedy)}</p>${metadata ? `\n<p><strong>Metadata:</strong> ${html(metadata)}</p>` : ''}
</section>`

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Markdown's marks of code, the only ones in the comments of reasons, as HTML. */
const html = (text: string) => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')

const LINKS = { Errors: '/docs/errors', Versioning: '/docs/versioning' }

const page = (title: keyof typeof LINKS, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${title}: PromptForge API</title>
<link rel="icon" href="data:," />
<link rel="stylesheet" href="/docs/docs.css" />
</head>
<body>
<header>
<nav>
<a href="/docs">PromptForge API</a>
${Object.entries(LINKS)
  .map(([name, path]) => `<a href="${path}"${name === title ? ' aria-current="page"' : ''}>${name}</a>`)
  .join('\n')}
<a href="/openapi.yaml">openapi.yaml</a>
</nav>
</header>
<main class="text">
${body}
</main>
</body>
</html>
`
