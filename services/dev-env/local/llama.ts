import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** One of the places in which it generates. */
export type Chat = {
  chatWrapper: {
    generateContextState(of: { chatHistory: ChatItem[] }): { contextText: { tokenize(tokenizer: unknown): unknown[] } }
  }
  generateResponse(
    history: ChatItem[],
    options: {
      maxTokens: number
      temperature: number
      topP: number
      seed?: number
      customStopTriggers?: string[]
      signal: AbortSignal
      stopOnAbortSignal: true
      onResponseChunk(chunk: { text: string; tokens: unknown[] }): void
    },
  ): Promise<{
    metadata: { stopReason: 'abort' | 'maxTokens' | 'eogToken' | 'stopGenerationTrigger' | 'customStopTrigger' }
  }>
}

/** A part of a conversation, as node-llama-cpp has it. */
export type ChatItem = { type: 'system' | 'user'; text: string } | { type: 'model'; response: string[] }

/** A model in memory, and the chats that can be had with it at once. */
export type Llama = { tokenizer: unknown; chats: Chat[] }

// Of node-llama-cpp, which is not among our packages, what is used here.
type Package = {
  getLlama(options: object): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      tokenizer: unknown
      createContext(options: object): Promise<{ getSequence(): unknown }>
    }>
  }>
  LlamaChat: new (options: { contextSequence: unknown }) => Chat
}

/** More do not make a model of this size any faster. */
const MOST_THREADS = 4

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
  const context = await model.createContext({ sequences: chats, contextSize: contextTokens, threads })
  const { tokenizer } = model
  return {
    tokenizer,
    chats: Array.from({ length: chats }, () => new LlamaChat({ contextSequence: context.getSequence() })),
  }
}
