{{/* Ends with one sentence what no schema can say: values that do not go together. Called with $. */}}
{{- define "promptforge.validate" -}}
{{- $values := .Values -}}
{{- $certificates := $values.mesh.certificates -}}
{{- if eq $values.mesh.mode "none" }}
{{- fail "mesh.mode cannot be none: services know who calls them by certificates. Use mtls, which needs no other mesh." }}
{{- end }}
{{- if and (eq $certificates.source "csi") (not $certificates.issuer.name) }}
{{- fail "mesh.certificates.source csi needs an issuer of cert-manager: set mesh.certificates.issuer.name." }}
{{- end }}
{{- if and $certificates.trustBundle.configMap (ne $certificates.source "secret") }}
{{- fail (printf "mesh.certificates.trustBundle goes with the source secret only: with %s the authority comes with the certificates. Remove the trust bundle, or set mesh.certificates.source to secret." $certificates.source) }}
{{- end }}
{{- range $name, $own := merge (dict "gateway" $values.gateway) $values.services }}
{{- $part := mergeOverwrite (deepCopy $values.defaults) $own }}
{{- $path := eq $name "gateway" | ternary "gateway" (printf "services.%s" $name) }}
{{- if and $part.autoscaling.enabled $part.keda.enabled }}
{{- fail (printf "%s: autoscaling and keda cannot both set the number of pods: enable one of them." $path) }}
{{- end }}
{{- if and $part.keda.enabled (not (get $part "consumes")) }}
{{- fail (printf "%s: keda counts unread events, and this consumes none: use autoscaling." $path) }}
{{- end }}
{{- if and (hasKey $own "replicas") (or $part.autoscaling.enabled $part.keda.enabled) }}
{{- fail (printf "%s: an autoscaler sets the number of pods: remove replicas, or disable the autoscaler." $path) }}
{{- end }}
{{- if gt (int $part.autoscaling.minReplicas) (int $part.autoscaling.maxReplicas) }}
{{- fail (printf "%s: autoscaling.minReplicas is above maxReplicas." $path) }}
{{- end }}
{{- range $key, $_ := $part.env }}
{{- if or (regexMatch "_(SECRETS?|KEY)$" $key) (has $key (list "PF_POSTGRES_URL" "PF_MONGO_URL")) }}
{{- fail (printf "%s.env: %s is a secret, and values are no place for it: give it by a Secret (secrets.existingSecret, %s.store.existingSecret or marketplace.payments.existingSecret)." $path $key $path) }}
{{- end }}
{{- end }}
{{- if eq $name "gateway" }}
{{- if lt (int $part.terminationGracePeriodSeconds) (add (int $values.gateway.drainSeconds) 5) }}
{{- fail (printf "gateway.terminationGracePeriodSeconds must be at least drainSeconds and 5 more, %d." (add (int $values.gateway.drainSeconds) 5)) }}
{{- end }}
{{- else }}
{{- $drain := add (int $part.preStopSeconds) (div (add (int $values.drain.settleMs) (int $values.drain.graceMs) 999) 1000) 5 }}
{{- if lt (int $part.terminationGracePeriodSeconds) $drain }}
{{- fail (printf "%s: terminationGracePeriodSeconds must be at least preStopSeconds, drain.settleMs, drain.graceMs and 5 seconds together, %d, or calls are cut." $path $drain) }}
{{- end }}
{{- range $part.calls }}
{{- if not (hasKey $values.services .) }}
{{- fail (printf "%s.calls: there is no service %s." $path .) }}
{{- end }}
{{- end }}
{{- if and $values.stores.admin.existingSecret $part.store.existingSecret }}
{{- fail (printf "%s.store.existingSecret and stores.admin.existingSecret exclude each other: with the second a job makes the database and its Secret. Remove one of them." $path) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
