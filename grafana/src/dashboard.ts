import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { BUILD_INFO_NAME, DIARY_METRICS } from '@p2p/service';
import { DATA_SOURCE } from './panels.ts';

const TAG = 'p2p';

/** A dashboard with what all of them have: variables for namespace, release and pod, and a mark where a peer departs. */
export function dashboard({ uid, title, description }: { readonly uid: string; readonly title: string; readonly description: string }): DashboardBuilder {
  return new DashboardBuilder(`P2P / ${title}`)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .readonly()
    .timezone('browser')
    .refresh('10s')
    .time({ from: 'now-30m', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(variable('namespace', 'Namespace', `label_values(${BUILD_INFO_NAME}, namespace)`))
    .withVariable(variable('release', 'Release', `label_values(${BUILD_INFO_NAME}{namespace=~"$namespace"}, release)`))
    .withVariable(variable('pod', 'Pod', `label_values(${BUILD_INFO_NAME}{namespace=~"$namespace", release=~"$release"}, pod)`))
    .annotation(
      new AnnotationQueryBuilder()
        .name('A peer departed')
        .datasource(DATA_SOURCE)
        .enable(true)
        .iconColor('orange')
        .expr(`sum by (reason) (increase(${DIARY_METRICS.departures.name}{namespace=~"$namespace", release=~"$release"}[1m])) > 0`)
        .titleFormat('{{reason}}')
        .step('15s'),
    );
}

/** A choice of label values that starts with all, also of series without the label: those of plain processes. */
function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATA_SOURCE)
    .query({ query, refId: `variable-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });
}
