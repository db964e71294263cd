{{/* "true" where the release brings a Grafana of its own, else empty. */}}
{{- define "p2p.hasGrafana" -}}
{{- if and .Values.observability.enabled .Values.observability.grafana.enabled -}}true{{- end -}}
{{- end -}}

{{/* Selects the pods, or Services, that have metrics: not those of `helm test`, nor the bundled Prometheus and Grafana. */}}
{{- define "p2p.scrapedSelector" -}}
matchLabels:
  {{- include "p2p.selector" (list . "") | nindent 2 }}
matchExpressions:
  - { key: app.kubernetes.io/component, operator: In, values: [diary, peer] }
{{- end -}}

{{/* "true" where the Services tell where the metrics are, else empty: only what finds pods through Services needs that. */}}
{{- define "p2p.hasMetricsPort" -}}
{{- if or .Values.observability.enabled .Values.monitoring.serviceMonitor.enabled -}}true{{- end -}}
{{- end -}}

{{/* How a monitor of the operator scrapes. It adds namespace and pod by itself. Argument: the interval. */}}
{{- define "p2p.monitorEndpoint" -}}
- port: metrics
  path: /metrics
  interval: {{ . }}
  relabelings:
    - sourceLabels: [__meta_kubernetes_pod_label_app_kubernetes_io_instance]
      targetLabel: release
{{- end -}}

{{/* A pod of the bundled programs. Arguments: the root, the values of the program. */}}
{{- define "p2p.observabilityPod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with (index . 0).Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int64 (index . 1).runAsUser }}
  runAsGroup: {{ int64 (index . 1).runAsUser }}
  fsGroup: {{ int64 (index . 1).runAsUser }}
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "p2p.imageOf" -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}
