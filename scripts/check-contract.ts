// Part of `npm run check`: says what is wrong with the contract that its compiler does not see.
import { loadContract } from '../services/contracts/contract.ts'
import { contractMistakes } from './contract-rules.ts'

const mistakes = contractMistakes(loadContract())
process.stderr.write(mistakes.map((mistake) => `${mistake}\n`).join(''))
if (mistakes.length > 0) process.exitCode = 1
