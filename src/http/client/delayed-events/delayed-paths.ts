/** There is no stable path yet (MSC4140). */
export const DELAYED_EVENTS = '/_matrix/client/unstable/org.matrix.msc4140/delayed_events';
