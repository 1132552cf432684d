import type { AnyDesc, DescField, DescMessage, DescMethod, DescService } from '@bufbuild/protobuf'
import type { FileDescriptorProto, FileDescriptorSet } from '@bufbuild/protobuf/wkt'

/** What the protos say in the comment before a declaration, as Markdown; empty where there is none. */
export type Comments = (desc: AnyDesc) => string

/** The comments of a descriptor set that was built with its source information. Throws for one that was built without. */
export function readComments({ file: files }: FileDescriptorSet): Comments {
  const texts = new Map(files.map((file) => [file.name, commentsOf(file)]))
  if ([...texts.values()].every(({ size }) => size === 0)) {
    throw new Error('the descriptor set has no comments: build it with source information (`npm run gen`)')
  }
  return (desc) => texts.get(fileOf(desc))?.get(pathOf(desc).join('.')) ?? ''
}

const commentsOf = ({ sourceCodeInfo }: FileDescriptorProto) =>
  new Map(
    (sourceCodeInfo?.location ?? [])
      .filter(({ leadingComments }) => leadingComments !== '')
      .map(({ path, leadingComments }) => [path.join('.'), markdown(leadingComments)]),
  )

/** Lines of a paragraph are joined: the protos break them at a width that means nothing elsewhere. */
const markdown = (comment: string) =>
  comment
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('buf:lint:'))
    .join('\n')
    .trim()
    .replaceAll(/([^\n])\n(?!\n|[*-] )/g, '$1 ')

const fileOf = (desc: AnyDesc): string => (desc.kind === 'file' ? desc.proto.name : fileNameOf(desc))

function fileNameOf(desc: Exclude<AnyDesc, { kind: 'file' }>): string {
  if ('file' in desc) return desc.file.proto.name
  return desc.parent.file.proto.name
}

// The numbers of the fields of descriptor.proto, by which a location names a declaration.
function pathOf(desc: AnyDesc): number[] {
  switch (desc.kind) {
    case 'service':
      return [6, indexIn(desc.file.services, desc)]
    case 'rpc':
      return [...pathOf(desc.parent), 2, indexIn<DescMethod>(desc.parent.methods, desc)]
    case 'message':
      return desc.parent
        ? [...pathOf(desc.parent), 3, desc.parent.proto.nestedType.indexOf(desc.proto)]
        : [4, desc.file.proto.messageType.indexOf(desc.proto)]
    case 'enum':
      return desc.parent
        ? [...pathOf(desc.parent), 4, indexIn(desc.parent.nestedEnums, desc)]
        : [5, indexIn(desc.file.enums, desc)]
    case 'enum_value':
      return [...pathOf(desc.parent), 2, indexIn(desc.parent.values, desc)]
    case 'field':
      return [...pathOf(desc.parent), 2, indexIn<DescField>(desc.parent.fields, desc)]
    case 'oneof':
      return [...pathOf(desc.parent), 8, desc.parent.proto.oneofDecl.indexOf(desc.proto)]
    case 'file':
    case 'extension':
      return []
  }
}

const indexIn = <T extends DescService | DescMessage | AnyDesc>(all: readonly T[], one: T) => all.indexOf(one)
