/** Where what stands in front asks each process whether it takes requests: 200, or 503 when it is about to end. */
export const HEALTH_PATH = '/_copse/health';
/** The same, where Synapse has it and probes made for it ask. */
export const SYNAPSE_HEALTH_PATH = '/health';
