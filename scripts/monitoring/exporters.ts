/** Labels that Prometheus's operator gives every series of a pod that it reads. */
export const TARGET_LABELS = ['namespace', 'pod', 'service', 'container', 'job', 'instance']

/**
 * The metrics that others expose and our alerts and dashboards read, with the labels by which they do: by the exporter's own documentation, for
 * no test starts it.
 */
export const EXPORTERS: Record<string, { why: string; metrics: Record<string, string[]> }> = {
  'kube-state-metrics': {
    why: 'only Kubernetes knows how many pods there should be, and when its Jobs succeeded',
    metrics: {
      kube_deployment_spec_replicas: ['deployment'],
      kube_deployment_status_replicas_available: ['deployment'],
      kube_horizontalpodautoscaler_spec_max_replicas: ['horizontalpodautoscaler'],
      kube_horizontalpodautoscaler_status_current_replicas: ['horizontalpodautoscaler'],
      kube_pod_container_status_restarts_total: ['uid'],
      kube_pod_container_resource_limits: ['uid', 'node', 'resource', 'unit'],
      kube_cronjob_created: ['cronjob'],
      kube_cronjob_status_last_successful_time: ['cronjob'],
    },
  },
  'cAdvisor, in the kubelet': {
    why: 'the kernel ends a container by this figure, which is not what the process knows of itself',
    metrics: { container_memory_working_set_bytes: ['id', 'image', 'name'] },
  },
  'CloudNativePG, and its plugin Barman Cloud': {
    why: 'where it runs PostgreSQL it makes the backups itself, without a CronJob',
    metrics: {
      barman_cloud_cloudnative_pg_io_last_available_backup_timestamp: [],
      cnpg_collector_last_available_backup_timestamp: [],
      cnpg_pg_stat_archiver_seconds_since_last_archival: [],
      cnpg_pg_stat_archiver_seconds_since_last_failure: [],
    },
  },
  'scripts/backup, by a text file of the node exporter': {
    why: 'a plain PostgreSQL has nothing else that tells when it was last backed up',
    metrics: { promptforge_backup_last_success_timestamp_seconds: ['stanza', 'repository', 'type'] },
  },
  'our gateway, after the first call with that status': {
    why: 'Envoy has no series for a status that no call has had',
    metrics: Object.fromEntries(
      [2, 4, 8, 13, 14].map((status) => [`envoy_cluster_grpc_${status}`, ['envoy_cluster_name']]),
    ),
  },
}
