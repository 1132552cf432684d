/** How a text is read: what it becomes, and what is wrong with it then. The kinds are those of `promptforge.text.v1.Kind`. */
export type TextKind = {
  read(text: string): string
  /** What is wrong with a text that was read, as an error says it; undefined when nothing is. */
  problem(text: string): string | undefined
}

// Not seen, or change how others are seen. Variation selectors and the tags of flags belong to emoji; of joiners see below.
const UNSEEN = /[\p{Default_Ignorable_Code_Point}--[\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}]]|\u2800/v

const CONTROL = /[\p{Cc}\u2028\u2029]/v
const CONTROL_BUT_LINES = /[\p{Cc}--[\t\n\r]]/v

// An emoji, or a letter of a script whose words may need a joiner.
const JOINED = String.raw`\p{Extended_Pictographic}|[\p{L}--[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}]]`

/** Joiners that join nothing. */
const STRAY_JOINER = new RegExp(
  String.raw`(?<!${JOINED}|\ufe0f|\p{M}|\p{Emoji_Modifier})[\u200c\u200d]|[\u200c\u200d](?!${JOINED})`,
  'v',
)

const problemOf = (control: RegExp, what: string) => (text: string) => {
  if (control.test(text)) return what
  if (UNSEEN.test(text) || STRAY_JOINER.test(text))
    return 'must not have characters that are not seen or change the direction of others'
  return undefined
}

const ofOneLine = problemOf(CONTROL, 'must be one line, without control characters')

/** The text of one line: of a name or a title. */
export const LINE: TextKind = { read: (text) => text.trim().normalize('NFC'), problem: ofOneLine }

/** A text of several lines: of a description. */
export const LINES: TextKind = {
  read: LINE.read,
  problem: problemOf(CONTROL_BUT_LINES, 'must not have control characters but line breaks and tabs'),
}

/** A text in which case and compatible forms of characters make no difference. In NFKC twice: the lower case of a letter need not be in it. */
export const caseless = (text: string) => text.normalize('NFKC').toLowerCase().normalize('NFKC')

/** A label, by which things are found. */
export const LABEL: TextKind = { read: (text) => caseless(text).trim(), problem: ofOneLine }

/** A password, which keeps what it has. */
export const PASSWORD: TextKind = { read: (text) => text.normalize('NFKC'), problem: () => undefined }
