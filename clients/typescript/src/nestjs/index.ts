export { InjectOttoscaler, OttoscalerModule } from './module.js';
export { OnWorker, type OnWorkerOptions } from './on-worker.js';
export type { OttoscalerModuleOptions } from './options.js';
