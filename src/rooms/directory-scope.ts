/** The room directory of this server, of a bridged network (by its name there), or all of them together. */
export type DirectoryScope = 'own' | 'all' | { readonly network: string };
