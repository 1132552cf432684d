{{/* Names of the mesh, which every member is told. Called with $. */}}
{{- define "promptforge.meshEnv" -}}
PF_CERTIFICATES: /certificates
PF_TRUST_DOMAIN: {{ .Values.mesh.trustDomain }}
PF_NAMESPACE: {{ .Release.Namespace }}
{{- end }}

{{/* `env` of a map of names and plain values. */}}
{{- define "promptforge.plainEnv" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* `env` of one value of a Secret. Called with (dict "name" ENV "secret" SECRET "key" KEY "optional" BOOL). */}}
{{- define "promptforge.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
      {{- if .optional }}
      optional: true
      {{- end }}
{{- end }}

{{/* `env` of the URL of a service's own database. Called with (dict "name" NAME "part" PART). */}}
{{- define "promptforge.storeEnv" -}}
{{- $store := .part.store -}}
{{- include "promptforge.secretEnv" (dict
  "name" (eq $store.kind "mongo" | ternary "PF_MONGO_URL" "PF_POSTGRES_URL")
  "secret" ($store.existingSecret | default (printf "%s-store" .name))
  "key" ($store.key | default "url")) }}
{{- end }}

{{/*
`env` of a service: for the service itself, and for its migration and its other commands, which read the same configuration.
Called with (dict "root" $ "name" NAME "part" PART).
*/}}
{{- define "promptforge.serviceEnv" -}}
{{- $values := .root.Values -}}
{{- $port := int .part.port -}}
{{- $env := include "promptforge.meshEnv" .root | fromYaml -}}
{{- $env = mergeOverwrite $env (dict
  "NODE_OPTIONS" (include "promptforge.nodeOptions" (dict "memory" .part.resources.limits.memory "semi" .part.semiSpaceMiB))
  "PF_LOG_LEVEL" .part.logLevel
  "PF_PORT" $port
  "PF_HEALTH_PORT" (add $port 1000)
  "PF_METRICS_PORT" (add $port 2000)
  "PF_NATS_URL" $values.nats.url
  "PF_TOKEN_ISSUER" $values.auth.issuer
  "PF_TOKEN_AUDIENCE" $values.auth.audience
  "PF_DRAIN_SETTLE_MS" (int $values.drain.settleMs)
  "PF_DRAIN_GRACE_MS" (int $values.drain.graceMs)) -}}
{{- with $values.telemetry.otlpEndpoint }}
{{- $env = mergeOverwrite $env (dict "PF_OTLP_ENDPOINT" . "PF_TRACE_RATIO" $values.telemetry.traceRatio) -}}
{{- end }}
{{- range .part.calls }}
{{- $callee := get $values.services . -}}
{{- $_ := set $env (printf "PF_%s_SERVICE" (upper .)) (printf "dns:///%s:%d" . (int $callee.port)) -}}
{{- end }}
{{- if eq .name "user" }}
{{- $_ := set $env "PF_JWKS_CACHE_SECONDS" (int $values.auth.cacheSeconds) -}}
{{- else if eq .name "test" }}
{{- if $values.test.providers }}{{ $_ := set $env "PF_TEST_PROVIDERS_FILE" "/providers/providers.json" }}{{ end -}}
{{- if $values.test.providerKeys.existingSecret }}{{ $_ := set $env "PF_TEST_PROVIDER_KEYS_FILE" "/provider-keys/keys.json" }}{{ end -}}
{{- else if eq .name "marketplace" }}
{{- $_ := set $env "PF_PAYMENTS_URL" $values.marketplace.payments.url -}}
{{- end }}
{{- $secret := include "promptforge.secret" .root -}}
{{- include "promptforge.plainEnv" (mergeOverwrite $env .part.env) }}
{{ include "promptforge.storeEnv" . }}
{{ include "promptforge.secretEnv" (dict "name" "PF_PAGE_TOKEN_SECRET" "secret" $secret "key" "page-tokens") }}
{{- range $name, $key := .part.secrets }}
{{ include "promptforge.secretEnv" (dict "name" $name "secret" $secret "key" $key) }}
{{- end }}
{{- range $name, $key := .part.optionalSecrets }}
{{ include "promptforge.secretEnv" (dict "name" $name "secret" $secret "key" $key "optional" true) }}
{{- end }}
{{- if and (eq .name "marketplace") $values.marketplace.payments.existingSecret }}
{{- $payments := $values.marketplace.payments.existingSecret }}
{{ include "promptforge.secretEnv" (dict "name" "PF_PAYMENTS_KEY" "secret" $payments "key" "key") }}
{{ include "promptforge.secretEnv" (dict "name" "PF_PAYMENTS_WEBHOOK_SECRET" "secret" $payments "key" "webhook-secret") }}
{{- end }}
{{- end }}

{{/* `env` of what renders the gateway's configuration. Called with $. */}}
{{- define "promptforge.gatewayEnv" -}}
{{- $env := include "promptforge.meshEnv" . | fromYaml -}}
{{- $limit := include "promptforge.mebibytes" (mergeOverwrite (deepCopy .Values.defaults) .Values.gateway).resources.limits.memory -}}
{{- $env = mergeOverwrite $env (dict
  "PF_GATEWAY_FOLDER" "/gateway"
  "PF_DESCRIPTOR_SET" "/gateway/contract.binpb"
  "PF_CERTIFICATES_WATCH" "/certificates"
  "PF_TOKEN_ISSUER" .Values.auth.issuer
  "PF_TOKEN_AUDIENCE" .Values.auth.audience
  "PF_JWKS_CACHE_SECONDS" (int .Values.auth.cacheSeconds)
  "PF_CORS_ORIGINS" (join "," .Values.gateway.corsOrigins)
  "PF_TRUSTED_HOPS" (int .Values.gateway.trustedHops)
  "PF_GATEWAY_MEMORY_BYTES" (div (mul (int $limit) 1048576 3) 4)) -}}
{{- range $name, $service := .Values.services }}
{{- $_ := set $env (printf "PF_%s_SERVICE" (upper $name)) (printf "%s:%d" $name (int $service.port)) -}}
{{- end }}
{{- include "promptforge.plainEnv" (mergeOverwrite $env (.Values.gateway.env | default dict)) }}
{{- end }}
