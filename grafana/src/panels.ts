// The kinds of panel that the dashboards are made of. Each has a unit, a description and a legend: none can be made without.
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  SortOrder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { HeatmapColorOptionsBuilder, PanelBuilder as Heatmap } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';

export const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Grafana's names of units. */
export type Unit = 'Bps' | 'bytes' | 's' | 'percentunit' | 'short' | 'ops' | 'cps' | 'none';

export interface Query {
  readonly expression: string;
  /** What a series is called: `{{label}}` stands for a label's value. */
  readonly legend: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What it shows and what to make of it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width: number;
}

const ROW_HEIGHT = 8;
const STAT_HEIGHT = 4;

/** Lines over time, with their last and largest values. */
export function lines(options: PanelOptions & { readonly stacked?: boolean; readonly max?: number }): TimeSeries {
  const panel = fill(new TimeSeries(), options, (query) => query.range())
    .min(0)
    .height(ROW_HEIGHT)
    .lineWidth(1)
    .fillOpacity(options.stacked === true ? 25 : 8)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (options.stacked === true) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (options.max !== undefined) panel.max(options.max);
  return panel;
}

/** One number a series, as it is now. `named`: with the series' name in large, for panels that answer "which". */
export function stat(options: PanelOptions & { readonly named?: boolean }): Stat {
  return fill(new Stat(), options, (query) => query.instant())
    .noValue('0')
    .height(STAT_HEIGHT)
    .colorMode(BigValueColorMode.None)
    .textMode(options.named === true ? BigValueTextMode.ValueAndName : BigValueTextMode.Auto)
    .reduceOptions(lastValue());
}

/** Bars side by side, as it is now. */
export function bars(options: PanelOptions): BarGauge {
  return fill(new BarGauge(), options, (query) => query.instant())
    .min(0)
    .height(ROW_HEIGHT)
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .reduceOptions(lastValue());
}

/** How observations of a histogram spread over time. Its query keeps the label `le` alone. */
export function heatmap(options: PanelOptions): Heatmap {
  return fill(new Heatmap(), options, (query) => query.range().format(PromQueryFormat.Heatmap))
    .height(ROW_HEIGHT)
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().scheme('Oranges').steps(32));
}

/** What the builders of all kinds of panel have in common. */
interface AnyPanel {
  title(title: string): this;
  description(description: string): this;
  datasource(source: typeof DATA_SOURCE): this;
  unit(unit: string): this;
  span(columns: number): this;
  withTarget(target: DataqueryBuilder): this;
}

function fill<P extends AnyPanel>(panel: P, options: PanelOptions, shape: (query: DataqueryBuilder) => DataqueryBuilder): P {
  panel.title(options.title).description(options.description).datasource(DATA_SOURCE).unit(options.unit).span(options.width);
  options.queries.forEach((query, index) => panel.withTarget(shape(target(query, index))));
  return panel;
}

function target({ expression, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder().refId(String.fromCodePoint(65 + index)).expr(expression).legendFormat(legend);
}

function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(['lastNotNull']);
}
