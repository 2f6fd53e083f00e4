/** What the data folder says of where its database is, once that was moved. It wins over the settings. */
export type Place =
  | { readonly kind: 'postgres'; readonly url: string; readonly moveId: string; readonly isConfirmed: boolean }
  | { readonly kind: 'sqlite'; readonly moveId: string };

/** The mark in the data folder: writing it is the moment of a move. */
export interface PlaceMark {
  read(): Place | undefined;
  /** Durable when it returns; undefined takes the mark away. */
  write(place: Place | undefined): void;
}
