{{- define "p2p.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 30 | trimSuffix "-" -}}
{{- end -}}

{{/* The beginning of every name. The longest made of it, <fullname>-peer-NNNN-…, stays below 63 characters. */}}
{{- define "p2p.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "p2p.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "p2p.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Arguments: the root and the component. */}}
{{- define "p2p.selector" -}}
app.kubernetes.io/name: {{ include "p2p.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "p2p.labels" -}}
{{- $root := index . 0 -}}
{{ include "p2p.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "p2p.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- define "p2p.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "p2p.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "p2p.diaryAddress" -}}
{{- default (printf "%s-diary:%d" (include "p2p.fullname" .) (int64 .Values.diary.port)) .Values.peer.diary -}}
{{- end -}}

{{/* What every pod of the release has in common. Service links would set P2P_DIARY_PORT=tcp://… and stop the programs. */}}
{{- define "p2p.pod" -}}
serviceAccountName: {{ include "p2p.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int64 .Values.runAsUser }}
  runAsGroup: {{ int64 .Values.runAsUser }}
  fsGroup: {{ int64 .Values.runAsUser }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "p2p.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* A busy process may answer late: only one that is gone for a minute is started anew. */}}
{{- define "p2p.probes" -}}
startupProbe:
  httpGet: { path: /health/live, port: metrics }
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /health/live, port: metrics }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /health/ready, port: metrics }
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 3
{{- end -}}

{{/* Annotations of a pod. Arguments: the root, the values of the component. */}}
{{- define "p2p.podAnnotations" -}}
{{- $own := dict -}}
{{- if (index . 0).Values.metrics.annotate -}}
{{- $own = dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString (int64 (index . 1).metricsPort)) "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- with mergeOverwrite $own (index . 1).podAnnotations -}}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{- define "p2p.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
How many peers: the live count while the value is the one that the last upgrade saw (kept as an annotation of the
StatefulSet), so that an upgrade does not undo `kubectl scale`; a changed value wins.
*/}}
{{- define "p2p.peerReplicas" -}}
{{- $wanted := int64 .Values.peer.replicas -}}
{{- $live := lookup "apps/v1" "StatefulSet" .Release.Namespace (printf "%s-peer" (include "p2p.fullname" .)) -}}
{{- $seen := dig "metadata" "annotations" "p2p/replicas-value" "" ($live | default dict) -}}
{{- if eq $seen (toString $wanted) -}}
{{- int64 $live.spec.replicas -}}
{{- else -}}
{{- $wanted -}}
{{- end -}}
{{- end -}}
