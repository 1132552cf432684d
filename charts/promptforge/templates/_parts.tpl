{{/* `replicas`, unless somebody else says it: an autoscaler, or people by `kubectl scale`. Called with (dict … "part" PART). */}}
{{- define "promptforge.replicas" -}}
{{- if and (hasKey .part "replicas") (not .part.autoscaling.enabled) (not .part.keda.enabled) -}}
replicas: {{ .part.replicas }}
{{- end }}
{{- end }}

{{/* Lanes of the queue of tests, with commas: that of users' own keys, and the model providers. Called with $. */}}
{{- define "promptforge.lanes" -}}
{{- $lanes := list "byok" -}}
{{- range .Values.test.providers }}{{ $lanes = append $lanes .name }}{{ end -}}
{{ join "," $lanes }}
{{- end }}
