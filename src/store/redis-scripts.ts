/** Scripts are atomic: what each reads cannot change before it writes. */

/** KEYS events, index · ARGV expected length, event, changed at (ms), run → length after, or -(length + 1) on conflict */
export const APPEND = `
local length = redis.call('XLEN', KEYS[1])
if length ~= tonumber(ARGV[1]) then return -(length + 1) end
redis.call('XADD', KEYS[1], (length + 1) .. '-0', 'event', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
return length + 1`;

/** KEYS index · ARGV prefix, older than (ms), limit → runs removed, with their events and blobs */
export const PRUNE = `
local runs = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
for _, run in ipairs(runs) do
  local blobs = ARGV[1] .. ':blobs:' .. run
  for _, key in ipairs(redis.call('SMEMBERS', blobs)) do redis.call('UNLINK', ARGV[1] .. ':blob:' .. key) end
  redis.call('UNLINK', blobs, ARGV[1] .. ':run:' .. run)
  redis.call('ZREM', KEYS[1], run)
end
return #runs`;

/** KEYS index · ARGV prefix, run → 1 when there was one; its events and blobs go with it */
export const REMOVE = `
local blobs = ARGV[1] .. ':blobs:' .. ARGV[2]
for _, key in ipairs(redis.call('SMEMBERS', blobs)) do redis.call('UNLINK', ARGV[1] .. ':blob:' .. key) end
redis.call('UNLINK', blobs, ARGV[1] .. ':run:' .. ARGV[2])
return redis.call('ZREM', KEYS[1], ARGV[2])`;

/** KEYS takes · ARGV limit, window (ms) → 0 when taken, else ms to wait. The server's clock, so all processes agree. */
export const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if redis.call('ZCARD', KEYS[1]) < limit then
  redis.call('ZADD', KEYS[1], now, time[1] .. '.' .. time[2] .. '.' .. redis.call('ZCARD', KEYS[1]))
  redis.call('PEXPIRE', KEYS[1], window)
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #oldest == 0 then return window end
return math.max(1, oldest[2] + window - now)`;
