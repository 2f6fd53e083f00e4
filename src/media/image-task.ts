/** What the image process is asked, and what it answers. Both cross a process boundary: plain values only. */
export type ThumbnailMethod = 'crop' | 'scale';

/** A box that a thumbnail is made for, in pixels. Width and height of 0 mean: as large as the image is. */
export interface ThumbnailBox {
  readonly width: number;
  readonly height: number;
  readonly method: ThumbnailMethod;
}

export interface ImageTask extends ThumbnailBox {
  /** Path of the image on this machine. */
  readonly file: string;
  /** Whether a moving thumbnail is wanted where the image moves. */
  readonly animated: boolean;
  /** Images (all frames of an animation together) with more pixels are not decoded. */
  readonly maxPixels: number;
}

/** The types that are decoded; nothing else ever reaches a decoder. */
export const DECODED_TYPES = ['image/jpeg', 'image/png', 'image/apng', 'image/gif', 'image/webp'] as const;
export type DecodedType = (typeof DECODED_TYPES)[number];

export type ImageOutcome =
  | {
      readonly outcome: 'thumbnail';
      readonly type: DecodedType;
      readonly bytes: Uint8Array;
      readonly width: number;
      readonly height: number;
    }
  /** The image is no larger than the box: it is its own thumbnail. `type` is what its first bytes say. */
  | { readonly outcome: 'original'; readonly type: DecodedType; readonly width: number; readonly height: number }
  /** None of the decoded types. */
  | { readonly outcome: 'unsupported' }
  /** More pixels, or more memory, than the server spends on a thumbnail. */
  | { readonly outcome: 'too_large' }
  /** The image cannot be decoded, or not in time. */
  | { readonly outcome: 'broken'; readonly reason: string };
