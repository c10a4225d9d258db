/**
 * Writes all or nothing: first every check (is the value of this key still the one that was read?), then every command.
 * KEYS: the keys, referred to by their number. ARGV: the count of checks; a check is key, '-' (none) or '=' and the value;
 * a command is name, key, count of arguments, arguments. ADD adds doubles to a dense block of doubles:
 * length of the block and offset, both in bytes, then the addends. THIN keeps the last member with a score in [from, to).
 * TAKE takes from a number in a hash, and the field away when nothing is left. SWAP replaces the value of a field of a hash
 * where it is still the first of two.
 * @returns 0, or the number of the first check that fails
 */
export const APPLY_SCRIPT = `
local checks = tonumber(ARGV[1])
local i = 2
for number = 1, checks do
  local found = redis.call('GET', KEYS[tonumber(ARGV[i])])
  local wanted = ARGV[i + 1]
  if found == false then
    if wanted ~= '-' then return number end
  elseif wanted ~= '=' .. found then
    return number
  end
  i = i + 2
end
local function add(key, length, offset, first, last)
  if redis.call('STRLEN', key) < length then redis.call('SETRANGE', key, length - 1, '\\0') end
  local bytes = redis.call('GETRANGE', key, offset, offset + 8 * (last - first + 1) - 1)
  local sums = {}
  for n = first, last do
    local at = n - first
    sums[at + 1] = struct.pack('<d', struct.unpack('<d', bytes, at * 8 + 1) + tonumber(ARGV[n]))
  end
  redis.call('SETRANGE', key, offset, table.concat(sums))
end
local function thin(key, from, to)
  local last = redis.call('ZREVRANGEBYSCORE', key, '(' .. to, from, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if last then redis.call('ZREMRANGEBYSCORE', key, from, '(' .. last) end
end
local function take(key, field, count)
  if redis.call('HINCRBY', key, field, -count) == 0 then redis.call('HDEL', key, field) end
end
while i <= #ARGV do
  local name, key, count = ARGV[i], KEYS[tonumber(ARGV[i + 1])], tonumber(ARGV[i + 2])
  local first, last = i + 3, i + 2 + count
  if name == 'ADD' then
    add(key, tonumber(ARGV[first]), tonumber(ARGV[first + 1]), first + 2, last)
  elseif name == 'THIN' then
    thin(key, ARGV[first], ARGV[last])
  elseif name == 'TAKE' then
    take(key, ARGV[first], tonumber(ARGV[last]))
  elseif name == 'SWAP' then
    if redis.call('HGET', key, ARGV[first]) == ARGV[first + 1] then
      redis.call('HSET', key, ARGV[first], ARGV[last])
    end
  else
    redis.call(name, key, unpack(ARGV, first, last))
  end
  i = last + 1
end
return 0
`;
