{{- define "ottoscaler.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "ottoscaler.selector" -}}
app.kubernetes.io/name: ottoscaler
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: main
{{- end }}

{{- define "ottoscaler.labels" -}}
{{ include "ottoscaler.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "ottoscaler.gatewaySelector" -}}
app.kubernetes.io/name: ottoscaler
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "ottoscaler.gatewayLabels" -}}
{{ include "ottoscaler.gatewaySelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "ottoscaler.image" -}}
{{- $i := .Values.image }}
{{- if $i.digest }}{{ $i.repository }}@{{ $i.digest }}{{ else }}{{ $i.repository }}:{{ $i.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "ottoscaler.workersNamespace" -}}
{{ .Values.workers.namespace | default .Release.Namespace }}
{{- end }}

{{- /* The name of objects in the workers' namespace, which other releases may share. */ -}}
{{- define "ottoscaler.workersName" -}}
{{- if eq (include "ottoscaler.workersNamespace" .) .Release.Namespace }}{{ include "ottoscaler.name" . }}
{{- else }}{{ printf "%s-%s" .Release.Namespace (include "ottoscaler.name" .) | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "ottoscaler.account" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ .Values.serviceAccount.name }}
{{- end }}

{{- define "ottoscaler.redisSecret" -}}
{{- if .Values.redis.existingSecret }}{{ .Values.redis.existingSecret }}
{{- else if .Values.redis.password }}{{ include "ottoscaler.name" . }}-redis{{ end }}
{{- end }}

{{- /* The Lease's name as internal/k8s/leader derives it: permissions are limited to it. */ -}}
{{- define "ottoscaler.lease" -}}
{{- if and (eq .Values.workers.instance "ottoscaler") (eq .Values.redis.stream "otto:scale:events") -}}
ottoscaler
{{- else -}}
ottoscaler-{{ printf "%s\x00%s" .Values.workers.instance .Values.redis.stream | sha256sum | trunc 5 }}
{{- end }}
{{- end }}

{{- /* 90 % of the memory limit: the rest is memory that Go does not account for. */ -}}
{{- define "ottoscaler.memoryLimit" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources | toString }}
{{- if hasSuffix "Mi" $limit }}{{ div (mul (trimSuffix "Mi" $limit | int) 9) 10 }}MiB
{{- else if hasSuffix "Gi" $limit }}{{ div (mul (trimSuffix "Gi" $limit | int) 9216) 10 }}MiB{{ end }}
{{- end }}

{{- define "ottoscaler.pairs" -}}
{{- $pairs := list }}{{- range $k, $v := . }}{{- $pairs = append $pairs (printf "%s=%v" $k $v) }}{{- end }}
{{- join "," $pairs }}
{{- end }}

{{- define "ottoscaler.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "ottoscaler.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* The environment of the Main Pod, without the variables from the downward API and GOMEMLIMIT. */ -}}
{{- define "ottoscaler.variables" -}}
{{- $r := .Values.redis }}{{ $w := .Values.workers }}
{{- $all := dict
  "REDIS_STREAM" $r.stream
  "REDIS_CONSUMER_GROUP" $r.consumerGroup
  "REDIS_DB" (int $r.db | toString)
  "OTTO_NAMESPACE" (include "ottoscaler.workersNamespace" .)
  "OTTO_INSTANCE" $w.instance
  "OTTO_MAX_WORKERS" (int $w.max | toString)
  "OTTO_AGENT_IMAGE" $w.image
  "OTTO_AGENT_REQUESTS" (include "ottoscaler.pairs" $w.requests)
  "OTTO_AGENT_LIMITS" (include "ottoscaler.pairs" $w.limits)
  "OTTO_DEPLOYMENT" (include "ottoscaler.name" .)
  "OTTO_LEADER_ELECT" (.Values.leaderElection | toString)
  "OTTO_HTTP_ADDR" (printf ":%d" (int .Values.service.port)) }}
{{- if $r.sentinel.master }}
{{- $_ := set $all "REDIS_SENTINEL_MASTER" $r.sentinel.master }}
{{- $_ := set $all "REDIS_SENTINEL_ADDRS" (join "," $r.sentinel.addresses) }}
{{- else }}
{{- $_ := set $all "REDIS_HOST" $r.host }}
{{- $_ := set $all "REDIS_PORT" (int $r.port | toString) }}
{{- end }}
{{- with $r.username }}{{ $_ := set $all "REDIS_USERNAME" . }}{{ end }}
{{- if include "ottoscaler.redisSecret" . }}{{ $_ := set $all "REDIS_PASSWORD_FILE" "/etc/ottoscaler/redis/password" }}{{ end }}
{{- if $r.tls.enabled }}
{{- $_ := set $all "REDIS_TLS" "true" }}
{{- if $r.tls.existingSecret }}
{{- if $r.tls.caKey }}{{ $_ := set $all "REDIS_TLS_CA_FILE" "/etc/ottoscaler/tls/ca.crt" }}{{ end }}
{{- if $r.tls.certKey }}
{{- $_ := set $all "REDIS_TLS_CERT_FILE" "/etc/ottoscaler/tls/tls.crt" }}
{{- $_ := set $all "REDIS_TLS_KEY_FILE" "/etc/ottoscaler/tls/tls.key" }}
{{- end }}
{{- end }}
{{- end }}
{{- with $w.command }}{{ $_ := set $all "OTTO_AGENT_COMMAND" (toRawJson .) }}{{ end }}
{{- with $w.args }}{{ $_ := set $all "OTTO_AGENT_ARGS" (toRawJson .) }}{{ end }}
{{- if $w.templates }}{{ $_ := set $all "OTTO_WORKER_TEMPLATES" "/etc/ottoscaler/templates" }}{{ end }}
{{- if .Values.queues }}{{ $_ := set $all "OTTO_QUEUES_FILE" "/etc/ottoscaler/queues/queues.yaml" }}{{ end }}
{{- range $k, $v := .Values.env }}
{{- if hasKey $all $k }}{{ fail (printf "env: %s has a value of its own in values.yaml" $k) }}{{ end }}
{{- $_ := set $all $k (toString $v) }}
{{- end }}
{{- $lines := list }}
{{- range $k, $v := $all }}{{ $lines = append $lines (printf "%s: %s" $k (quote $v)) }}{{ end }}
{{- join "\n" $lines }}
{{- end }}

{{- /* A list of strings as a CEL literal. */ -}}
{{- define "ottoscaler.cel" -}}
[{{ range $i, $w := . }}{{ if $i }}, {{ end }}{{ $w | squote }}{{ end }}]
{{- end }}

{{- define "ottoscaler.celVolumes" -}}
{{ range $i, $kind := . }}{{ if $i }} || {{ end }}has(v.{{ $kind }}){{ else }}false{{ end }}
{{- end }}
