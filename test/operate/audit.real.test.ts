import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { describeAudit } from './audit.ts';

describeAudit('the real Label Studio', sharedLabelStudio);
