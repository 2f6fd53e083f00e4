/** Fulfilled by `main/`. */
export interface AppserviceTransport {
  /** Resolves with any answer; rejects when there is none. */
  send(request: OutgoingRequest, signal: AbortSignal): Promise<AppserviceAnswer>;
}

export interface OutgoingRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: string;
  /** Goes into the `Authorization` header. */
  readonly token: string;
  /** JSON. */
  readonly body?: string;
}

export interface AppserviceAnswer {
  readonly status: number;
  /** Text, at most 1 MiB of it. */
  readonly body: string;
}
