/**
 * A room of so many users on so many servers, for a board: `huge-peer.ts USERS SERVERS`, in the network of the board, since the
 * names of the servers are addresses of loopback. Prints the room and a server to join through, and ends with its input.
 */
import { once } from 'node:events';
import { HugeFederation } from '../bigroom/huge-federation.ts';

const [users = 0, servers = 0] = process.argv.slice(2).map(Number);
await using federation = await HugeFederation.open(servers);
const room = federation.room(users, servers);
console.log(JSON.stringify({ room: room.id, server: federation.resident }));
process.stdin.resume();
await once(process.stdin, 'end');
