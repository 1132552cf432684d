import type { PublicCall } from '#chassis/grpc/call.ts'
import type { ListCategoriesRequest } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { Category } from '../db/category.entity.ts'

export const listCategories = async (_: ListCategoriesRequest, { em }: PublicCall) => ({
  categories: await em.find(Category, {}, { orderBy: { name: 'asc' } }),
})
