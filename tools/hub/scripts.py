"""What the hub does within Redis: each script is one atomic step, whoever dies before or after it.

Keys begin with the hub's prefix. Of every message:

    text:<id>                  the message as JSON
    letter:<id>                hash: recipient, urgency, arrived, conversation, answers, status, at, attempts, due,
                               held, reason, entry (its id in the stream)
    box:<agent>:<urgency>      stream of the messages that are ready, read by the consumer group `crew`; an entry is
                               acknowledged and deleted when its message is settled
    out:<agent>:<urgency>      sorted set by the time they are due again: those that were handed out
    expiring:<agent>           sorted set by expiry
    size:<agent>               messages that are not settled
    conversation:<name>, replies:<id>   sorted sets by arrival
    settled                    sorted set by time, for retention;  dead: list of ids;  refused: list of receipts
"""

_SHARED = """
local P, now = KEYS[1], ARGV[1]
local at = tonumber(now)
local function letter(id, ...) return redis.call('HMGET', P .. 'letter:' .. id, ...) end
local function settle(id, status, reason)
  local l = letter(id, 'recipient', 'urgency', 'entry')
  local box = ':' .. l[1] .. ':' .. l[2]
  if l[3] and l[3] ~= '' then
    redis.call('XACK', P .. 'box' .. box, 'crew', l[3])
    redis.call('XDEL', P .. 'box' .. box, l[3])
  end
  redis.call('ZREM', P .. 'out' .. box, id)
  redis.call('ZREM', P .. 'expiring:' .. l[1], id)
  redis.call('DECR', P .. 'size:' .. l[1])
  redis.call('HSET', P .. 'letter:' .. id, 'status', status, 'at', now, 'held', '0', 'reason', reason)
  redis.call('ZADD', P .. 'settled', now, id)
  if status ~= 'acknowledged' then redis.call('RPUSH', P .. 'dead', id) end
end
local function ready(id, recipient, urgency)
  local entry = redis.call('XADD', P .. 'box:' .. recipient .. ':' .. urgency, '*', 'id', id)
  redis.call('HSET', P .. 'letter:' .. id, 'entry', entry)
end
local function expire(recipient)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'expiring:' .. recipient, '-inf', now)) do
    local l = letter(id, 'status', 'due')
    if l[1] ~= 'delivered' or tonumber(l[2]) <= at then settle(id, 'expired', 'expired') end
  end
end
"""

SEND = (
    _SHARED
    + """
local id, text, recipient, urgency, expires, held = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local conversation, answers, most, valid, reason = ARGV[8], ARGV[9], tonumber(ARGV[10]), ARGV[11], ARGV[12]
local known = redis.call('GET', P .. 'text:' .. id)
if known then return {'known', known} end
expire(recipient)
local size = tonumber(redis.call('GET', P .. 'size:' .. recipient) or '0')
if size >= most then return {'full', tostring(size)} end
if expires ~= '' and tonumber(expires) <= at then return {'late', ''} end
local arrived = redis.call('INCR', P .. 'arrived')
redis.call('SET', P .. 'text:' .. id, text)
redis.call('HSET', P .. 'letter:' .. id, 'recipient', recipient, 'urgency', urgency, 'arrived', arrived,
  'conversation', conversation, 'answers', answers, 'status', 'accepted', 'at', now, 'attempts', '0', 'due', '0',
  'held', held, 'reason', '', 'entry', '')
redis.call('ZADD', P .. 'conversation:' .. conversation, arrived, id)
if answers ~= '' then redis.call('ZADD', P .. 'replies:' .. answers, arrived, id) end
redis.call('INCR', P .. 'size:' .. recipient)
if expires ~= '' then redis.call('ZADD', P .. 'expiring:' .. recipient, expires, id) end
if held == '0' then ready(id, recipient, urgency) end
if valid ~= '' then
  local about = letter(answers, 'held', 'status', 'recipient', 'urgency')
  if about[1] == '1' and about[2] == 'accepted' then
    if valid == 'true' then
      redis.call('HSET', P .. 'letter:' .. answers, 'held', '0', 'at', now)
      ready(answers, about[3], about[4])
    else settle(answers, 'dead', reason) end
  end
end
return {'accepted', ''}
"""
)
"""Keep a message. Answers how that went, and the text of the message that has its id, or the size of the mailbox."""

RECEIVE = (
    _SHARED
    + """
local recipient, most, due, deliveries, consumer = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6]
local found = {}
local function hand(id, out)
  redis.call('HINCRBY', P .. 'letter:' .. id, 'attempts', 1)
  redis.call('HSET', P .. 'letter:' .. id, 'status', 'delivered', 'at', now, 'due', due)
  redis.call('ZADD', out, due, id)
  found[#found + 1] = redis.call('GET', P .. 'text:' .. id)
end
expire(recipient)
for urgency = 3, 0, -1 do
  local out = P .. 'out:' .. recipient .. ':' .. urgency
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', out, '-inf', now)) do
    local l = letter(id, 'attempts', 'reason')
    if tonumber(l[1]) >= deliveries then settle(id, 'dead', l[2] ~= '' and l[2] or 'never acknowledged') end
  end
end
for urgency = 3, 0, -1 do
  local box, out = P .. 'box:' .. recipient .. ':' .. urgency, P .. 'out:' .. recipient .. ':' .. urgency
  if #found < most then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', out, '-inf', now, 'LIMIT', 0, most - #found)) do
      redis.call('XCLAIM', box, 'crew', consumer, 0, letter(id, 'entry')[1], 'JUSTID')
      hand(id, out)
    end
  end
  if #found < most then
    local read = redis.call('XREADGROUP', 'GROUP', 'crew', consumer, 'COUNT', most - #found, 'STREAMS', box, '>')
    if read then
      for _, entry in ipairs(read[1][2]) do hand(entry[2][2], out) end
    end
  end
end
return found
"""
)
"""Hand out messages, those that are due again before new ones of the same urgency. Answers their texts."""

ACKNOWLEDGE = (
    _SHARED
    + """
local l = letter(ARGV[3], 'recipient', 'status')
if l[1] ~= ARGV[2] or l[2] ~= 'delivered' then return 0 end
settle(ARGV[3], ARGV[4], ARGV[5])
return 1
"""
)
"""Settle a message that was handed out, with a status and a reason."""

FAIL = (
    _SHARED
    + """
local recipient, id, reason, deliveries = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local l = letter(id, 'recipient', 'status', 'attempts', 'urgency')
if l[1] ~= recipient or l[2] ~= 'delivered' then return 0 end
local attempts = tonumber(l[3])
if attempts >= deliveries then settle(id, 'dead', reason) return 1 end
local due = ARGV[5 + attempts]
redis.call('HSET', P .. 'letter:' .. id, 'due', due, 'at', now, 'reason', reason)
redis.call('ZADD', P .. 'out:' .. recipient .. ':' .. l[4], due, id)
return 1
"""
)
"""Let a message come again at the time that belongs to its attempts, or give it up."""

TRIM = (
    _SHARED
    + """
local ids = redis.call('ZRANGEBYSCORE', P .. 'settled', '-inf', ARGV[2], 'LIMIT', 0, 1000)
for _, id in ipairs(ids) do
  local l = letter(id, 'conversation', 'answers')
  redis.call('ZREM', P .. 'conversation:' .. l[1], id)
  if l[2] ~= '' then redis.call('ZREM', P .. 'replies:' .. l[2], id) end
  redis.call('LREM', P .. 'dead', 0, id)
  redis.call('DEL', P .. 'text:' .. id, P .. 'letter:' .. id)
  redis.call('ZREM', P .. 'settled', id)
end
return #ids
"""
)
"""Forget at most a thousand messages that were settled before a time."""
