import { OTHER, type RestCase, type Scene } from './bad-input-cases.ts'

type Who = 'ann' | 'ben'
type Refusal = Pick<RestCase, 'status' | 'reason' | 'fields'>

const label = (
  name: string,
  who: Who,
  [verb, rest]: [verb: string, rest: string],
  refusal: Refusal,
  body?: unknown,
  whose: (scene: Scene) => string = ({ prompts }) => prompts.public,
): RestCase => ({
  name: `label: ${name}`,
  request: (scene) => [`${verb} /v1/prompts/${whose(scene)}/labels${rest}`, { token: scene[who].token, body }],
  ...refusal,
})

const invalid = (...fields: string[]) => ({ status: 400, reason: 'VALIDATION_FAILED', fields })
const REJECTED = { status: 400, reason: 'REQUEST_REJECTED' }
const NOT_FOUND = { status: 404, reason: 'RESOURCE_NOT_FOUND' }
const BAD_TOKEN = { status: 400, reason: 'PAGE_TOKEN_INVALID', fields: ['page_token'] }
const MOVED = { status: 409, reason: 'LABEL_MOVED' }

const version = { version: 1 }

/** What Ben cannot do with the labels of a prompt. */
const hidden = (name: string, whose: (scene: Scene) => string): RestCase[] => [
  label(`labels of ${name}`, 'ben', ['GET', ''], NOT_FOUND, undefined, whose),
  label(`latest of ${name}`, 'ben', ['GET', '/latest'], NOT_FOUND, undefined, whose),
  label(`changes of a label of ${name}`, 'ben', ['GET', '/a/changes'], NOT_FOUND, undefined, whose),
  label(`setting a label of ${name}`, 'ben', ['PUT', '/a'], NOT_FOUND, version, whose),
  label(`removing a label of ${name}`, 'ben', ['DELETE', '/a'], NOT_FOUND, undefined, whose),
]

/** The table over REST of labels. */
export const LABEL_CASES: RestCase[] = [
  ...['1', '007', 'Prod', '.a', '-a', 'a'.repeat(64), 'a%20b', '%C3%A9'].flatMap((name) => [
    label(`${name}, to be read`, 'ann', ['GET', `/${name}`], invalid('label')),
    label(`${name}, to be set`, 'ann', ['PUT', `/${name}`], invalid('label'), version),
    label(`${name}, to be removed`, 'ann', ['DELETE', `/${name}`], invalid('label')),
    label(`${name}, its changes`, 'ann', ['GET', `/${name}/changes`], invalid('label')),
  ]),
  label('latest, to be set', 'ann', ['PUT', '/latest'], invalid('label'), version),
  label('latest, to be removed', 'ann', ['DELETE', '/latest'], invalid('label')),
  label('latest, its changes', 'ann', ['GET', '/latest/changes'], invalid('label')),
  label('a slash in a name', 'ann', ['GET', '/a%2Fb'], REJECTED),
  label('no version', 'ann', ['PUT', '/a'], invalid('version'), {}),
  label('version 0', 'ann', ['PUT', '/a'], invalid('version'), { version: 0 }),
  label('a version in words', 'ann', ['PUT', '/a'], REJECTED, { version: 'one' }),
  label('a version that is not there', 'ann', ['PUT', '/a'], NOT_FOUND, { version: 2 }),
  label('a negative seq', 'ann', ['PUT', '/a'], invalid('expected_seq'), { version: 1, expectedSeq: -1 }),
  label('another seq', 'ann', ['PUT', '/a'], MOVED, { version: 1, expectedSeq: 1 }),
  label('another seq, to be removed', 'ann', ['DELETE', '/a?expected_seq=1'], MOVED),
  label('an empty reason to override a gate', 'ann', ['PUT', '/a'], invalid('override_reason'), {
    version: 1,
    overrideReason: '',
  }),
  label('a gate of latest', 'ann', ['PUT', '/latest/gate'], invalid('label'), { suiteId: OTHER }),
  label('a gate without a suite', 'ann', ['PUT', '/a/gate'], invalid('suite_id'), {}),
  label('a gate with a suite that there is not', 'ann', ['PUT', '/a/gate'], NOT_FOUND, { suiteId: OTHER }),
  label('a gate that there is not', 'ann', ['GET', '/a/gate'], NOT_FOUND),
  label('a gate that there is not, to be removed', 'ann', ['DELETE', '/a/gate'], NOT_FOUND),
  label('somebody else’s gate', 'ben', ['GET', '/a/gate'], NOT_FOUND),
  label('one that never was', 'ann', ['GET', '/a'], NOT_FOUND),
  label('one that never was, to be removed', 'ann', ['DELETE', '/a'], NOT_FOUND),
  label('a known hash that is none', 'ann', ['GET', '/latest?known_hash=ABC'], invalid('known_hash')),
  label('a negative page size', 'ann', ['GET', '?page_size=-1'], invalid('page_size')),
  label('a page token that is none', 'ann', ['GET', '?page_token=garbage'], BAD_TOKEN),
  label('a page token of changes that is none', 'ann', ['GET', '/a/changes?page_token=garbage'], BAD_TOKEN),
  label('somebody else’s, to be set', 'ben', ['PUT', '/a'], NOT_FOUND, version),
  label('somebody else’s, to be removed', 'ben', ['DELETE', '/a'], NOT_FOUND),
  ...hidden('nothing', () => OTHER),
  ...hidden('a private prompt', ({ prompts }) => prompts.private),
  ...hidden('a draft', ({ prompts }) => prompts.draft),
  ...hidden('a deleted prompt', ({ prompts }) => prompts.deleted),
  {
    name: 'label: to be set without signing in',
    request: ({ prompts }) => [`PUT /v1/prompts/${prompts.public}/labels/a`, { body: version }],
    status: 401,
    reason: 'TOKEN_MISSING',
  },
  {
    name: 'label: of an id that is no UUID',
    request: () => ['GET /v1/prompts/first/labels/latest'],
    ...invalid('prompt_id'),
  },
]
