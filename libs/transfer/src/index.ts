export * from './commands.js';
export * from './events.js';
export * from './report.js';
export * from './settings.js';
export * from './source.js';
