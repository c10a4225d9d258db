import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { describeReportedLoop } from './reported-loop.ts';

describeReportedLoop('the real Label Studio', sharedLabelStudio);
