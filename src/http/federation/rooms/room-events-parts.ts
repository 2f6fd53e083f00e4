import type { RoomsParts } from '../../../rooms/parts.ts';
import type { LargeAnswers } from './large-answers.ts';

export interface RoomEventsParts {
  readonly rooms: RoomsParts;
  readonly large: LargeAnswers;
}
