const SCRIPTS = ['javascript', 'python', 'ruby', 'assert-script']
const CALLS = ['webhook', 'guardrails', 'moderation', 'classifier', 'pi', 'is-refusal']
const JUDGED = [
  ...['answer-relevance', 'context-faithfulness', 'context-recall', 'context-relevance', 'conversation-relevance'],
  ...['factuality', 'g-eval', 'llm-rubric', 'agent-rubric', 'search-rubric', 'research-rubric'],
  ...['model-graded-closedqa', 'model-graded-factuality', 'select-best', 'max-score', 'human'],
  ...['similar', 'similar:cosine', 'similar:dot', 'similar:euclidean'],
]
const OTHERS = [
  ...['assert-set', 'bleu', 'gleu', 'meteor', 'rouge-n', 'levenshtein', 'f-score', 'perplexity', 'perplexity-score'],
  ...['contains-html', 'contains-json', 'contains-sql', 'contains-xml', 'is-html', 'is-sql', 'is-xml', 'ends-with'],
  ...['icontains-any', 'icontains-all', 'is-valid-function-call', 'is-valid-openai-function-call'],
  ...['is-valid-openai-tools-call', 'skill-used', 'tokens-used', 'tool-call-f1', 'word-count', 'math-equivalent'],
  ...['trace-error-spans', 'trace-span-count', 'trace-span-duration', 'trajectory:goal-success'],
  ...['trajectory:step-count', 'trajectory:tool-args-match', 'trajectory:tool-sequence', 'trajectory:tool-used'],
]

const WHY = new Map([
  ...SCRIPTS.map((type) => [type, 'scripts are not run'] as const),
  ...CALLS.map((type) => [type, 'no other service is called'] as const),
  ...JUDGED.map((type) => [type, 'no model judges or compares answers'] as const),
])

const INSTEAD = new Map([
  ['icontains-any', 'use regex with (?i)'],
  ['icontains-all', 'use an icontains assertion for each text'],
  ['contains-json', 'use is-json, of the whole answer'],
  ['ends-with', 'use regex with $'],
  ['assert-set', 'write its assertions into the test'],
])

const READ =
  'those that are: equals, contains, icontains, starts-with, contains-any, contains-all, regex, is-json, json-path, length, latency, cost, finish-reason'

/** Why no assertion of this type of promptfoo, without `not-`, is read, or what to use. */
export const whyUnsupported = (type: string): string => WHY.get(type) ?? INSTEAD.get(type) ?? READ

/** Types of promptfoo that are not read. In CSV a text that begins otherwise is what an answer must equal. */
export const UNSUPPORTED: ReadonlySet<string> = new Set([...SCRIPTS, ...CALLS, ...JUDGED, ...OTHERS])
