import type { Rpc, RpcService } from '#chassis/grpc/call.ts'
import { AnalyticsServiceService } from '#contracts/gen/promptforge/analytics/v1/analytics_service.ts'
import { AuditServiceService } from '#contracts/gen/promptforge/audit/v1/audit_service.ts'
import { ApiKeyServiceService } from '#contracts/gen/promptforge/auth/v1/api_key_service.ts'
import { AuthServiceService } from '#contracts/gen/promptforge/auth/v1/auth_service.ts'
import { LicenseServiceService } from '#contracts/gen/promptforge/marketplace/v1/license_service.ts'
import { ListingServiceService } from '#contracts/gen/promptforge/marketplace/v1/listing_service.ts'
import { PaymentWebhookServiceService } from '#contracts/gen/promptforge/marketplace/v1/payment_webhook_service.ts'
import { PurchaseServiceService } from '#contracts/gen/promptforge/marketplace/v1/purchase_service.ts'
import { SellerServiceService } from '#contracts/gen/promptforge/marketplace/v1/seller_service.ts'
import { PromptInternalServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_internal_service.ts'
import { PromptServiceService } from '#contracts/gen/promptforge/prompt/v1/prompt_service.ts'
import { SocialServiceService } from '#contracts/gen/promptforge/prompt/v1/social_service.ts'
import { ComparisonServiceService } from '#contracts/gen/promptforge/test/v1/comparison_service.ts'
import { ProviderKeyServiceService } from '#contracts/gen/promptforge/test/v1/provider_key_service.ts'
import { SuiteServiceService } from '#contracts/gen/promptforge/test/v1/suite_service.ts'
import { TestInternalServiceService } from '#contracts/gen/promptforge/test/v1/test_internal_service.ts'
import { TestServiceService } from '#contracts/gen/promptforge/test/v1/test_service.ts'
import { UserInternalServiceService, UserServiceService } from '#contracts/gen/promptforge/user/v1/user_service.ts'
import { LabelServiceService } from '#contracts/gen/promptforge/version/v1/label_service.ts'
import { VersionServiceService } from '#contracts/gen/promptforge/version/v1/version_service.ts'
import { ANALYTICS, AUDIT } from './analytics-table.ts'
import { LICENSES, LISTINGS, PURCHASES, SELLERS, WEBHOOK } from './market-table.ts'
import { PROMPT_INTERNALS, PROMPTS } from './prompt-table.ts'
import type { Row, TableOf } from './row.ts'
import { SOCIAL } from './social-table.ts'
import { SUITES } from './suite-table.ts'
import { COMPARISONS, PROVIDER_KEYS, TEST_INTERNALS, TESTS } from './test-table.ts'
import { API_KEYS, AUTH, USER_INTERNALS, USERS } from './user-table.ts'
import { LABELS, VERSIONS } from './version-table.ts'

/** A method and its rows. */
export type Entry = { rpc: Rpc; rows: readonly Row<Rpc>[] }

const entriesOf = <S extends RpcService>(definition: S, table: TableOf<S>): Entry[] =>
  Object.entries(definition).map(([name, rpc]) => ({ rpc, rows: [table[name]!].flat() as Row<Rpc>[] }))

/** The whole table. A service that is missing here fails the test, as the contract has it. */
export const TABLE: readonly Entry[] = [
  ...entriesOf(UserServiceService, USERS),
  ...entriesOf(UserInternalServiceService, USER_INTERNALS),
  ...entriesOf(AuthServiceService, AUTH),
  ...entriesOf(ApiKeyServiceService, API_KEYS),
  ...entriesOf(PromptServiceService, PROMPTS),
  ...entriesOf(PromptInternalServiceService, PROMPT_INTERNALS),
  ...entriesOf(SocialServiceService, SOCIAL),
  ...entriesOf(VersionServiceService, VERSIONS),
  ...entriesOf(LabelServiceService, LABELS),
  ...entriesOf(TestServiceService, TESTS),
  ...entriesOf(ComparisonServiceService, COMPARISONS),
  ...entriesOf(SuiteServiceService, SUITES),
  ...entriesOf(ProviderKeyServiceService, PROVIDER_KEYS),
  ...entriesOf(TestInternalServiceService, TEST_INTERNALS),
  ...entriesOf(ListingServiceService, LISTINGS),
  ...entriesOf(PurchaseServiceService, PURCHASES),
  ...entriesOf(LicenseServiceService, LICENSES),
  ...entriesOf(SellerServiceService, SELLERS),
  ...entriesOf(PaymentWebhookServiceService, WEBHOOK),
  ...entriesOf(AnalyticsServiceService, ANALYTICS),
  ...entriesOf(AuditServiceService, AUDIT),
]
