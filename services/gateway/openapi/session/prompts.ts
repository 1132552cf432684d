import type { Step } from './step.ts'

const PROMPT = { prompt_id: '$prompt' }

/** Lena writes a prompt, Nora reads it and says what she thinks, and labels name its versions. */
export const PROMPTS: Step[] = [
  { call: 'listCategories' },
  {
    call: 'createPrompt',
    as: 'lena',
    headers: { 'idempotency-key': '7d9f1c2e-5b3a-4c8d-9e6f-0a1b2c3d4e5f' },
    body: {
      title: 'Release notes',
      category: 'software',
      tags: ['git', 'writing'],
      content: 'Write release notes for users from these commits:\n{{commits}}',
      variables: [{ name: 'commits', type: 'TEXT', required: true }],
    },
    keep: { prompt: 'prompt.id' },
  },
  { call: 'createPrompt', name: 'invalid', as: 'lena', body: { title: '', tags: [''] }, status: 400 },
  { call: 'createPrompt', name: 'scope-missing', as: 'app', body: { title: 'T', content: 'C' }, status: 403 },
  { call: 'getPrompt', path: PROMPT },
  { call: 'getPrompt', name: 'unknown', path: { prompt_id: '00000000-0000-7000-8000-00000000dead' }, status: 404 },
  { call: 'batchGetPrompts', query: { prompt_ids: ['$prompt'] } },
  { call: 'listPrompts', query: { category: 'software', page_size: 2 } },
  { call: 'searchPrompts', query: { query: 'release notes' } },
  { call: 'listFeed', as: 'nora' },
  {
    call: 'updatePrompt',
    as: 'lena',
    path: PROMPT,
    body: { content: 'Write release notes, newest first, from these commits:\n{{commits}}', etag: '1' },
  },
  {
    call: 'updatePrompt',
    name: 'stale',
    as: 'lena',
    path: PROMPT,
    body: { title: 'Too late', etag: '1' },
    status: 409,
  },
  { call: 'renderPrompt', path: PROMPT, body: { values: { commits: 'fix: a typo' } } },
  { call: 'forkPrompt', as: 'nora', path: PROMPT, body: {}, keep: { fork: 'prompt.id' } },
  { call: 'deletePrompt', as: 'nora', path: { prompt_id: '$fork' } },
  { call: 'likePrompt', as: 'nora', path: PROMPT },
  { call: 'listLikes', path: PROMPT },
  { call: 'unlikePrompt', as: 'nora', path: PROMPT },
  { call: 'ratePrompt', as: 'nora', path: PROMPT, body: { rating: 4, review: 'Short and complete.' } },
  { call: 'ratePrompt', name: 'own-prompt', as: 'lena', path: PROMPT, body: { rating: 5 }, status: 400 },
  { call: 'listRatings', path: PROMPT },
  { call: 'deleteRating', as: 'nora', path: PROMPT },
  {
    call: 'createComment',
    as: 'nora',
    path: PROMPT,
    body: { content: 'Does it need the hashes?' },
    keep: { comment: 'comment.id' },
  },
  { call: 'listComments', path: PROMPT },
  {
    call: 'updateComment',
    as: 'nora',
    path: { ...PROMPT, comment_id: '$comment' },
    body: { content: 'Does it need the hashes of the commits?' },
  },
  { call: 'deleteComment', as: 'nora', path: { ...PROMPT, comment_id: '$comment' } },
]

const LABEL = { ...PROMPT, label: 'production' }

/** Versions, and the labels that name them. */
export const VERSIONS: Step[] = [
  { call: 'getVersion', path: { ...PROMPT, version: 2 }, until: { place: 'version.version' } },
  { call: 'listVersions', path: PROMPT },
  { call: 'compareVersions', path: PROMPT, query: { from: 1, to: 2 } },
  { call: 'setLabel', as: 'lena', path: LABEL, body: { version: 1 } },
  { call: 'getLabel', path: LABEL },
  { call: 'listLabels', path: PROMPT },
  { call: 'listLabelChanges', path: LABEL },
  { call: 'setLabelGate', as: 'lena', path: LABEL, body: { suiteId: '$suite' } },
  { call: 'getLabelGate', as: 'lena', path: LABEL },
  { call: 'removeLabelGate', as: 'lena', path: LABEL },
  { call: 'removeLabel', as: 'lena', path: LABEL },
  { call: 'restoreVersion', as: 'lena', path: { ...PROMPT, version: 1 }, body: {} },
  { call: 'exportPrompts', as: 'lena' },
]
