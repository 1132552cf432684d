{{/* `ports` of a rule. Called with (dict "root" $ "ports" LIST). */}}
{{- define "promptforge.ports" -}}
ports:
{{- range .ports }}
  - { protocol: TCP, port: {{ int . }} }
{{- end }}
{{- if eq .root.Values.mesh.mode "ambient" }}
  - { protocol: TCP, port: 15008 }
{{- else if eq .root.Values.mesh.mode "linkerd" }}
  - { protocol: TCP, port: 4143 }
{{- end }}
{{- end }}

{{/* A peer: the pods of one part of this release. Called with (dict "root" $ "name" NAME). */}}
{{- define "promptforge.peer" -}}
- podSelector:
    matchLabels:
      {{- include "promptforge.selector" . | nindent 6 }}
{{- end }}

{{/* Egress to peers at ports, an item of `egress`. Called with (dict "root" $ "to" PEERS "ports" LIST). No peers: anywhere. */}}
{{- define "promptforge.egressTo" -}}
- {{ include "promptforge.ports" . | nindent 2 | trim }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Egress to names, and to nothing else. Called with $. */}}
{{- define "promptforge.egressToDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
{{- range .Values.networkPolicy.dns.ports }}
    - { protocol: UDP, port: {{ . }} }
    - { protocol: TCP, port: {{ . }} }
{{- end }}
{{- end }}

{{/* Egress to the own database of a service. Called with (dict "root" $ "part" PART). */}}
{{- define "promptforge.egressToStore" -}}
{{- $kind := get .root.Values.stores .part.store.kind -}}
{{- include "promptforge.egressTo" (dict
  "root" .root
  "to" (.part.store.to | default $kind.to)
  "ports" (list (.part.store.port | default $kind.port))) }}
{{- end }}

{{- define "promptforge.egressToNats" -}}
{{- include "promptforge.egressTo" (dict "root" . "to" .Values.nats.to "ports" (list .Values.nats.port)) }}
{{- end }}

{{/* Egress to the Kubernetes API. Called with $. */}}
{{- define "promptforge.egressToApi" -}}
{{- $to := list (dict "ipBlock" (dict "cidr" .Values.networkPolicy.api.cidr)) -}}
{{- include "promptforge.egressTo" (dict "root" . "to" $to "ports" .Values.networkPolicy.api.ports) }}
{{- end }}
