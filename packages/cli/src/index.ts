export { runCli } from './main.ts';
export {
  defineTrainingConfig,
  type TrainingConfig,
  type TrainingConfigInput,
} from './training/training-config.ts';
