const words = (text: string) => text.trim().split(/\s+/)

const SCRIPTS = words('javascript python ruby')
const CALLS = words('classifier guardrails is-refusal moderation pi webhook')
const JUDGED = words(`
  agent-rubric answer-relevance context-faithfulness context-recall context-relevance conversation-relevance factuality
  g-eval human max-score model-graded-closedqa model-graded-factuality research-rubric search-rubric select-best
  similar similar:cosine similar:dot similar:euclidean
`)
const OTHERS = words(`
  assert-set bleu contains-html contains-sql contains-xml ends-with f-score gleu is-html is-sql is-valid-function-call is-valid-openai-function-call is-valid-openai-tools-call is-xml levenshtein
  math-equivalent meteor perplexity perplexity-score rouge-n skill-used tokens-used tool-call-f1 trace-error-spans
  trace-span-count trace-span-duration trajectory word-count
`)

const WHY = new Map([
  ...SCRIPTS.map((type) => [type, 'scripts are not run'] as const),
  ...CALLS.map((type) => [type, 'no other service is called'] as const),
  ...JUDGED.map((type) => [type, 'a model judges by llm-rubric only'] as const),
])

const INSTEAD = new Map([
  ['ends-with', 'use regex with $'],
  ['assert-set', 'write its assertions into columns of their own'],
])

const READ =
  'take equals, contains, icontains, starts-with, contains-any, contains-all, icontains-any, icontains-all, regex, is-json, contains-json, json-path, length, latency, cost, finish-reason or llm-rubric'

/** Why no assertion of this type of promptfoo, without `not-`, is read, or what to use. */
export const whyUnsupported = (type: string): string => WHY.get(type) ?? INSTEAD.get(type) ?? READ

/** Types of promptfoo that are not read. In CSV a text that begins otherwise is what an answer must equal. */
export const UNSUPPORTED: ReadonlySet<string> = new Set([...SCRIPTS, ...CALLS, ...JUDGED, ...OTHERS])
