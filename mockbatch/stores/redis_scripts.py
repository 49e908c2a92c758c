"""The Lua scripts of `redis`: each runs whole or not at all, and nothing happens meanwhile.

The keys of a world are its fields (`w`), its cells (`c`), for each cell the version that changed
it last (`l`) and its place in the order of creation (`o`), and the last requests (`j`). Then there
are the two keys for the list of worlds, and the keys of locks.
"""

#: The format of worlds; it grows when an older mockbatch could not read them. Those of mockbatch
#: 0.2.0 are of format 1, and do not say so.
FORMAT = 1
#: How the error of a script begins for a world of another format, which follows.
OTHER_FORMAT = "OTHERFORMAT"

#: What COMMIT and REPLACE return for a change that is made, and for a world without room.
DONE, NO_ROOM = 1, -1

_FIELDS = f"""
local w, c, l, o, j = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local format = redis.call('HGET', w, 'format')
if format and format ~= '{FORMAT}' then
  return redis.error_reply('{OTHER_FORMAT} ' .. format)
end
local function set(from, count, version)
  local next = tonumber(redis.call('HGET', w, 'next') or 0)
  for i = from, from + 2 * count - 1, 2 do
    redis.call('HSET', c, ARGV[i], ARGV[i + 1])
    redis.call('ZADD', l, version, ARGV[i])
    next = next + redis.call('ZADD', o, 'NX', next, ARGV[i])
  end
  redis.call('HSET', w, 'next', next)
end
local function unlock(value)
  for i = 8, #KEYS do
    if redis.call('GET', KEYS[i]) == value then redis.call('DEL', KEYS[i]) end
  end
end
local function is_at(id, number)
  local found = redis.call('HMGET', w, 'id', 'version')
  return (found[1] or '0') == id and (found[2] or '0') == number
end
local function may_change()
  local planning = ARGV[5]
  return is_at(ARGV[1], ARGV[2]) and (planning == '' or redis.call('GET', KEYS[9]) == planning)
end
"""

_PULL = """
local now = redis.call('TIME')
local found = redis.call('HMGET', w, 'id', 'version', 'oldest')
if not found[1] then return {now[1], now[2], '0', '0', 1} end
if ARGV[1] == found[1] and ARGV[2] == found[2] then
  return {now[1], now[2], found[1], found[2], 0}
end
local seen, number, oldest = tonumber(ARGV[2]), tonumber(found[2]), tonumber(found[3])
local known = ARGV[1] == found[1] and oldest <= seen and seen <= number
local names = known and redis.call('ZRANGEBYSCORE', l, '(' .. seen, '+inf')
  or redis.call('ZRANGE', o, 0, -1)
local result = {now[1], now[2], found[1], found[2], known and 0 or 1}
for i = 1, #names, 1000 do
  local some = {unpack(names, i, math.min(i + 999, #names))}
  local texts = redis.call('HMGET', c, unpack(some))
  for k = 1, #some do
    if known or texts[k] then
      local place = known and redis.call('ZSCORE', o, some[k]) or 0
      result[#result + 1] = some[k]
      result[#result + 1] = texts[k]
      result[#result + 1] = place
    end
  end
end
return result
"""

#: seen id and number -> the time in seconds and microseconds, id, number, whether all cells
#: follow, and name, text and place of each
PULL = _FIELDS + _PULL

#: as for PULL, a value for the locks, milliseconds -> nil if a lock is taken; otherwise all of them
#: have the value now, and the result is that of PULL
LOCK_AND_PULL = f"""
{_FIELDS}
for i = 8, #KEYS do if redis.call('EXISTS', KEYS[i]) == 1 then return false end end
for i = 8, #KEYS do redis.call('SET', KEYS[i], ARGV[3], 'PX', ARGV[4]) end
{_PULL}"""

#: seen id and number, a token, the value of CHANGE and that of PLANNING, empty without it, how many
#: cells are set and how many removed so far may be remembered; name and text of each set cell, and
#: the names of the removed ones -> 1, or 0 if the version is another one or PLANNING was lost, so
#: that what was planned may be outdated; those locks that have the value of CHANGE are released
COMMIT = f"""
{_FIELDS}
if not may_change() then return 0 end
local version, count = tonumber(ARGV[2]) + 1, tonumber(ARGV[6])
set(8, count, version)
local removed = 0
for i = 8 + 2 * count, #ARGV do
  redis.call('HDEL', c, ARGV[i])
  redis.call('ZADD', l, version, ARGV[i])
  removed = removed + 1
end
redis.call('HSET', w, 'version', version, 'token', ARGV[3])
if removed > 0 and redis.call('HINCRBY', w, 'removed', removed) > tonumber(ARGV[7]) then
  for _, name in ipairs(redis.call('ZRANGE', l, 0, -1)) do
    if redis.call('HEXISTS', c, name) == 0 then
      redis.call('ZREM', l, name)
      redis.call('ZREM', o, name)
    end
  end
  redis.call('HSET', w, 'removed', 0, 'oldest', version)
end
unlock(ARGV[4])
return 1
"""

#: seen id and number, a token, the values of CHANGE and PLANNING, how many cells are set, the new
#: id, the label, the number of requests, the name of the world, and how many worlds there may be;
#: name and text of each cell, and the records -> as for COMMIT, or -1 if there are so many other
#: worlds, without those whose fields the server has dropped
REPLACE = f"""
{_FIELDS}
if not may_change() then return 0 end
local most = tonumber(ARGV[11])
if ARGV[1] == '0' and redis.call('ZCARD', KEYS[6]) >= most then
  local present = 0
  for _, name in ipairs(redis.call('ZRANGE', KEYS[6], 0, -1)) do
    present = present + redis.call('EXISTS', 'mockbatch:{{' .. name .. '}}:w')
  end
  if present >= most then return {NO_ROOM} end
end
redis.call('DEL', w, c, l, o, j)
redis.call('HSET', w, 'id', ARGV[7], 'version', 1, 'label', ARGV[8], 'requests', ARGV[9],
  'removed', 0, 'oldest', 0, 'token', ARGV[3], 'format', {FORMAT})
local count = tonumber(ARGV[6])
set(12, count, 1)
for i = 12 + 2 * count, #ARGV do redis.call('RPUSH', j, ARGV[i]) end
if not redis.call('ZSCORE', KEYS[6], ARGV[10]) then
  redis.call('ZADD', KEYS[6], redis.call('INCR', KEYS[7]), ARGV[10])
end
unlock(ARGV[4])
return 1
"""

#: seen id and number, the token of a change whose reply was lost -> 1 if it was made; 0 if not, and
#: the version is increased, so that the change is refused if it arrives late, unless it creates the
#: world; nil if the world has changed again since then, so that the outcome is unknown
SETTLE = f"""
{_FIELDS}
if redis.call('HGET', w, 'token') == ARGV[3] then return 1 end
if not is_at(ARGV[1], ARGV[2]) then return false end
if ARGV[1] ~= '0' then redis.call('HINCRBY', w, 'version', 1) end
return 0
"""

#: fields and last requests of a world; text, how many are kept
APPEND = """
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[2]), -1)
redis.call('HINCRBY', KEYS[1], 'requests', 1)
"""

#: locks; value -> how many locks had that value, and are released
RELEASE = """
local released = 0
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then released = released + redis.call('DEL', key) end
end
return released
"""

#: lock; value, milliseconds -> whether the lock has that value, and has it for so long again
RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
