/**
 * Series by which an alert is tried: each is `metric{labels}`, without the label that sets cases apart, and its values, as promtool writes them: `0x10 1x20` is
 * 0 eleven times, then 1 twenty-one times.
 */
export type Series = Record<string, string>

/** An alert of one severity, with series of which it must fire and, beside them, some of which it must not. */
export type Case = { alert: string; severity: 'critical' | 'warning'; fires: Series; silent: Series; apart?: string }

/** What is in the namespace of a release. */
const RELEASE: Series = { 'kube_deployment_spec_replicas{deployment="marketplace"}': '2x100' }

const alert = (severity: Case['severity']) => (name: string, fires: Series, silent: Series, apart?: string) => ({
  alert: `PromptForge${name}`,
  severity,
  fires,
  silent,
  ...(apart && { apart }),
})
const critical = alert('critical')
const warning = alert('warning')

const calls = (ok: string, failed: string, code = 'INTERNAL'): Series => ({
  'grpc_server_handled_total{service="a",method="/p.P/Get",code="OK"}': ok,
  [`grpc_server_handled_total{service="a",method="/p.P/Get",code="${code}"}`]: failed,
})
const rest = (ok: string, failed: string): Series => ({
  'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="edge",envoy_response_code_class="2"}': ok,
  'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="edge",envoy_response_code_class="5"}': failed,
})
const forwarded = (all: string, failed: string): Series => ({
  'envoy_cluster_grpc_total{envoy_cluster_name="a"}': all,
  'envoy_cluster_grpc_4{envoy_cluster_name="a"}': failed,
})
/** Calls of which all but those above a second take less than half of one. */
const durations = (all: string, fast: string): Series => ({
  'grpc_server_handling_seconds_bucket{service="a",method="/p.P/Get",le="0.5"}': fast,
  'grpc_server_handling_seconds_bucket{service="a",method="/p.P/Get",le="5"}': all,
  'grpc_server_handling_seconds_bucket{service="a",method="/p.P/Get",le="+Inf"}': all,
  'grpc_server_handling_seconds_count{service="a",method="/p.P/Get"}': all,
})
const replicas = (wanted: string, available: string): Series => ({
  ...RELEASE,
  'kube_deployment_spec_replicas{deployment="user"}': wanted,
  'kube_deployment_status_replicas_available{deployment="user"}': available,
})
const memory = (used: string): Series => ({
  ...RELEASE,
  'container_memory_working_set_bytes{pod="p",container="user"}': used,
  'kube_pod_container_resource_limits{pod="p",container="user",resource="memory"}': '100x100',
})
const archiver = (archived: string, failed: string): Series => ({
  'cnpg_pg_stat_archiver_seconds_since_last_archival{job="a"}': archived,
  'cnpg_pg_stat_archiver_seconds_since_last_failure{job="a"}': failed,
})

/** Cases that are decided within 80 minutes, with a value each minute. */
export const MINUTES: Case[] = [
  critical('ServiceErrors', calls('0+90x100', '0+10x100'), calls('0+90x100', '0+10x100', 'NOT_FOUND')),
  warning('ServiceErrors', calls('0+98x100', '0+2x100'), calls('0+999x100', '0+1x100')),
  critical('GatewayErrors', rest('0+90x100', '0+10x100'), rest('0+99x100', '0+1x100')),
  critical('GatewayErrors', forwarded('0+100x100', '0+10x100'), forwarded('0+100x100', '0+1x100')),
  warning('Slow', durations('0+100x100', '0+90x100'), durations('0+100x100', '0+100x100')),
  critical('ReplicasMissing', replicas('2x100', '0x100'), replicas('0x100', '0x100')),
  warning('ReplicasMissing', replicas('2x100', '1x100'), replicas('2x100', '2x100')),
  warning(
    'AutoscalerAtMaximum',
    {
      ...RELEASE,
      'kube_horizontalpodautoscaler_status_current_replicas{horizontalpodautoscaler="a"}': '6x100',
      'kube_horizontalpodautoscaler_spec_max_replicas{horizontalpodautoscaler="a"}': '6x100',
    },
    {
      ...RELEASE,
      'kube_horizontalpodautoscaler_status_current_replicas{horizontalpodautoscaler="a"}': '6x60 5 6x100',
      'kube_horizontalpodautoscaler_spec_max_replicas{horizontalpodautoscaler="a"}': '6x100',
    },
  ),
  warning(
    'MetricsMissing',
    { ...RELEASE, 'kube_deployment_status_replicas_available{deployment="user"}': '2x100' },
    {
      ...RELEASE,
      'kube_deployment_status_replicas_available{deployment="user"}': '2x100',
      'grpc_server_in_flight{service="user"}': '0x100',
    },
  ),
  warning(
    'MetricsMissing',
    { ...RELEASE, 'kube_deployment_status_replicas_available{deployment="gateway"}': '2x100' },
    {
      ...RELEASE,
      'kube_deployment_status_replicas_available{deployment="gateway"}': '2x100',
      envoy_server_live: '1x100',
    },
  ),
  warning(
    'ClosedAccountsStale',
    { 'closed_accounts_age_seconds{service="a"}': '61x100' },
    { 'closed_accounts_age_seconds{service="a"}': '60x100' },
  ),
  critical(
    'OutboxOld',
    { 'outbox_oldest_seconds{service="a"}': '601x100' },
    { 'outbox_oldest_seconds{service="a"}': '600x100' },
  ),
  warning(
    'OutboxOld',
    { 'outbox_oldest_seconds{service="a"}': '61x100' },
    { 'outbox_oldest_seconds{service="a"}': '60x100' },
  ),
  warning(
    'AuditsOld',
    { 'audits_oldest_seconds{service="a"}': '61x100' },
    { 'audits_oldest_seconds{service="a"}': '60x100' },
  ),
  warning(
    'NoRelay',
    { 'outbox_leading{service="a",pod="p"}': '0x100', 'outbox_leading{service="a",pod="q"}': '0x100' },
    { 'outbox_leading{service="a",pod="p"}': '0x100', 'outbox_leading{service="a",pod="q"}': '1x100' },
  ),
  warning(
    'OutboxRefused',
    { 'outbox_refused_total{service="a"}': '0+1x100' },
    { 'outbox_refused_total{service="a"}': '0x50 1x50' },
  ),
  critical(
    'OutboxAbandoned',
    { 'outbox_abandoned_total{service="a"}': '0x50 1x50' },
    { 'outbox_abandoned_total{service="a"}': '1x100' },
  ),
  critical(
    'UnreadEvents',
    { 'consumer_unread_share{service="a",stream="S"}': '0.51x100' },
    { 'consumer_unread_share{service="a",stream="S"}': '0.5x100' },
  ),
  warning(
    'ConsumerLag',
    { 'consumer_waiting{service="a",stream="S"}': '1001x100' },
    { 'consumer_waiting{service="a",stream="S"}': '9000x60 0 9000x100' },
  ),
  critical(
    'DeadLetters',
    { 'consumer_dead_letters_total{service="a",stream="S"}': '0x50 1x50' },
    { 'consumer_dead_letters_total{service="a",stream="S"}': '3x50 0x50' },
  ),
  warning(
    'PoolFull',
    { 'store_pool_in_use{service="a",pod="p"}': '9x100', 'store_pool_size{service="a",pod="p"}': '10x100' },
    { 'store_pool_in_use{service="a",pod="p"}': '8x100', 'store_pool_size{service="a",pod="p"}': '10x100' },
  ),
  warning(
    'PartitionMissing',
    { 'analytics_default_partition_rows{table="t"}': '1x100' },
    { 'analytics_default_partition_rows{table="t"}': '0x100' },
  ),
  critical('WalNotArchived', archiver('901x100', '10x100'), archiver('901x100', '-1x100')),
  critical(
    'PurchaseStuck',
    { purchases_oldest_pending_seconds: '3601x100' },
    { purchases_oldest_pending_seconds: '3600x100' },
  ),
  critical('LedgerWrong', { ledger_wrong_balances: '1x100' }, { ledger_wrong_balances: '0x100' }),
  warning(
    'LedgerNotCounted',
    { purchases_pending: '0x100' },
    { purchases_pending: '0x100', ledger_wrong_balances: '0x100' },
  ),
  warning(
    'PaymentNoticesRefused',
    { 'payment_notices_refused_total{reason="EVENT_NOT_SIGNED"}': '0+1x100' },
    { 'payment_notices_refused_total{reason="EVENT_NOT_SIGNED"}': '0x60 5x100' },
  ),
  warning('TestsLate', { tests_oldest_due_seconds: '301x100' }, { tests_oldest_due_seconds: '300x100' }),
  critical('TestsFull', { tests_unfinished: '8001x100' }, { tests_unfinished: '8000x100' }),
  warning('TestsDiscarded', { tests_discarded_total: '0+1x100' }, { tests_discarded_total: '0x50 4x100' }),
  warning('ViewsLost', { prompt_views_lost_total: '0+1x100' }, { prompt_views_lost_total: '0x70 1x30' }),
  warning(
    'PodRestarts',
    { ...RELEASE, 'kube_pod_container_status_restarts_total{pod="p",container="user"}': '0x60 1 2 3 4x100' },
    { ...RELEASE, 'kube_pod_container_status_restarts_total{pod="p",container="user"}': '0x60 1x100' },
  ),
  warning('MemoryNearLimit', memory('91x100'), memory('90x100')),
  warning(
    'EventLoopLag',
    { 'nodejs_eventloop_lag_p99_seconds{service="a",pod="p"}': '0.3x100' },
    { 'nodejs_eventloop_lag_p99_seconds{service="a",pod="p"}': '0.25x100' },
  ),
  critical(
    'CertificateOld',
    // At 70 minutes 6 hours less a minute are left.
    { 'certificate_expires_at_seconds{service="a"}': '25740x100' },
    { 'certificate_expires_at_seconds{service="a"}': '26460x100' },
  ),
]

const succeeded = (cronjob: string, values: string): Series => ({
  [`kube_cronjob_status_last_successful_time{cronjob="${cronjob}"}`]: values,
})

/** Cases that take days: decided after ten of them, with a value every half an hour. */
export const DAYS: Case[] = [
  critical('BackupOld', succeeded('a-backup', '766800x500'), succeeded('a-backup', '774000x500')),
  critical(
    'BackupOld',
    { 'kube_cronjob_created{cronjob="a-backup"}': '0x500' },
    { 'kube_cronjob_created{cronjob="a-backup"}': '0x500', ...succeeded('a-backup', '0+1800x500') },
  ),
  warning(
    'BackupOld',
    succeeded('a-backup-incremental', '849600x500'),
    succeeded('a-backup-incremental', '856800x500'),
  ),
  critical(
    'BackupOld',
    { 'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{job="a"}': '766800x500' },
    { 'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{job="a"}': '774000x500' },
  ),
  critical(
    'BackupOld',
    { 'promptforge_backup_last_success_timestamp_seconds{repository="1",type="full"}': '766800x500' },
    { 'promptforge_backup_last_success_timestamp_seconds{repository="1",type="full"}': '774000x500' },
    'stanza',
  ),
  warning('RestoreDrillOld', succeeded('restore-drill', '169200x500'), succeeded('restore-drill', '176400x500')),
  warning(
    'RestoreDrillOld',
    { 'kube_cronjob_created{cronjob="a-restore-drill"}': '0x500' },
    { 'kube_cronjob_created{cronjob="a-restore-drill"}': '0x500', ...succeeded('a-restore-drill', '0+1800x500') },
  ),
  warning(
    'CertificateOld',
    { 'certificate_expires_at_seconds{service="a"}': '1728000x500' },
    { 'certificate_expires_at_seconds{service="a"}': '900000+1800x500' },
  ),
]

const NAMES = ['fires', 'silent'] as const

/** Tests for promtool of these cases, decided at `at`: all in one run, each case with a value of its own of the label that sets it apart. */
function testsOf(cases: Case[], { at, interval }: { at: string; interval: string }, rules: string) {
  const tried = cases.flatMap((one, index) => NAMES.map((name) => ({ ...one, name, id: `${name}-${index}` })))
  const input = tried.flatMap((one) =>
    Object.entries(one[one.name]).map(([series, values]) => {
      const [, metric, labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(series)!
      const all = [labels, `${one.apart ?? 'namespace'}="${one.id}"`].filter(Boolean).join(',')
      return { series: `${metric}{${all}}`, values }
    }),
  )
  const asked = tried.map(({ alert: alertname, severity, name, id, apart = 'namespace' }) => ({
    expr: `count(ALERTS{alertstate="firing",alertname="${alertname}",severity="${severity}",${apart}="${id}"})`,
    eval_time: at,
    exp_samples: name === 'fires' ? [{ labels: '{}', value: 1 }] : [],
  }))
  return {
    rule_files: [rules],
    evaluation_interval: interval,
    tests: [{ interval, input_series: input, promql_expr_test: asked }],
  }
}

/** The rule tests of all cases, two files as promtool reads them. `rules` is the path of the alerts. */
export const ruleTests = (rules: string): object[] => [
  testsOf(MINUTES, { at: '80m', interval: '1m' }, rules),
  testsOf(DAYS, { at: '240h', interval: '30m' }, rules),
]
