import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A part of a conversation, as node-llama-cpp has it. */
export type ChatItem = { type: 'system' | 'user'; text: string } | { type: 'model'; response: string[] }

/** How a response is to be generated. */
export type Sampling = {
  maxTokens: number
  temperature: number
  topP: number
  seed: number | undefined
  stop: string[]
}

/** How a response ended. */
export type Generated = { reason: 'stop' | 'length'; tokens: number }

/** A model in memory. */
export type Llama = {
  countTokens(history: ChatItem[]): number
  /** As many as can be had at once. */
  chats: Chat[]
}

/** One conversation at a time. */
export type Chat = {
  /** Generates until the model ends or has as many tokens as it may. It rejects when `signal` is aborted before there is a text. */
  generate(
    history: ChatItem[],
    sampling: Sampling,
    signal: AbortSignal,
    onText: (text: string) => void,
  ): Promise<Generated>
}

// Of node-llama-cpp, which is not among our packages, what is used here.
type Package = {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<Model> }>
  LlamaChat: new (options: { contextSequence: Sequence }) => LlamaChat
}
type Model = { tokenizer: object; createContext(options: object): Promise<{ getSequence(): Sequence }> }
type Sequence = {
  nextTokenIndex: number
  adaptStateToTokens(tokens: number[], allowShift: boolean): Promise<void>
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>
}
type LlamaChat = {
  sequence: Sequence
  chatWrapper: {
    generateContextState(of: { chatHistory: ChatItem[] }): { contextText: { tokenize(tokenizer: object): number[] } }
  }
  generateResponse(history: ChatItem[], options: object): Promise<{ metadata: { stopReason: string } }>
}

/** More do not make a model of this size any faster. */
const MOST_THREADS = 4

/** Tokens of prompts that are read in one go, which cannot be stopped. More would not be faster. */
const BATCH = 128

/**
 * Threads that compute. They wait for each other by spinning after every layer: one that has to share its core with another program stops
 * all of them, and a token then takes seconds. So one core is left to the others.
 */
const threads = Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))

/** Loads a model with the node-llama-cpp of a folder, for as many chats at once, each with a context of so many tokens. */
export async function loadLlama(
  folder: string,
  modelPath: string,
  { chats, contextTokens }: { chats: number; contextTokens: number },
): Promise<Llama> {
  const entry = join(folder, 'node_modules/node-llama-cpp/dist/index.js')
  const { getLlama, LlamaChat } = (await import(pathToFileURL(entry).href)) as Package
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: threads,
    logLevel: 'warn',
  })
  const model = await llama.loadModel({ modelPath })
  const options = { sequences: chats, contextSize: contextTokens, batchSize: BATCH, threads }
  const context = await model.createContext(options)
  const all = Array.from({ length: chats }, () => new LlamaChat({ contextSequence: context.getSequence() }))
  const tokensOf = (chatHistory: ChatItem[]) =>
    all[0]!.chatWrapper.generateContextState({ chatHistory }).contextText.tokenize(model.tokenizer)
  return {
    countTokens: (history) => tokensOf(history).length,
    chats: all.map((chat) => ({
      generate: async (history, sampling, signal, onText) => {
        await readPrompt(chat.sequence, tokensOf(history), signal)
        return generate(chat, history, sampling, signal, onText)
      },
    })),
  }
}

/** Reads a prompt but for its last token. The package would read it in one go, which nothing stops. */
async function readPrompt(sequence: Sequence, tokens: number[], signal: AbortSignal) {
  await sequence.adaptStateToTokens(tokens, false)
  for (let at = sequence.nextTokenIndex; at < tokens.length - 1; at += BATCH) {
    signal.throwIfAborted()
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(at, Math.min(at + BATCH, tokens.length - 1)))
  }
}

async function generate(
  chat: LlamaChat,
  history: ChatItem[],
  { maxTokens, temperature, topP, seed, stop }: Sampling,
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<Generated> {
  let count = 0
  const { metadata } = await chat.generateResponse(history, {
    maxTokens,
    temperature,
    topP,
    ...(seed !== undefined && { seed }),
    ...(stop.length > 0 && { customStopTriggers: stop }),
    signal,
    stopOnAbortSignal: true,
    onResponseChunk: ({ text, tokens }: { text: string; tokens: number[] }) => {
      count += tokens.length
      if (text !== '') onText(text)
    },
  })
  return { reason: metadata.stopReason === 'maxTokens' ? 'length' : 'stop', tokens: count }
}
