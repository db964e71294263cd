import { textSetting } from '../config/text-settings.js';

const isUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

/** The standard variables of OpenTelemetry that decide whether there are traces; the others (`OTEL_*`) its SDK reads itself. */
export const tracingSettings = {
  otlpEndpoint: textSetting({
    variable: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    description: 'Where traces go, as OTLP. Default: there are none. The other `OTEL_*` variables hold as OpenTelemetry says.',
    default: '',
    range: 'a URL of http or https',
    accepts: isUrl,
  }),
  otlpTracesEndpoint: textSetting({
    variable: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    description: 'The same, with its path: for traces alone.',
    default: '',
    range: 'a URL of http or https',
    accepts: isUrl,
  }),
  serviceName: textSetting({
    variable: 'OTEL_SERVICE_NAME',
    description: 'What the traces call this program.',
    default: 'p2p-peer',
    range: 'a text',
    accepts: () => true,
  }),
};

export function isTracingOn(config: { readonly otlpEndpoint: string; readonly otlpTracesEndpoint: string }): boolean {
  return config.otlpEndpoint !== '' || config.otlpTracesEndpoint !== '';
}
