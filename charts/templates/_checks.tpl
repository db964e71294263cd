{{/* What a schema cannot say: values that contradict each other are refused with what to do. */}}
{{- define "p2p.checks" -}}
{{- $peer := .Values.peer -}}
{{- if and (not .Values.diary.enabled) (not $peer.diary) -}}
{{- fail "diary.enabled is false and peer.diary is empty: set peer.diary to the HOST:PORT of the diary to join" -}}
{{- end -}}
{{- if and $peer.diary (not (regexMatch "^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$" $peer.diary)) -}}
{{- fail (printf "peer.diary is %q; it must be HOST:PORT, or [IPV6]:PORT" $peer.diary) -}}
{{- end -}}
{{- if gt (float64 $peer.packetDelayMs) 60000.0 -}}
{{- fail (printf "peer.packetDelayMs is %v; it must be from 0 to 60000" $peer.packetDelayMs) -}}
{{- end -}}
{{- $ports := list (int64 $peer.port) (int64 $peer.metricsPort) (int64 $peer.controlPort) -}}
{{- if ne (len (uniq $ports)) 3 -}}
{{- fail (printf "peer.port, peer.metricsPort and peer.controlPort are %v; they must differ" $ports) -}}
{{- end -}}
{{- if eq (int64 .Values.diary.port) (int64 .Values.diary.metricsPort) -}}
{{- fail (printf "diary.port and diary.metricsPort are both %d; they must differ" (int64 .Values.diary.port)) -}}
{{- end -}}
{{- $names := list -}}
{{- range $index, $volume := $peer.share -}}
{{- $names = append $names $volume.name -}}
{{- if ne (len $volume) 2 -}}
{{- fail (printf "peer.share[%d] (%s) must have a name and one volume source, for instance persistentVolumeClaim, configMap or hostPath; it has: %s" $index $volume.name (keys $volume | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if and (hasKey $volume "hostPath") (eq $.Values.podSecurityStandard "restricted") -}}
{{- fail (printf "peer.share[%d] (%s) is a hostPath, which the restricted Pod Security Standard does not admit: use a persistentVolumeClaim or a configMap, or set podSecurityStandard=privileged and install into a namespace that admits it (kubectl label namespace %s pod-security.kubernetes.io/enforce=privileged)" $index $volume.name $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- if ne (len (uniq $names)) (len $names) -}}
{{- fail (printf "peer.share has a name twice: %s" (join ", " $names)) -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled -}}
{{- fail "monitoring.podMonitor and monitoring.serviceMonitor are both enabled, and every pod would be counted twice: enable one" -}}
{{- end -}}
{{- end -}}
