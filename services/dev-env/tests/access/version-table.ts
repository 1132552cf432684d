import type { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import {
  ListVersionsRequest_View as View,
  type VersionServiceService,
} from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { FIRST, type TableOf } from './row.ts'
import { CONTENT } from './scene.ts'

const READ = ['PROMPTS_READ'] as const
const WRITE = ['PROMPTS_WRITE'] as const

/** Who reads a version: also of a deleted prompt, who has a licence for it. */
const READABLE = {
  public: '+++++++',
  private: '--++--+',
  draft: '--++--+',
  archived: '+++++++',
  deleted: '---+---',
}

/** What the owner alone does, as long as there is the prompt. */
const OWNED = {
  public: 't-+---+',
  private: 't-+---+',
  draft: 't-+---+',
  archived: 't-+---+',
  deleted: 't------',
}

export const VERSIONS: TableOf<typeof VersionServiceService> = {
  listVersions: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, ...FIRST, view: View.FULL }),
    shows: ({ versions }) => versions[0]?.content === CONTENT,
    answers: READABLE,
  },
  getVersion: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, version: 1 }),
    shows: ({ version }) => version?.content === CONTENT,
    answers: READABLE,
  },
  compareVersions: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, from: 1, to: 1 }),
    answers: READABLE,
  },
  restoreVersion: {
    scopes: WRITE,
    // The head holds that already.
    request: ({ prompt }) => ({ promptId: prompt.id, version: 1 }),
    answers: OWNED,
  },
  exportPrompts: { scopes: READ, request: () => ({}), answers: 't++++++', oneByOne: true },
}

export const LABELS: TableOf<typeof LabelServiceService> = {
  setLabel: {
    scopes: WRITE,
    request: ({ prompt }) => ({ promptId: prompt.id, label: 'production', version: 1 }),
    answers: OWNED,
  },
  removeLabel: {
    scopes: WRITE,
    request: async ({ scene, prompt, isAnswered }) => ({
      promptId: prompt.id,
      label: isAnswered ? await scene.make.label(prompt) : 'production',
    }),
    answers: OWNED,
  },
  setLabelGate: {
    scopes: WRITE,
    request: ({ prompt }) => ({ promptId: prompt.id, label: 'gated', suiteId: prompt.suiteId }),
    answers: OWNED,
  },
  getLabelGate: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, label: 'gated' }),
    answers: OWNED,
  },
  removeLabelGate: {
    scopes: WRITE,
    request: async ({ scene, prompt, isAnswered }) => ({
      promptId: prompt.id,
      label: isAnswered ? await scene.make.gate(prompt) : 'gated',
    }),
    answers: OWNED,
  },
  getLabel: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, label: 'production' }),
    shows: ({ version }) => version?.content === CONTENT,
    answers: READABLE,
  },
  listLabels: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, ...FIRST }),
    shows: ({ labels }) => labels.some(({ name }) => name === 'production'),
    answers: READABLE,
  },
  listLabelChanges: {
    scopes: READ,
    request: ({ prompt }) => ({ promptId: prompt.id, label: 'production', ...FIRST }),
    shows: ({ changes }) => changes.length > 0,
    answers: READABLE,
  },
}
