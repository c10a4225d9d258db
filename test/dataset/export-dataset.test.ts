import { describeExportedDataset } from './exported-dataset.ts';

describeExportedDataset('SQLite and a folder', async () => ({}));
