import type { UserId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { MemberProfile } from './member-content.ts';

export type Preset = 'private_chat' | 'trusted_private_chat' | 'public_chat';

export interface Invitee {
  readonly userId: UserId;
  readonly profile: MemberProfile;
}

/** What `POST /createRoom` asks for, checked by its schema. */
export interface RoomPlan {
  readonly creator: UserId;
  readonly creatorProfile: MemberProfile;
  readonly version: string;
  readonly preset: Preset;
  readonly visibility: 'public' | 'private';
  readonly aliasLocalpart?: string | undefined;
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  readonly invite: readonly Invitee[];
  readonly isDirect: boolean;
  readonly creationContent: JsonObject;
  readonly initialState: readonly { readonly type: string; readonly stateKey: string; readonly content: JsonObject }[];
  readonly powerLevelOverride: JsonObject;
}
