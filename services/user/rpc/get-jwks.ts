import { answerKeySet } from '#chassis/signing/answer-key-set.ts'
import type { Deps } from '../context.ts'

export const getJwks = ({ keys }: Pick<Deps, 'keys'>) => answerKeySet(keys)
