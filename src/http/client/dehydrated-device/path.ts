/** Where MSC3814 is served while it is not part of the specification. */
export const DEHYDRATED_DEVICE = '/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device';
