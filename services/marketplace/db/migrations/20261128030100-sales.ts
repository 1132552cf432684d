import { Migration } from '@mikro-orm/migrations'

export class Sales extends Migration {
  override up() {
    this.addSql(`
      create table transactions (
        id uuid primary key,
        listing_id uuid not null references prompt_listings (id),
        buyer_id uuid not null,
        seller_id uuid not null,
        amount decimal(10,2) not null,
        status varchar(20) not null,
        payment_method varchar(50),
        created_at timestamptz(3) not null,
        completed_at timestamptz(3),
        prompt_id uuid not null,
        license_type varchar(20) not null,
        min_version integer not null,
        max_version integer,
        duration_days integer,
        currency char(3) not null,
        fee decimal(10,2) not null,
        fee_bps integer not null,
        request_id uuid not null,
        provider varchar(20) not null,
        provider_ref varchar(255),
        next_check_at timestamptz(3),
        checks integer not null default 0,
        failure_reason varchar(50),
        released_at timestamptz(3),
        refund_state varchar(20),
        refund_ref varchar(255),
        refund_reason text,
        refund_requested_at timestamptz(3),
        refunded_by uuid,
        refunded_at timestamptz(3),
        dispute_state varchar(20),
        revision integer not null default 1,
        constraint transactions_status_check check (status in ('PENDING', 'COMPLETED', 'FAILED')),
        constraint transactions_amount_check check (amount > 0 and fee between 0 and amount),
        constraint transactions_license_type_check check (license_type in ('PERSONAL', 'COMMERCIAL')),
        constraint transactions_refund_state_check check (refund_state in ('REQUESTED', 'DONE', 'FAILED')),
        constraint transactions_dispute_state_check check (dispute_state in ('OPEN', 'WON', 'LOST')),
        constraint transactions_completed_at_check check ((status = 'PENDING') = (completed_at is null)),
        constraint transactions_failure_reason_check check ((status = 'FAILED') = (failure_reason is not null)),
        constraint transactions_paid_check
          check (status = 'COMPLETED' or released_at is null and refund_state is null and dispute_state is null)
      );
      create index transactions_listing_id on transactions (listing_id);
      create index transactions_buyer_id on transactions (buyer_id, created_at desc, id desc);
      create index transactions_seller_id on transactions (seller_id, created_at desc, id desc);
      create index transactions_status on transactions (status);
      create index transactions_created_at on transactions (created_at desc);
      create index transactions_prompt_id on transactions (prompt_id);
      create unique index transactions_request_id on transactions (buyer_id, request_id);
      -- Two purchases of the same licence at once are one.
      create unique index transactions_pending on transactions (buyer_id, prompt_id, license_type) where status = 'PENDING';
      create unique index transactions_provider_ref on transactions (provider, provider_ref);
      -- What the reconciler looks for.
      create index transactions_unsettled on transactions (next_check_at)
        where status = 'PENDING' or refund_state = 'REQUESTED';
      -- What the release job looks for.
      create index transactions_unreleased on transactions (completed_at)
        where status = 'COMPLETED' and released_at is null and (refund_state is null or refund_state = 'FAILED')
          and (dispute_state is null or dispute_state = 'WON');
      -- What an erased user has written.
      create index transactions_refunded_by on transactions (refunded_by) where refund_reason is not null;

      create table licenses (
        id uuid primary key,
        transaction_id uuid not null unique references transactions (id),
        prompt_id uuid not null,
        buyer_id uuid not null,
        license_type varchar(20) not null,
        expires_at timestamptz(3),
        is_active boolean not null default true,
        created_at timestamptz(3) not null,
        seller_id uuid not null,
        min_version integer not null,
        max_version integer,
        license_key_hash bytea not null unique,
        license_key_enc bytea not null,
        secret_id varchar(16) not null,
        key_hint varchar(9) not null,
        revoked_at timestamptz(3),
        revoke_reason text,
        revoked_by uuid,
        revision integer not null default 1,
        constraint licenses_license_type_check check (license_type in ('PERSONAL', 'COMMERCIAL')),
        constraint licenses_max_version_check check (max_version >= min_version),
        constraint licenses_revoked_at_check check (revoked_at is null or not is_active)
      );
      create index licenses_prompt_id on licenses (prompt_id);
      create index licenses_buyer_id on licenses (buyer_id, created_at desc, id desc);
      create index licenses_seller_id on licenses (seller_id, created_at desc, id desc);
      create index licenses_is_active on licenses (is_active);
      create unique index licenses_active on licenses (buyer_id, prompt_id, license_type) where is_active;
      -- What the expiry job looks for.
      create index licenses_expires_at on licenses (expires_at) where is_active and expires_at is not null;
      -- What an erased user has written.
      create index licenses_revoked_by on licenses (revoked_by) where revoked_by is not null;
      -- What is to be encrypted with a new secret.
      create index licenses_secret_id on licenses (secret_id);`)
  }

  override down() {
    this.addSql('drop table licenses; drop table transactions')
  }
}
