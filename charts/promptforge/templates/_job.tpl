{{/*
The pod template of a job or a test that runs one of our programs. Called with (dict "root" $ "name" NAME "folder" FOLDER "args" LIST
"env" TEXT "certificates" BOOL "account" SERVICE-ACCOUNT "api" BOOL). `api` gives it the account's token, for the Kubernetes API.
*/}}
{{- define "promptforge.jobPod" -}}
metadata:
  labels:
    {{- include "promptforge.labels" . | nindent 4 }}
    app.kubernetes.io/component: job
    {{- with include "promptforge.meshLabels" .root }}
    {{- . | nindent 4 }}
    {{- end }}
  {{- if eq .root.Values.mesh.mode "linkerd" }}
  annotations:
    {{- /* A proxy would not end with the job. */}}
    linkerd.io/inject: disabled
  {{- end }}
spec:
  {{- include "promptforge.jobSpec" . | nindent 2 }}
{{- end }}

{{- define "promptforge.jobSpec" -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: {{ .api | default false }}
restartPolicy: Never
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with .root.Values.defaults.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.defaults.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{ include "promptforge.podSecurity" .root }}
containers:
  - name: {{ .name }}
    {{- include "promptforge.ourImage" .root | nindent 4 }}
    workingDir: /app/services/{{ .folder }}
    args: {{ prepend .args "main.ts" | toJson }}
    {{- /* What a failed job said last is in `kubectl describe`, also when its logs are gone. */}}
    terminationMessagePolicy: FallbackToLogsOnError
    env:
      {{- .env | trim | nindent 6 }}
    resources:
      {{- toYaml .root.Values.jobs.resources | nindent 6 }}
    {{- include "promptforge.containerSecurity" .root | nindent 4 }}
    volumeMounts:
      - { name: tmp, mountPath: /tmp }
      {{- if .certificates }}
      - { name: certificates, mountPath: /certificates, readOnly: true }
      {{- end }}
      {{- range .mounts }}
      - {{ toJson . }}
      {{- end }}
volumes:
  {{- include "promptforge.tmp" .root | nindent 2 }}
  {{- if .certificates }}
  {{- include "promptforge.certificates" (dict "root" .root "name" "deploy") | nindent 2 }}
  {{- end }}
{{- end }}

{{/*
A job that runs before an install or upgrade, with what it may reach. Its name has a hash of what it does: applied by other tools
than Helm it is an ordinary object, which could not be changed. Called as jobPod, and with "weight" and "egress".
*/}}
{{- define "promptforge.hookJob" -}}
{{- $job := merge (dict "account" "deploy-hook") . }}
{{- $pod := include "promptforge.jobPod" $job }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .name }}-{{ sha256sum $pod | trunc 8 }}
  labels:
    {{- include "promptforge.labels" . | nindent 4 }}
  annotations:
    {{- include "promptforge.hook" (dict "weight" .weight) | nindent 4 }}
spec:
  backoffLimit: {{ hasKey . "backoffLimit" | ternary .backoffLimit .root.Values.jobs.backoffLimit }}
  activeDeadlineSeconds: {{ .root.Values.jobs.activeDeadlineSeconds }}
  ttlSecondsAfterFinished: 86400
  template:
    {{- $pod | nindent 4 }}
{{- if .root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: hook-{{ .name }}
  labels:
    {{- include "promptforge.labels" . | nindent 4 }}
  annotations:
    {{- include "promptforge.hook" (dict "weight" "-20") | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "promptforge.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- include "promptforge.egressToDns" .root | nindent 4 }}
    {{- range .egress }}
    {{- . | trim | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Annotations of what exists only before an install or upgrade. Called with (dict "weight" TEXT). */}}
{{- define "promptforge.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
helm.sh/hook-output-log-policy: hook-failed
{{- end }}

{{/* Names of the Secrets with the certificates that the chart makes, and of their authority, with commas. Called with $. */}}
{{- define "promptforge.certificateSecrets" -}}
{{- $names := list "promptforge-authority" -}}
{{- range concat (keys .Values.services | sortAlpha) (list "gateway" "nats" "deploy" "client") }}{{ $names = append $names (printf "%s-certificate" .) }}{{ end -}}
{{ join "," $names }}
{{- end }}

{{/*
What a job that makes Secrets may do: make any, for Kubernetes knows no names there, and read and renew those that it makes. Called
with the names of these.
*/}}
{{- define "promptforge.secretRules" -}}
- apiGroups: ['']
  resources: [secrets]
  verbs: [create]
- apiGroups: ['']
  resources: [secrets]
  verbs: [get, patch]
  resourceNames: {{ toJson . }}
{{- end }}

{{/* All values of Secrets that pods take, `<secret>/<key>` with commas. Called with $. */}}
{{- define "promptforge.requiredSecrets" -}}
{{- $values := .Values -}}
{{- $secret := include "promptforge.secret" . -}}
{{- $wanted := list (printf "%s/page-tokens" $secret) -}}
{{- range $name, $service := $values.services }}
{{- $wanted = append $wanted (printf "%s/%s" ($service.store.existingSecret | default (printf "%s-store" $name)) ($service.store.key | default "url")) -}}
{{- range $service.secrets }}{{ $wanted = append $wanted (printf "%s/%s" $secret .) }}{{ end -}}
{{- end }}
{{- with $values.marketplace.payments.existingSecret }}{{ $wanted = concat $wanted (list (printf "%s/key" .) (printf "%s/webhook-secret" .)) }}{{ end -}}
{{- with $values.test.providerKeys.existingSecret }}{{ $wanted = append $wanted (printf "%s/keys.json" .) }}{{ end -}}
{{- if ne $values.mesh.certificates.source "csi" }}
{{- range concat (keys $values.services | sortAlpha) (list "gateway" "deploy") }}{{ $wanted = append $wanted (printf "%s-certificate/tls.crt" .) }}{{ end -}}
{{- end -}}
{{ $wanted | uniq | join "," }}
{{- end }}

{{/* Annotations of what exists only during `helm test`. Called with the weight. */}}
{{- define "promptforge.testHook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
helm.sh/hook-output-log-policy: hook-succeeded,hook-failed
{{- end }}

{{/* Ports that `helm test` calls, by part. Called with $. */}}
{{- define "promptforge.checkedPorts" -}}
gateway: 8080
{{- range $name, $service := .Values.services }}
{{ $name }}: {{ $service.port }}
{{- end }}
{{- end }}
