import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Ottoscaler } from '../client.js';
import { WorkerHandlers } from './handlers.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, type OttoscalerModuleOptions } from './options.js';

/** Injects the client. The class itself works as well, where types of parameters are emitted. */
export const InjectOttoscaler = (): PropertyDecorator & ParameterDecorator => Inject(Ottoscaler);

@Module({
  imports: [DiscoveryModule],
  providers: [
    {
      provide: Ottoscaler,
      useFactory: (options: OttoscalerModuleOptions) => new Ottoscaler(options),
      inject: [MODULE_OPTIONS_TOKEN],
    },
    WorkerHandlers,
  ],
  exports: [Ottoscaler],
})
export class OttoscalerModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(@Inject(Ottoscaler) private readonly client: Ottoscaler) {
    super();
  }

  onApplicationShutdown(): Promise<void> {
    return this.client.close();
  }
}
