import * as echarts from 'echarts';

const WIDTH = 960;
const HEIGHT = 600;
const HEAD = 40;
const COLUMNS = 2;
/** Readable on light and dark pages alike: the picture brings its own ground. */
const GROUND = '#ffffff';
const COLOURS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f', '#17becf'];
const SMALL = { fontSize: 10, color: '#333' };

/** Panels of a dashboard side by side, from recorded data alone, as SVG. The same recording gives the same text. */
export function pictureOf({ title, panels }, recording) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const boxes = panels.map((_, index) => boxOf(index, Math.ceil(panels.length / COLUMNS)));
  const perPanel = panels.map((panel, index) => seriesOf(panel, index, recording));
  chart.setOption({
    animation: false,
    backgroundColor: GROUND,
    color: COLOURS,
    title: [
      { text: `P2P / ${title}`, left: 12, top: 8, textStyle: { fontSize: 15 } },
      ...panels.map((panel, index) => ({
        text: panel.title,
        left: boxes[index].left - 44,
        top: boxes[index].top - 24,
        textStyle: { fontSize: 12 },
      })),
    ],
    grid: boxes,
    legend: panels.map((_, index) => ({
      type: 'plain',
      left: boxes[index].left - 44,
      top: boxes[index].top + boxes[index].height + 20,
      width: boxes[index].width + 44,
      itemWidth: 12,
      itemHeight: 6,
      itemGap: 16,
      textStyle: SMALL,
      data: perPanel[index].map(({ name }) => name),
    })),
    xAxis: panels.map((_, index) => ({
      gridIndex: index,
      type: 'value',
      min: 0,
      max: recording.seconds,
      axisLabel: { ...SMALL, formatter: '{value} s' },
      splitLine: { show: false },
    })),
    yAxis: panels.map(({ unit }, index) => ({
      gridIndex: index,
      type: 'value',
      min: 0,
      splitNumber: 4,
      axisLabel: { ...SMALL, formatter: (value) => shown(value, unit) },
    })),
    series: perPanel.flat(),
  });
  const text = chart.renderToSVGString();
  chart.dispose();
  return `${text}\n`;
}

function boxOf(index, rows) {
  const [column, row] = [index % COLUMNS, Math.floor(index / COLUMNS)];
  const [width, height] = [WIDTH / COLUMNS, (HEIGHT - HEAD) / rows];
  return { left: column * width + 60, top: HEAD + row * height + 34, width: width - 80, height: height - 104 };
}

/** The panel's series that were ever above nothing, and what was done to the peers meanwhile as marks on the first. */
function seriesOf({ queries }, index, { panels, events }) {
  const series = queries.flatMap(({ expression, legend }) =>
    recorded(panels, expression)
      .filter(({ values }) => values.some(([, value]) => value > 0))
      .map(({ metric, values }) => ({
        name: legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ''),
        type: 'line',
        xAxisIndex: index,
        yAxisIndex: index,
        showSymbol: false,
        lineStyle: { width: 1.5 },
        data: values.filter(([time]) => time >= 0),
      })),
  );
  if (series[0] === undefined) throw new Error(`nothing was recorded of ${queries.map(({ expression }) => expression).join(', ')}`);
  series[0].markLine = {
    symbol: 'none',
    silent: true,
    lineStyle: { color: '#e08000', type: 'dashed', width: 1 },
    label: { ...SMALL, fontSize: 9, formatter: ({ name }) => name, position: 'insideEndTop', rotate: 90 },
    data: events.map(({ seconds, what }) => ({ name: index === 0 ? what : '', xAxis: seconds })),
  };
  return series;
}

function recorded(panels, expression) {
  const samples = panels[expression];
  if (samples === undefined) throw new Error(`the recording has nothing of ${expression}: make it anew with --record`);
  return samples;
}

function shown(value, unit) {
  if (unit === 'Bps') return value === 0 ? '0' : `${Number((value / 1e6).toPrecision(3))} MB/s`;
  if (unit === 'percentunit') return `${Math.round(value * 100)} %`;
  if (unit === 's') return `${value} s`;
  return unit === 'cps' ? `${value}/s` : String(value);
}
