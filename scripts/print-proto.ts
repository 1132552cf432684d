import type { DescFile } from '@bufbuild/protobuf'
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt'

/**
 * Prints a proto2 file descriptor as the source text of its types: names, numbers, oneofs, enums, extensions and extension
 * ranges. Comments and options are left out, so the text serves imports, not documentation.
 */
export function printProto(file: DescFile): string {
  const { name, package: pkg, dependency, messageType, enumType, extension } = file.proto
  if (file.proto.syntax !== 'proto2' && file.proto.syntax !== '') throw new Error(`${name}: only proto2 can be printed`)
  return [
    'syntax = "proto2";',
    `package ${pkg};`,
    ...dependency.map((path) => `import "${path}";`),
    ...enumType.map(printEnum),
    ...messageType.map(printMessage),
    ...extension.map(printExtension),
    '',
  ].join('\n')
}

function printMessage(message: DescriptorProto): string {
  const own = message.field.filter((field) => !inOneof(field)).map((field) => printField(field))
  const oneofs = message.oneofDecl.map((oneof, index) => {
    const members = message.field.filter((field) => inOneof(field) && field.oneofIndex === index)
    return `oneof ${oneof.name} {\n${members.map((field) => printField(field, '')).join('\n')}\n}`
  })
  const ranges = message.extensionRange.map(
    ({ start, end }) => `extensions ${start} to ${end > 536_870_911 ? 'max' : end - 1};`,
  )
  const nested = [
    ...message.enumType.map(printEnum),
    ...message.nestedType.map(printMessage),
    ...message.extension.map(printExtension),
  ]
  return `message ${message.name} {\n${[...nested, ...own, ...oneofs, ...ranges].join('\n')}\n}`
}

function printEnum({ name, value }: EnumDescriptorProto): string {
  return `enum ${name} {\n${value.map((entry) => `${entry.name} = ${entry.number};`).join('\n')}\n}`
}

function printExtension(field: FieldDescriptorProto): string {
  return `extend ${field.extendee} {\n${printField(field)}\n}`
}

function printField(field: FieldDescriptorProto, label = `${Label[field.label].toLowerCase()} `): string {
  const type = field.typeName === '' ? Type[field.type].toLowerCase() : field.typeName
  return `${label}${type} ${field.name} = ${field.number};`
}

const inOneof = (field: FieldDescriptorProto) => Object.hasOwn(field, 'oneofIndex') && !field.proto3Optional
