{{/* Labels by which the pods of one part are known. Called with (dict "root" $ "name" NAME). */}}
{{- define "promptforge.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* All labels of an object of one part. Called with (dict "root" $ "name" NAME). */}}
{{- define "promptforge.labels" -}}
{{ include "promptforge.selector" . }}
app.kubernetes.io/part-of: promptforge
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Reference of an image. Called with (dict "image" IMAGE "tag" DEFAULT). */}}
{{- define "promptforge.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .tag }}
{{- end }}
{{- end }}

{{/* Image, and when it is pulled, of a container that runs our programs. Called with $. */}}
{{- define "promptforge.ourImage" -}}
image: {{ include "promptforge.image" (dict "image" .Values.image "tag" .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{/* Mebibytes of a memory limit in Mi or Gi. */}}
{{- define "promptforge.mebibytes" -}}
{{- if hasSuffix "Gi" . -}}
{{ mul (trimSuffix "Gi" . | int) 1024 }}
{{- else -}}
{{ trimSuffix "Mi" . | int }}
{{- end }}
{{- end }}

{{/* Node's own options: three quarters of the memory limit for the heap. Called with (dict "memory" LIMIT "semi" MIB). */}}
{{- define "promptforge.nodeOptions" -}}
--max-old-space-size={{ div (mul 3 (include "promptforge.mebibytes" .memory | int)) 4 }} --max-semi-space-size={{ .semi }}
{{- end }}

{{/* What the restricted Pod Security standard demands of a container, and a root file system that cannot be written. */}}
{{- define "promptforge.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* The same of a pod, for all of whose containers it holds. */}}
{{- define "promptforge.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
enableServiceLinks: false
{{- end }}

{{/* Labels and annotations with which a mesh takes a pod in. Called with $. */}}
{{- define "promptforge.meshLabels" -}}
{{- if eq .Values.mesh.mode "ambient" -}}
istio.io/dataplane-mode: ambient
{{- end }}
{{- end }}

{{- define "promptforge.meshAnnotations" -}}
{{- if eq .Values.mesh.mode "linkerd" -}}
linkerd.io/inject: enabled
{{/* Our own TLS is inside: Linkerd passes it on as bytes. */}}
config.linkerd.io/opaque-ports: {{ include "promptforge.opaquePorts" . | quote }}
{{- end }}
{{- end }}

{{/* Ports whose bytes are our own TLS, or a store's: a mesh must not look for HTTP in them. Called with $. */}}
{{- define "promptforge.opaquePorts" -}}
{{- $ports := list (int .Values.stores.postgres.port) (int .Values.stores.mongo.port) (int .Values.nats.port) -}}
{{- range .Values.services }}{{ $ports = append $ports (int .port) }}{{ end -}}
{{ $ports | uniq | sortAlpha | join "," }}
{{- end }}

{{/* Ports that a mesh's proxy receives on, in place of the pod's own. Called with $. */}}
{{- define "promptforge.meshPorts" -}}
{{- if eq .Values.mesh.mode "ambient" }}
- port: 15008
{{- else if eq .Values.mesh.mode "linkerd" }}
- port: 4143
{{- end }}
{{- end }}

{{/* The names, as DNS has them, of a member. Called with (dict "root" $ "name" NAME). */}}
{{- define "promptforge.dnsNames" -}}
{{ .name }},{{ .name }}.{{ .root.Release.Namespace }}.svc,{{ .name }}.{{ .root.Release.Namespace }}.svc.cluster.local
{{- end }}

{{/* The volume with a member's ca.pem, cert.pem and key.pem. Called with (dict "root" $ "name" NAME). */}}
{{- define "promptforge.certificates" -}}
{{- $mesh := .root.Values.mesh -}}
{{- $certificates := $mesh.certificates -}}
- name: certificates
{{- if eq $certificates.source "csi" }}
  csi:
    driver: csi.cert-manager.io
    readOnly: true
    volumeAttributes:
      csi.cert-manager.io/issuer-name: {{ $certificates.issuer.name }}
      csi.cert-manager.io/issuer-kind: {{ $certificates.issuer.kind }}
      csi.cert-manager.io/issuer-group: {{ $certificates.issuer.group }}
      csi.cert-manager.io/dns-names: {{ include "promptforge.dnsNames" . }}
      csi.cert-manager.io/uri-sans: spiffe://{{ $mesh.trustDomain }}/ns/{{ .root.Release.Namespace }}/sa/{{ .name }}
      csi.cert-manager.io/key-usages: digital signature,server auth,client auth
      csi.cert-manager.io/duration: {{ $certificates.duration }}
      csi.cert-manager.io/ca-file: ca.pem
      csi.cert-manager.io/certificate-file: cert.pem
      csi.cert-manager.io/privatekey-file: key.pem
      csi.cert-manager.io/fs-group: '65532'
{{- else if $certificates.trustBundle.configMap }}
  projected:
    defaultMode: 0440
    sources:
      - configMap:
          name: {{ $certificates.trustBundle.configMap }}
          items:
            - { key: {{ $certificates.trustBundle.key }}, path: ca.pem }
      - secret:
          name: {{ .name }}-certificate
          items:
            - { key: tls.crt, path: cert.pem }
            - { key: tls.key, path: key.pem }
{{- else }}
  secret:
    secretName: {{ .name }}-certificate
    defaultMode: 0440
    items:
      - { key: ca.crt, path: ca.pem }
      - { key: tls.crt, path: cert.pem }
      - { key: tls.key, path: key.pem }
{{- end }}
{{- end }}

{{/* The volume for /tmp, the only place that a container of ours can write to. */}}
{{- define "promptforge.tmp" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- end }}

{{/* Name of the Secret that all services share. Called with $. */}}
{{- define "promptforge.secret" -}}
{{ .Values.secrets.existingSecret | default "promptforge-secrets" }}
{{- end }}

{{/* Where and how much pods run: of a part that is merged with the defaults. Called with (dict "root" $ "name" NAME "part" PART). */}}
{{- define "promptforge.placement" -}}
topologySpreadConstraints:
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $.part.spread }}
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "promptforge.selector" $ | nindent 8 }}
{{- end }}
{{- with .part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels and annotations of a pod. Called with (dict "root" $ "name" NAME "part" PART "checksum" TEXT). */}}
{{- define "promptforge.podMetadata" -}}
labels:
  {{- include "promptforge.labels" . | nindent 2 }}
  {{- with include "promptforge.meshLabels" .root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .part.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  kubectl.kubernetes.io/default-container: {{ .name }}
  {{- with .checksum }}
  checksum/config: {{ sha256sum . }}
  {{- end }}
  {{- with include "promptforge.meshAnnotations" .root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .part.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
