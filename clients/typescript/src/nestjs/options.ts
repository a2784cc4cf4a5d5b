import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { OttoscalerOptions } from '../client.js';
import type { ConsumeOptions } from '../consumer.js';

export interface OttoscalerModuleOptions extends OttoscalerOptions {
  /** With a group, one replica handles each outcome, and again if the handler throws. Without: each replica, once. */
  consume?: Omit<ConsumeOptions, 'filter'>;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<OttoscalerModuleOptions>()
    .setClassMethodName('forRoot')
    // One client for the whole application: one reader of the status stream in the process.
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();
