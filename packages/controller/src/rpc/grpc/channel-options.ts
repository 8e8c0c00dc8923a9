/** How our connections are set up, on both of their ends. */
import type { ChannelOptions } from '@grpc/grpc-js'

/**
 * A connection whose ping is not answered in time is dead. A process that ends is noticed at once, by what its machine says; this is
 * for black holes, and is longer than a busy process may stand still: calls that are cut off may or may not have been carried out.
 */
const PING_EVERY_MS = 500
const PING_TIMEOUT_MS = 2_000

/** The largest message: Raft's (1 MiB, or one entry) and the metadata's (as much as the asker takes, or one batch). */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** What may be under way on a stream before the other side has taken it in; Node's own 64 KiB stall bulk at any distance. */
const WINDOW_BYTES = 1024 * 1024

const SHARED: ChannelOptions = {
  'grpc.keepalive_time_ms': PING_EVERY_MS,
  'grpc.keepalive_timeout_ms': PING_TIMEOUT_MS,
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  'grpc-node.flow_control_window': WINDOW_BYTES,
}

export const SERVER_OPTIONS: ChannelOptions = { ...SHARED, 'grpc.max_concurrent_streams': 1_000 }

export const CLIENT_OPTIONS: ChannelOptions = {
  ...SHARED,
  'grpc.keepalive_permit_without_calls': 1,
  // Addresses are told, not looked up in a proxy's; calls are repeated by those who know whether they may be.
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // A connection of its own: it must not inherit the waiting time of one that failed.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
}

/** An IPv6 address needs brackets before a port. */
export function targetOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
