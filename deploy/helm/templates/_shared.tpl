{{- define "warroom.name" -}}
{{- printf "%s-warroom" .Release.Name | trunc 53 | trimSuffix "-" | replace "warroom-warroom" "warroom" -}}
{{- end -}}

{{- define "warroom.labels" -}}
app.kubernetes.io/name: warroom
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* What a pod of ours is: the command differs. Called with (dict "all" $ "part" "serve" "args" (list …)). */}}
{{- define "warroom.pod" -}}
{{- $all := .all -}}
metadata:
  labels:
    {{- include "warroom.labels" $all | nindent 4 }}
    app.kubernetes.io/component: {{ .part }}
  annotations:
    checksum/config: {{ toYaml $all.Values.config | sha256sum }}
spec:
  serviceAccountName: {{ include "warroom.name" $all }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 30
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ .part }}
      image: "{{ $all.Values.image.repository }}:{{ $all.Values.image.tag | default $all.Chart.AppVersion }}"
      imagePullPolicy: {{ $all.Values.image.pullPolicy }}
      args: {{ toJson .args }}
      env:
        - {name: WARROOM_CONFIG, value: /etc/warroom/warroom.yaml}
        - {name: WARROOM_HOME, value: /var/lib/warroom}
        - {name: WARROOM_AUDIT_KEY, value: /run/secrets/warroom/audit-key}
      {{- if eq .part "serve" }}
      ports:
        - {name: http, containerPort: 8844}
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 10
        failureThreshold: 6
      {{- end }}
      resources: {{ toJson (index $all.Values.resources .part) }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: config, mountPath: /etc/warroom, readOnly: true}
        - {name: secrets, mountPath: /run/secrets/warroom, readOnly: true}
        - {name: home, mountPath: /var/lib/warroom}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: config
      configMap: {name: {{ include "warroom.name" $all }}}
    - name: secrets
      secret: {secretName: {{ $all.Values.secrets }}, defaultMode: 0440}
    - name: home
      persistentVolumeClaim: {claimName: {{ $all.Values.home.claim | default (include "warroom.name" $all) }}}
    - name: tmp
      emptyDir: {}
{{- end -}}
