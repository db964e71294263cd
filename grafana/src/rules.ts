// Recording and alert rules, for Prometheus as a plain file and for the chart's PrometheusRule.
import { DIARY_METRICS as D, PEER_METRICS as P } from '@p2p/service';

const RUNBOOK = 'docs/RUNBOOK.md';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly severity?: 'critical' | 'warning';
  readonly summary?: string;
  readonly description?: string;
}

/** The labels that tell one installation from another. */
const INSTALLATION = 'namespace, release';

const RECORDING: readonly Rule[] = [
  {
    record: 'release:p2p_download_file_bytes:rate1m',
    expr: `sum by (${INSTALLATION}) (rate(${P.transferBytes.name}{direction="download", form="file"}[1m]))`,
  },
  {
    record: 'release:p2p_segments_verified:increase5m',
    expr: `sum by (${INSTALLATION}) (increase(${P.segmentTransfer.name}_count{direction="download", outcome="verified"}[5m]))`,
  },
  {
    record: 'release:p2p_segments_redistributed:increase5m',
    expr: `sum by (${INSTALLATION}) (increase(${P.redistributed.name}[5m]))`,
  },
];

const ALERTS: readonly Rule[] = [
  {
    alert: 'P2PDownloadStalled',
    expr: `(time() - ${P.downloadLastProgress.name} > 60) and (${P.downloadsActive.name} > 0)`,
    for: '1m',
    severity: 'warning',
    summary: 'A download on {{ $labels.pod }} makes no progress',
    description: 'For {{ $value | humanizeDuration }} no segment has been verified, though a download is under way.',
  },
  {
    alert: 'P2PVerificationFailures',
    expr: `increase(${P.rejected.name}{reason="failed_verification"}[5m]) > 0`,
    severity: 'critical',
    summary: '{{ $labels.pod }} received segments that are not what they must be',
    description: '{{ $value | humanize }} segments failed their verification in 5 minutes: a holder lies, or its disk does.',
  },
  {
    alert: 'P2PLeaseExpiriesInBulk',
    expr: `sum by (${INSTALLATION}) (increase(${D.departures.name}{reason="lease_expired"}[5m])) >= 3`,
    severity: 'warning',
    summary: 'Several peers fell silent at once',
    description: '{{ $value | humanize }} leases expired in 5 minutes: a node or a part of the network is gone.',
  },
  {
    alert: 'P2PDiaryDown',
    expr: `(count by (${INSTALLATION}) (${P.downloadsActive.name}) unless on (${INSTALLATION}) ${D.peers.name}) > 0`,
    for: '1m',
    severity: 'critical',
    summary: 'Nobody answers as the diary of {{ $labels.release }}',
    description: '{{ $value }} peers are there, and no diary: running downloads go on, new ones cannot start.',
  },
  {
    alert: 'P2PDiskNearlyFull',
    expr: `${P.dataFreeBytes.name} < 1073741824`,
    for: '1m',
    severity: 'warning',
    summary: 'The disk for downloads of {{ $labels.pod }} is nearly full',
    description: '{{ $value | humanize1024 }}B are free.',
  },
  {
    alert: 'P2PRedistributionStorm',
    expr: '(release:p2p_segments_redistributed:increase5m > 20) and (release:p2p_segments_redistributed:increase5m > 0.2 * release:p2p_segments_verified:increase5m)',
    for: '1m',
    severity: 'warning',
    summary: 'Holders of {{ $labels.release }} lose what they owe',
    description: '{{ $value | humanize }} segments were redistributed in 5 minutes, more than a fifth of those that arrived.',
  },
];

/** The rules as a file of Prometheus. Written as JSON strings, which YAML reads as they are. */
export function rules(): string {
  const lines = ['# Made by `npm run grafana` from grafana/src/rules.ts.', 'groups:'];
  for (const [name, group] of Object.entries({ 'p2p.recording': RECORDING, 'p2p.alerts': ALERTS })) {
    lines.push(`  - name: ${name}`, '    rules:', ...group.flatMap(linesOf));
  }
  return `${lines.join('\n')}\n`;
}

function linesOf(rule: Rule): string[] {
  const text = (value: string): string => JSON.stringify(value);
  if (rule.alert === undefined) return [`      - record: ${rule.record ?? ''}`, `        expr: ${text(rule.expr)}`];
  return [
    `      - alert: ${rule.alert}`,
    `        expr: ${text(rule.expr)}`,
    ...(rule.for === undefined ? [] : [`        for: ${rule.for}`]),
    '        labels:',
    `          severity: ${rule.severity ?? ''}`,
    '        annotations:',
    `          summary: ${text(rule.summary ?? '')}`,
    `          description: ${text(rule.description ?? '')}`,
    `          runbook: ${RUNBOOK}#${rule.alert.toLowerCase()}`,
  ];
}
