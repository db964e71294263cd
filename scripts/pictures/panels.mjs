import { DASHBOARDS, departuresOf } from '../../test/seeing/dashboards.ts';

/** The panels that the README shows, four to a picture, as they are in Grafana. */
export const PICTURES = [
  {
    file: 'downloads',
    title: 'Downloads',
    panels: ['Received by pod', 'Served by pod', 'Segments in flight', 'Redistributed segments'].map((title) =>
      panelOf('p2p-downloads', title),
    ),
  },
  {
    file: 'why-slow',
    title: 'Why is it slow?',
    panels: ['What bounds it, over time', 'Mean time in each phase', 'CPU by pod', 'Sent by source'].map((title) =>
      panelOf('p2p-why-slow', title),
    ),
  },
];

/** Where Grafana marks that a peer departed. */
export const DEPARTURES = departuresOf(DASHBOARDS[0]);

function panelOf(uid, title) {
  const { panels } = DASHBOARDS.find((dashboard) => dashboard.uid === uid);
  const { targets, fieldConfig } = panels.find((panel) => panel.title === title);
  return {
    title,
    unit: fieldConfig.defaults.unit,
    queries: targets.map(({ expr, legendFormat }) => ({ expression: expr, legend: legendFormat })),
  };
}
